//! Hosted functions, the Invoke endpoint and the S3 stand-in.
//!
//! The functions are Python scripts, to show that any program that uses the Runtime API works.

mod cargo;
mod endpoint;
mod failures;
mod processes;
mod sizes;
mod store;

use std::time::Duration;

use athena_client::{Invoke, InvokeError};
use athena_lambda_host::{FunctionOptions, HostedFunction};
use athena_protocol::error::FunctionError;
use bytes::Bytes;
use serde_json::Value;

/// Arguments of `python3` that run `tests/functions/behavior.py`.
const BEHAVIOR: [&str; 2] = ["-m", "tests.functions.behavior"];
/// Root of the checkout, which has the Python package `tests`.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn options() -> FunctionOptions {
    FunctionOptions {
        name: "shop".to_owned(),
        timeout: Duration::from_secs(30),
        concurrency: 4,
        show_output: false,
        env: vec![("PYTHONPATH".to_owned(), ROOT.to_owned())],
        ..FunctionOptions::default()
    }
}

/// Returns the function whose event selects its behavior.
fn hosted(options: FunctionOptions) -> HostedFunction {
    HostedFunction::new("python3", BEHAVIOR, options)
}

/// Returns the same function with another behavior of its initialization.
fn starting(behavior: &str, options: FunctionOptions) -> HostedFunction {
    HostedFunction::new("python3", [BEHAVIOR[0], BEHAVIOR[1], behavior], options)
}

/// Returns the response to `event`.
async fn call(function: &dyn Invoke, event: Value) -> Value {
    let answer = function.invoke(Bytes::from(event.to_string())).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

/// Returns the id of the process that runs an invocation.
async fn process_of(function: &dyn Invoke) -> i32 {
    number(&call(function, serde_json::json!({ "do": "process" })).await["process"])
}

fn number(value: &Value) -> i32 {
    i32::try_from(value.as_i64().unwrap()).unwrap()
}

/// Returns the error document of an invocation with `event`.
async fn failure(function: &dyn Invoke, event: Value) -> FunctionError {
    match function.invoke(Bytes::from(event.to_string())).await {
        Err(InvokeError::Function(error)) => error,
        other => panic!("expected an error of the function, got {other:?}"),
    }
}

/// Returns the host's error for an invocation with `event`.
async fn host_error(function: &dyn Invoke, event: Value) -> String {
    match function.invoke(Bytes::from(event.to_string())).await {
        Err(InvokeError::Host(message)) => message,
        other => panic!("expected an error of the host, got {other:?}"),
    }
}

/// Returns whether a process runs. A zombie does not.
fn runs(process: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

/// Waits until a process has exited.
async fn assert_ends(process: i32) {
    for _ in 0..200 {
        if !runs(process) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("process {process} still runs");
}
