//! `new`: crates that build, run and pass the suite as they are.

use std::{fs, path::Path, process::Command};

use super::{printed, run, text};

#[test]
fn a_new_crate_has_a_complete_lock_file() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["table", "connector"] {
        let path = folder.path().join(kind).to_str().unwrap().to_owned();
        printed(&run(&["new", &path, "--kind", kind]));
        let metadata = Command::new(env!("CARGO"))
            .args(["metadata", "--offline", "--locked", "--format-version", "1"])
            .current_dir(&path)
            .output()
            .unwrap();
        assert!(metadata.status.success(), "{}", text(&metadata.stderr));
        let lock = |root: &Path| fs::read_to_string(root.join("Cargo.lock")).unwrap();
        let tested = lock(&super::root());
        let own = lock(Path::new(&path));
        for package in own.split("[[package]]").skip(1).filter(|text| text.contains("source = ")) {
            let version = package.split("dependencies").next().unwrap().trim();
            assert!(tested.contains(version), "this workspace was not tested with{package}");
        }
    }
}

#[test]
fn a_wrong_command_line_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let elsewhere = folder.path().to_str().unwrap().to_owned();
    for arguments in [
        &["new", &path("match")] as &[&str],
        &["new", &path("Shop")],
        &["new", &path("shop"), "--kind", "graph"],
        &["new", &path("shop"), "--sdk-path", &elsewhere],
        &["new", &path("shop"), "--sdk-rev", "abc"],
        &["new", &path("shop"), "--sdk-git", "https://x/y", "--sdk-version", "1.0.0"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
