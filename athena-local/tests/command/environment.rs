//! Variables that functions get: `--env`, and none of the shell that begin with `AWS_`.

use std::{
    io::Write as _,
    process::{Output, Stdio},
};

use serde_json::Value;

use super::{command, failed, printed, text};

const FUNCTION: &str = "exec:python3 -m tests.functions.behavior";

/// Invokes the function with `event`, from a shell that has credentials and a token.
fn invoke(event: &str, more: &[&str]) -> Output {
    let mut command = command(&[&["invoke", FUNCTION], more].concat());
    command.env("AWS_ACCESS_KEY_ID", "AKIASHELL").env("AWS_PROFILE", "shell");
    command.env("SHOP_TOKEN", "from-shell").env_remove("SHOP_URL");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // An invalid command line is rejected before the input is read.
    let _ = child.stdin.take().unwrap().write_all(event.as_bytes());
    child.wait_with_output().unwrap()
}

fn environment(more: &[&str]) -> Value {
    let output = invoke(r#"{"do": "context"}"#, more);
    serde_json::from_str::<Value>(printed(&output)).unwrap()["environment"].take()
}

#[test]
fn a_function_gets_the_variables_of_env_and_no_credentials_of_the_shell() {
    let without = environment(&[]);
    assert_eq!(without["AWS_PROFILE"], Value::Null);
    assert!(without["AWS_ACCESS_KEY_ID"] != "AKIASHELL");

    let with = environment(&[
        "--env",
        "SHOP_URL=http://127.0.0.1:1/?a=b",
        "--env",
        "AWS_PROFILE",
        "--env",
        "AWS_ACCESS_KEY_ID=AKIAOWN",
    ]);
    assert_eq!(with["SHOP_URL"], "http://127.0.0.1:1/?a=b");
    assert_eq!(with["AWS_PROFILE"], "shell");
    // An account of its own overrides the keys of the S3 stand-in.
    assert_eq!(with["AWS_ACCESS_KEY_ID"], "AKIAOWN");
    assert!(with["spill_bucket"].is_string());
}

#[test]
fn a_catalog_of_env_selects_the_function() {
    for (variable, expected) in [
        ("absent:SHOP_URL=hunter2", "catalog absent, which does not exist"),
        ("remote:SHOP_URL=hunter2", "not hosted here"),
    ] {
        let output = command(&["query", "SELECT 1", "--env", variable])
            .args(["--connector", &format!("mine={FUNCTION}")])
            .args(["--connector", "remote=http://127.0.0.1:1"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let error = text(&output.stderr);
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
    }
    let output = invoke("{}", &["--env", "mine:SHOP_URL=hunter2"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_failure_for_lack_of_credentials_names_env() {
    let event = r#"{"do": "deny"}"#;
    let hint = "pass them with --env";
    let output = invoke(event, &[]);
    assert!(failed(&output).contains(hint), "{output:?}");
    let output = invoke(event, &["--env", "AWS_ACCESS_KEY_ID"]);
    assert!(!failed(&output).contains(hint), "{output:?}");
}
