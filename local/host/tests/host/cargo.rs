//! Builds of packages.

use std::{fs, path::Path, process::Command};

use athena_lambda_host::build_all;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Writes a package without dependencies, with programs that each print a text.
fn package(folder: &Path, name: &str, more: &str, programs: &[(&str, &str)]) {
    let manifest =
        format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n{more}");
    write(&folder.join("Cargo.toml"), &manifest);
    for (path, text) in programs {
        write(&folder.join(path), &format!("fn main() {{ println!(\"{text}\"); }}"));
    }
}

fn output(program: &Path) -> String {
    String::from_utf8(Command::new(program).output().unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn packages_of_several_workspaces_are_built_in_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    write(
        &workspace.join("Cargo.toml"),
        "[workspace]\nmembers = [\"shop\", \"bank\"]\nresolver = \"2\"\n",
    );
    package(&workspace.join("shop"), "shop", "", &[("src/main.rs", "shop")]);
    let programs = [("src/bin/bootstrap.rs", "bank"), ("src/bin/tool.rs", "tool")];
    package(&workspace.join("bank"), "bank", "", &programs);
    let single = folder.path().join("single");
    package(
        &single,
        "single",
        "default-run = \"b\"\n[workspace]\n",
        &[("src/bin/a.rs", "a"), ("src/bin/b.rs", "b")],
    );

    let paths = [single, workspace.join("bank"), workspace.join("shop")];
    let executables = build_all(&paths).unwrap();
    assert_eq!(
        executables.iter().map(|program| output(program)).collect::<Vec<_>>(),
        ["b", "bank", "shop"]
    );
}

#[test]
fn an_error_names_the_package_that_cannot_be_built() {
    let folder = tempfile::tempdir().unwrap();
    let error = |folder: &Path| format!("{:#}", build_all(&[folder.to_owned()]).unwrap_err());

    assert!(error(&folder.path().join("nothing")).contains("there is no Cargo.toml"));

    let library = folder.path().join("library");
    package(&library, "library", "[workspace]\n", &[("src/lib.rs", "")]);
    assert!(error(&library).contains("\"library\" has no program"));

    let several = folder.path().join("several");
    package(&several, "several", "[workspace]\n", &[("src/bin/a.rs", ""), ("src/bin/b.rs", "")]);
    assert!(error(&several).contains("several programs (a, b)"));

    let broken = folder.path().join("broken");
    package(&broken, "broken", "[workspace]\n", &[]);
    write(&broken.join("src/main.rs"), "fn main() { nothing() }");
    assert!(error(&broken).contains("cannot build broken"));
}
