//! New crates for connectors: the files that `new` writes.
//!
//! Each kind copies a crate of this workspace, which is built and tested with the workspace. The
//! sources are copied as they are, except for the name; the manifest says itself what it inherits
//! from the workspace here; the lock file has the versions of the workspace.

mod cargo_lock;
mod deploy;
mod manifest;
mod name;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::ValueEnum;

pub(crate) use manifest::SdkSource;
pub(crate) use name::CrateName;

/// Manifest of this workspace.
const WORKSPACE: &str = include_str!("../../../Cargo.toml");

/// Lock file of this workspace.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// Crates of this workspace that a connector depends on.
const SDK: [&str; 7] = [
    "athena-connector-sdk",
    "athena-connector-http",
    "athena-protocol",
    "athena-client",
    "athena-spill",
    "athena-aws",
    "crc-fast",
];

/// Kind of connector to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Kind {
    /// One table: a definition and a scan
    #[default]
    Table,
    /// All operations, with partitions and splits: CSV objects in S3
    Connector,
    /// Tables of an API that returns JSON, by a declaration
    Http,
}

/// Crate of this workspace that new ones are copies of.
struct Template {
    manifest: &'static str,
    /// Paths relative to the crate, and contents.
    sources: &'static [(&'static str, &'static str)],
}

macro_rules! template {
    ($folder:literal: $($source:literal),+) => {
        Template {
            manifest: include_str!(concat!("../../../", $folder, "/Cargo.toml")),
            sources: &[$(($source, include_str!(concat!("../../../", $folder, "/", $source)))),+],
        }
    };
}

const TABLE: Template = template!("athena-local/templates/table": "src/lib.rs", "src/main.rs");

const CONNECTOR: Template = template!(
    "connectors/example":
    "src/lib.rs", "src/main.rs", "src/csv.rs", "src/day.rs", "src/list_page.rs", "src/objects.rs",
    "src/visits.rs"
);

const HTTP: Template = template!(
    "athena-local/templates/http":
    "src/lib.rs", "src/main.rs", "http.json", "samples/orders.json"
);

/// Files that are the same for all kinds, but for the name.
const COMMON: [(&str, &str); 6] = [
    ("README.md", include_str!("../../templates/common/README.md")),
    ("ci", include_str!("../../templates/common/ci")),
    (".gitignore", "/target\n"),
    ("rustfmt.toml", include_str!("../../../rustfmt.toml")),
    (".cargo/config.toml", include_str!("../../../.cargo/config.toml")),
    ("deploy/consumer.yaml", include_str!("../../../deploy/consumer.yaml")),
];

impl Kind {
    fn template(self) -> &'static Template {
        match self {
            Self::Table => &TABLE,
            Self::Connector => &CONNECTOR,
            Self::Http => &HTTP,
        }
    }
}

/// Returns the files of a new crate: paths relative to its folder, and contents.
///
/// # Errors
///
/// If the manifests of this workspace have a form that cannot be copied.
pub(crate) fn files(
    name: &CrateName,
    kind: Kind,
    sdk: &SdkSource,
) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let template = kind.template();
    let packages = cargo_lock::Packages::reachable(LOCK, manifest::name(template.manifest)?)?;
    let mut files = vec![
        (
            "Cargo.toml".into(),
            manifest::standalone(name, template.manifest, WORKSPACE, sdk, &packages)?,
        ),
        ("Cargo.lock".into(), packages.into_lock(name, sdk)),
        ("deploy/connector.yaml".into(), deploy::template(name)),
    ];
    let original = manifest::name(template.manifest)?.replace('-', "_");
    for (path, text) in template.sources.iter().chain(&COMMON) {
        let text = text.replace(&original, &name.identifier()).replace("{{name}}", name.as_str());
        files.push((path.into(), text.replace("{{catalog}}", &name.identifier())));
    }
    Ok(files)
}

/// Writes `files` to the new folder `folder`: all of them, or nothing.
///
/// # Errors
///
/// If the folder exists and is not empty, or cannot be written.
pub(crate) fn write(folder: &Path, files: &[(PathBuf, String)]) -> anyhow::Result<()> {
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} exists and is not empty; choose another name", folder.display());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new()
        .prefix(".athena-local-new-")
        .tempdir_in(parent)
        .with_context(|| format!("cannot create a folder in {}", parent.display()))?;
    let crate_folder = draft.path().join("crate");
    for (path, text) in files {
        let file = crate_folder.join(path);
        let within = file.parent().expect("a file is in a folder");
        fs::create_dir_all(within)
            .and_then(|()| fs::write(&file, text))
            .with_context(|| format!("cannot write {}", file.display()))?;
        if text.starts_with("#!") {
            make_executable(&file).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    fs::rename(&crate_folder, folder).with_context(|| format!("cannot create {}", folder.display()))
}

fn make_executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generate(kind: Kind, sdk: &SdkSource) -> Vec<(PathBuf, String)> {
        files(&"web-shop".parse().unwrap(), kind, sdk).unwrap()
    }

    #[test]
    fn no_file_refers_to_this_workspace_or_the_template() {
        let sdk = SdkSource::Version("0.1.0".to_owned());
        for kind in Kind::value_variants() {
            for (path, text) in generate(*kind, &sdk) {
                for trace in [
                    "workspace = true",
                    "{{",
                    "athena_template",
                    "athena_connector_example",
                    "connectors/",
                ] {
                    assert!(!text.contains(trace), "{} contains {trace:?}", path.display());
                }
            }
        }
    }

    #[test]
    fn a_template_has_all_sources_of_its_crate() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (folder, template) in [
            ("athena-local/templates/table", TABLE),
            ("athena-local/templates/http", HTTP),
            ("connectors/example", CONNECTOR),
        ] {
            let mut found = Vec::new();
            for entry in fs::read_dir(root.join(folder).join("src")).unwrap() {
                found.push(format!("src/{}", entry.unwrap().file_name().to_str().unwrap()));
            }
            found.sort();
            let listed = template.sources.iter().map(|(path, _)| *path);
            let mut listed: Vec<_> = listed.filter(|path| path.starts_with("src/")).collect();
            listed.sort_unstable();
            assert_eq!(found, listed);
        }
    }

    #[test]
    fn a_folder_with_files_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes"), "mine").unwrap();
        let error = write(folder.path(), &[("Cargo.toml".into(), String::new())]).unwrap_err();
        assert!(error.to_string().ends_with("exists and is not empty; choose another name"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
