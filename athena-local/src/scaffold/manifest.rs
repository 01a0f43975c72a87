//! Manifests of new crates: what a member inherits from its workspace, written out.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::Context as _;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use super::{CrateName, SDK, cargo_lock::Packages};

/// Place that a new crate takes the SDK from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SdkSource {
    /// Checkout of this repository.
    Path(PathBuf),
    /// Repository, and a revision of it.
    Git {
        /// Address for `git clone`.
        url: String,
        /// Commit; the latest of the default branch if there is none.
        revision: Option<String>,
    },
    /// Published version.
    Version(String),
}

/// Returns the name of the package that `manifest` describes.
pub(super) fn name(manifest: &str) -> anyhow::Result<&str> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("name = \""));
    line.and_then(|line| line.strip_suffix('"')).context("the manifest has no name")
}

/// Returns the manifest of the crate `name`, with the dependencies of the member `member`.
///
/// The profiles and patches are those of the workspace, as far as they concern `packages`.
pub(super) fn standalone(
    name: &CrateName,
    member: &str,
    workspace: &str,
    sdk: &SdkSource,
    packages: &Packages,
) -> anyhow::Result<String> {
    let member = parse(member)?;
    let workspace = parse(workspace)?;
    let shared = table(workspace.get("workspace"))?;
    let package = table(shared.get("package"))?;
    let mut text = format!(
        "# Profiles and patches count only in the manifest of a workspace: move them there if this\n\
         # crate becomes a member of one.\n\
         [workspace]\n\n\
         [package]\n\
         name = \"{name}\"\n\
         description = \"Amazon Athena connector\"\n\
         version = \"0.1.0\"\n\
         edition = {}\n\
         rust-version = {}\n\
         publish = false\n",
        value(package.get("edition"))?,
        value(package.get("rust-version"))?,
    );
    for section in ["dependencies", "dev-dependencies"] {
        let Some(dependencies) = member.get(section).and_then(Item::as_table) else { continue };
        writeln!(text, "\n[{section}]")?;
        for (dependency, own) in dependencies {
            let inherited = table(shared.get("dependencies"))?.get(dependency);
            let inherited = inherited.with_context(|| format!("{dependency} is not inherited"))?;
            let resolved = resolve(own, inherited, sdk)
                .with_context(|| format!("{dependency} cannot be copied"))?;
            writeln!(text, "{dependency} = {resolved}")?;
        }
    }
    let lints = table(shared.get("lints"))?;
    for (tool, rules) in lints {
        writeln!(text, "\n[lints.{tool}]\n{}", table(Some(rules))?.to_string().trim_end())?;
    }
    if let Some(patch) = patch(sdk)? {
        writeln!(
            text,
            "\n# Makes the deployment package smaller; see the crate.\n\
             [patch.crates-io]\ncrc-fast = {patch}"
        )?;
    }
    text.push_str(&profiles(workspace.clone(), packages)?);
    Ok(text)
}

/// Merges what a member says of a dependency with what the workspace says.
fn resolve(own: &Item, inherited: &Item, sdk: &SdkSource) -> anyhow::Result<InlineTable> {
    let mut merged = InlineTable::new();
    let inherited = inherited.as_value().context("it is a table of several lines")?;
    match inherited {
        Value::InlineTable(table) if table.contains_key("path") => {
            merged = source(table, sdk)?;
            copy(table, "default-features", &mut merged);
        }
        Value::InlineTable(table) => {
            copy(table, "version", &mut merged);
            copy(table, "default-features", &mut merged);
        }
        version => _ = merged.insert("version", version.clone()),
    }
    let mut features = Array::new();
    let own = own.as_value().and_then(Value::as_inline_table);
    for table in [inherited.as_inline_table(), own].into_iter().flatten() {
        for feature in table.get("features").and_then(Value::as_array).into_iter().flatten() {
            let feature = feature.as_str().context("a feature is no text")?;
            if !features.iter().any(|other| other.as_str() == Some(feature)) {
                features.push(feature);
            }
        }
    }
    if !features.is_empty() {
        merged.insert("features", features.into());
    }
    merged.fmt();
    Ok(merged)
}

/// Returns where `sdk` has the crate that is `table` in this workspace.
fn source(table: &InlineTable, sdk: &SdkSource) -> anyhow::Result<InlineTable> {
    let mut merged = InlineTable::new();
    match sdk {
        SdkSource::Path(root) => {
            let path = table.get("path").and_then(Value::as_str).context("its path is no text")?;
            merged.insert("path", text(&root.join(path))?.into());
        }
        SdkSource::Git { url, revision } => {
            merged.insert("git", url.as_str().into());
            if let Some(revision) = revision {
                merged.insert("rev", revision.as_str().into());
            }
        }
        SdkSource::Version(version) => _ = merged.insert("version", version.as_str().into()),
    }
    Ok(merged)
}

/// Returns the crate `patches/crc-fast` of a checkout or repository.
fn patch(sdk: &SdkSource) -> anyhow::Result<Option<InlineTable>> {
    let mut here = InlineTable::new();
    here.insert("path", "patches/crc-fast".into());
    let patch = match sdk {
        SdkSource::Version(_) => None,
        SdkSource::Path(_) | SdkSource::Git { .. } => Some(source(&here, sdk)?),
    };
    Ok(patch.map(|mut patch| {
        patch.fmt();
        patch
    }))
}

/// Returns the profiles of `workspace` without the packages that are not among `packages`.
fn profiles(mut workspace: DocumentMut, packages: &Packages) -> anyhow::Result<String> {
    workspace.retain(|section, _| section == "profile");
    let profiles = workspace.get_mut("profile").and_then(Item::as_table_mut);
    for (name, profile) in profiles.context("the workspace has no profiles")?.iter_mut() {
        let optimized = profile.get_mut("package").and_then(Item::as_table_mut);
        let Some(optimized) = optimized else { continue };
        optimized.retain(|package, _| package == "*" || packages.contain(package));
        if name.get() == "aws" {
            // Members of the workspace here, and so not among its "*".
            for member in SDK.iter().filter(|member| packages.contain(member)) {
                let mut speed = InlineTable::new();
                speed.insert("opt-level", 3.into());
                speed.fmt();
                optimized.insert(member, speed.into());
            }
        }
    }
    Ok(workspace.to_string())
}

fn parse(manifest: &str) -> anyhow::Result<DocumentMut> {
    manifest.parse().context("the manifest is not TOML")
}

fn table(item: Option<&Item>) -> anyhow::Result<&Table> {
    item.and_then(Item::as_table).context("the manifest of the workspace lacks a table")
}

fn value(item: Option<&Item>) -> anyhow::Result<String> {
    let value = item.and_then(Item::as_value).context("the workspace lacks a value")?;
    Ok(value.to_string().trim().to_owned())
}

fn copy(from: &InlineTable, key: &str, to: &mut InlineTable) {
    if let Some(value) = from.get(key) {
        to.insert(key, value.clone());
    }
}

fn text(path: &std::path::Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("the path {} is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaffold::{CONNECTOR, LOCK, WORKSPACE};

    fn generate(sdk: &SdkSource) -> DocumentMut {
        let packages = Packages::reachable(LOCK, name(CONNECTOR.manifest).unwrap()).unwrap();
        let shop = "shop".parse().unwrap();
        let text = standalone(&shop, CONNECTOR.manifest, WORKSPACE, sdk, &packages).unwrap();
        parse(&text).unwrap()
    }

    #[test]
    fn a_dependency_has_the_version_of_the_workspace_and_the_features_of_both() {
        let manifest = generate(&SdkSource::Path("/sdk".into()));
        let sdk = &manifest["dependencies"]["athena-connector-sdk"];
        assert_eq!(sdk["path"].as_str(), Some("/sdk/connector-sdk"));
        let s3 = &manifest["dependencies"]["aws-sdk-s3"];
        assert!(s3["features"].as_array().unwrap().len() > 2, "{s3}");
        assert!(s3["version"].is_str() && s3["default-features"].as_bool() == Some(false), "{s3}");
    }

    #[test]
    fn the_sdk_comes_from_where_it_is_said_to_be() {
        let git = SdkSource::Git { url: "https://x/y".into(), revision: Some("abc".into()) };
        let manifest = generate(&git);
        let sdk = &manifest["dependencies"]["athena-connector-sdk"];
        assert_eq!((sdk["git"].as_str(), sdk["rev"].as_str()), (Some("https://x/y"), Some("abc")));
        assert_eq!(manifest["patch"]["crates-io"]["crc-fast"]["git"].as_str(), Some("https://x/y"));
        let manifest = generate(&SdkSource::Version("0.1.0".into()));
        let sdk = &manifest["dependencies"]["athena-connector-sdk"];
        assert_eq!(sdk["version"].as_str(), Some("0.1.0"));
        assert!(manifest.get("patch").is_none());
    }

    #[test]
    fn crates_of_the_sdk_are_optimized_for_speed_as_they_are_here() {
        let manifest = generate(&SdkSource::Path("/sdk".into()));
        let optimized = &manifest["profile"]["aws"]["package"];
        for name in SDK.iter().filter(|name| **name != "athena-connector-http") {
            assert_eq!(optimized[*name]["opt-level"].as_integer(), Some(3), "{name}");
        }
        assert_eq!(optimized["*"]["opt-level"].as_str(), Some("z"));
    }

    #[test]
    fn profiles_name_no_package_that_the_crate_lacks() {
        let manifest = generate(&SdkSource::Path("/sdk".into()));
        let packages = Packages::reachable(LOCK, "athena-connector-example").unwrap();
        for profile in ["dev", "aws"] {
            for (package, _) in manifest["profile"][profile]["package"].as_table().unwrap() {
                assert!(package == "*" || packages.contain(package), "{package}");
            }
        }
    }
}
