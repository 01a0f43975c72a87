//! Lock files of new crates: the versions that this workspace was tested with.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use toml_edit::{DocumentMut, Item, Table};

use super::{CrateName, SDK, SdkSource};

/// Packages of a lock file that one of its packages depends on, with that package.
pub(super) struct Packages {
    document: DocumentMut,
    root: String,
}

/// Version of a package: equal names have different ones.
type Id = (String, String);

impl Packages {
    /// Selects the packages that `root` of `lock` depends on.
    pub(super) fn reachable(lock: &str, root: &str) -> anyhow::Result<Self> {
        let mut document = lock.parse::<DocumentMut>().context("the lock file is not TOML")?;
        let packages = document["package"].as_array_of_tables_mut();
        let packages = packages.context("the lock file has no packages")?;
        let mut versions = BTreeMap::<String, Vec<String>>::new();
        let mut dependencies = BTreeMap::<Id, Vec<String>>::new();
        for package in packages.iter() {
            let (name, version) = id(package);
            let edges = package.get("dependencies").and_then(Item::as_array);
            let edges = edges.into_iter().flatten().filter_map(|edge| edge.as_str());
            // Crates of this workspace without a source; some are only there for its tests.
            if package.contains_key("source") || name == root || SDK.contains(&name.as_str()) {
                versions.entry(name.clone()).or_default().push(version.clone());
            }
            dependencies.insert((name, version), edges.map(str::to_owned).collect());
        }
        let mut found = BTreeSet::<Id>::new();
        let mut pending = vec![root.to_owned()];
        while let Some(edge) = pending.pop() {
            // "NAME", or "NAME VERSION" if there are several versions.
            let mut words = edge.split(' ');
            let name = words.next().unwrap_or_default();
            let version = words.next();
            for candidate in versions.get(name).into_iter().flatten() {
                let package = (name.to_owned(), candidate.clone());
                if version.is_none_or(|version| version == candidate)
                    && found.insert(package.clone())
                {
                    pending.extend(dependencies[&package].iter().cloned());
                }
            }
        }
        packages.retain(|package| found.contains(&id(package)));
        Ok(Self { document, root: root.to_owned() })
    }

    /// Returns whether a package with this name is selected.
    pub(super) fn contain(&self, name: &str) -> bool {
        self.tables().any(|package| id(package).0 == name)
    }

    /// Returns the lock file of the package `name`, which depends on what `root` depends on.
    ///
    /// Packages from another place than here, which cargo adds, are left out.
    pub(super) fn into_lock(mut self, name: &CrateName, sdk: &SdkSource) -> String {
        let by_path = matches!(sdk, SdkSource::Path(_));
        let packages = self.document["package"].as_array_of_tables_mut();
        if let Some(packages) = packages {
            packages.retain(|package| {
                by_path || package.contains_key("source") || id(package).0 == self.root
            });
            for package in packages.iter_mut().filter(|package| id(package).0 == self.root) {
                package["name"] = toml_edit::value(name.as_str());
            }
        }
        self.document.to_string()
    }

    fn tables(&self) -> impl Iterator<Item = &Table> {
        self.document["package"].as_array_of_tables().into_iter().flatten()
    }
}

fn id(package: &Table) -> Id {
    let text = |key| package.get(key).and_then(Item::as_str).unwrap_or_default().to_owned();
    (text("name"), text("version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"version = 4

[[package]]
name = "arrow"
version = "1.0.0"
source = "registry"

[[package]]
name = "arrow"
version = "2.0.0"
source = "registry"

[[package]]
name = "athena-engine"
version = "0.1.0"
dependencies = ["arrow 1.0.0"]

[[package]]
name = "example"
version = "0.1.0"
dependencies = ["athena-connector-sdk"]

[[package]]
name = "athena-connector-sdk"
version = "0.1.0"
dependencies = ["arrow 2.0.0", "athena-engine"]
"#;

    #[test]
    fn a_lock_has_what_the_crate_depends_on_and_no_other_version() {
        let name: CrateName = "shop".parse().unwrap();
        let packages = Packages::reachable(LOCK, "example").unwrap();
        assert!(packages.contain("athena-connector-sdk") && !packages.contain("athena-engine"));
        let lock = packages.into_lock(&name, &SdkSource::Path("/sdk".into()));
        let names: Vec<_> = lock.lines().filter(|line| line.starts_with("name")).collect();
        assert_eq!(
            names,
            [r#"name = "arrow""#, r#"name = "shop""#, r#"name = "athena-connector-sdk""#]
        );
        assert!(lock.contains("2.0.0") && !lock.contains("1.0.0"), "{lock}");
    }

    #[test]
    fn packages_of_the_checkout_are_not_locked_for_another_source() {
        let packages = Packages::reachable(LOCK, "example").unwrap();
        let sdk = SdkSource::Version("0.1.0".into());
        let lock = packages.into_lock(&"shop".parse().unwrap(), &sdk);
        assert!(
            !lock.contains(r#"name = "athena-connector-sdk""#) && lock.contains(r#"name = "shop""#),
            "{lock}"
        );
    }
}
