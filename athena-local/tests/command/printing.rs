//! Output: standard output, files, pipes and closed pipes.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::symlink,
    process::{Command, Stdio},
    thread,
};

use athena_tests::golden::Golden;
use serde_json::Value;

use super::{command, failed, printed, run, text};

#[test]
fn a_closed_pipe_is_not_an_error() {
    for arguments in [
        ["decode", "tests/golden/v6/variant/GetSplitsRequest-many.json"],
        ["query", "SELECT 1 AS a"],
    ] {
        let mut child =
            command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn the_error_document_of_a_function_is_decoded() {
    let output = run(&["decode", "tests/golden/errors/v4-meta-gettable.error.json"]);
    let error: Value = serde_json::from_str(printed(&output)).unwrap();
    assert!(error["errorType"].as_str().unwrap().contains("Exception"), "{error}");
    let output = run(&["decode", "Cargo.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is not a message"));
}

#[test]
fn a_spilled_object_is_decoded_with_its_key_and_rejected_without() {
    let golden = Golden::open().unwrap();
    let case = golden.cases.iter().find(|case| case.id == "spill.aes256").unwrap();
    let key = &case.members["expect"]["encryptionKey"];
    let object = &case.members["objects"][0];
    let file = |name: &Value| format!("tests/golden/{}", name.as_str().unwrap());
    let rows = &object["rows"];
    let object = file(&object["file"]);
    let schema = file(&case.members["file"]);
    let arguments = ["decode", &object, "--schema", &schema];
    let keys = ["--key", key["key"].as_str().unwrap(), "--nonce", key["nonce"].as_str().unwrap()];
    let output = run(&[&arguments[..], &keys[..]].concat());
    let decoded: Value = serde_json::from_str(printed(&output)).unwrap();
    assert_eq!(&decoded["rows"], rows);
    let without = run(&arguments);
    assert_eq!(without.status.code(), Some(1));
    assert!(without.stdout.is_empty());
}

/// Runs the shell with `input` from a pipe and returns its exit status, rows and messages.
fn shell(input: &str) -> (Option<i32>, String, String) {
    let mut shell = command(&["shell", "--format", "csv"]);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), text(&output.stdout).to_owned(), text(&output.stderr).to_owned())
}

#[test]
fn a_shell_runs_all_queries_of_a_pipe_and_fails_if_one_failed() {
    let (status, rows, stderr) =
        shell("SELECT 1 /* a; b */ AS a;\nSELECT 2 /* don't */ AS b;\nSELECT 3 AS c");
    assert_eq!(status, Some(0), "{stderr}");
    assert_eq!(rows, "\"a\"\n\"1\"\n\"b\"\n\"2\"\n\"c\"\n\"3\"\n");
    let (status, rows, stderr) = shell("SELECT nope;\nSELECT 1 AS a;\n-- the end\n");
    assert_eq!(status, Some(1), "{stderr}");
    assert_eq!(rows, "\"a\"\n\"1\"\n");
    assert!(stderr.contains("nope") && stderr.contains("1 query failed"), "{stderr}");
}

#[test]
fn an_output_file_that_is_a_link_or_a_pipe_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let query = |output: &str| {
        let output = path(output).to_str().unwrap().to_owned();
        printed(&run(&["query", "SELECT 1 AS a", "--format", "csv", "--output", &output]))
            .to_owned()
    };
    fs::write(path("target"), "what was there before").unwrap();
    symlink(path("target"), path("link")).unwrap();
    assert_eq!(query("link"), "");
    assert!(path("link").is_symlink());
    assert_eq!(fs::read_to_string(path("target")).unwrap(), "\"a\"\n\"1\"\n");

    assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    let pipe = path("pipe");
    let reader = thread::spawn(move || {
        let mut rows = String::new();
        fs::File::open(pipe).unwrap().read_to_string(&mut rows).unwrap();
        rows
    });
    query("pipe");
    assert_eq!(reader.join().unwrap(), "\"a\"\n\"1\"\n");
    assert!(!path("pipe").is_file());
}

#[test]
fn a_folder_as_output_is_refused_before_the_query_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    // The query would fail.
    let output = run(&["query", "SELECT nope", "--output", path]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains(path) && error.contains("folder") && !error.contains("nope"), "{error}");
}

#[test]
fn duplicate_column_names_are_rejected_before_any_row_is_printed() {
    let output = run(&[
        "query",
        "SELECT a.n, b.n FROM (SELECT 1 AS n) a, (SELECT 2 AS n) b",
        "--format",
        "json",
    ]);
    assert!(failed(&output).contains("two columns of the result are named \"n\""));
}
