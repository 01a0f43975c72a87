//! Functions that exit, hang or fail, without effect on the next invocation.

use std::time::{Duration, Instant};

use athena_client::Invoke as _;
use athena_lambda_host::{FunctionOptions, HostedFunction};
use bytes::Bytes;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;

use super::{assert_ends, call, failure, host_error, hosted, options, process_of, starting};

#[tokio::test]
async fn an_invocation_past_its_timeout_is_killed_and_the_next_gets_a_new_process() {
    let function = hosted(FunctionOptions { timeout: Duration::from_secs(1), ..options() });
    let process = process_of(&function).await;
    let began = Instant::now();
    let error = failure(&function, json!({ "do": "sleep", "seconds": 30 })).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(error.error_type.as_deref(), Some("Sandbox.Timedout"));
    assert!(error.error_message.unwrap().ends_with("Task timed out after 1.00 seconds"));
    assert_ends(process).await;
    assert_ne!(process_of(&function).await, process);
}

#[tokio::test]
async fn the_error_of_an_exited_process_has_its_status_and_last_output() {
    let function = hosted(options());
    let error = failure(&function, json!({ "do": "exit", "status": 3 })).await;
    assert_eq!(error.error_type.as_deref(), Some("Runtime.ExitError"));
    let message = error.error_message.unwrap();
    assert!(
        message.contains("exit status 3") && message.contains("the pump is broken"),
        "{message}"
    );
    process_of(&function).await;
}

#[tokio::test]
async fn a_process_killed_from_outside_fails_its_invocation_only() {
    let function = hosted(FunctionOptions { concurrency: 1, ..options() });
    let process = process_of(&function).await;
    let killer = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        kill(Pid::from_raw(process), Signal::SIGKILL).unwrap();
    };
    let (error, ()) =
        tokio::join!(failure(&function, json!({ "do": "sleep", "seconds": 30 })), killer);
    assert_eq!(error.error_type.as_deref(), Some("Runtime.ExitError"));
    assert!(error.error_message.unwrap().contains("signal: killed"));

    // An idle process that is killed fails no invocation.
    let idle = process_of(&function).await;
    assert_ne!(idle, process);
    kill(Pid::from_raw(idle), Signal::SIGKILL).unwrap();
    assert_ends(idle).await;
    assert_ne!(process_of(&function).await, idle);
}

#[tokio::test]
async fn a_response_counts_even_if_the_process_exits_with_it() {
    let function = hosted(options());
    let first = call(&function, json!({ "do": "answer and exit" })).await;
    assert_eq!(first, json!("last words"));
    process_of(&function).await;
}

#[tokio::test]
async fn an_error_of_the_function_is_returned_unchanged_and_its_process_is_reused() {
    let function = hosted(options());
    let process = process_of(&function).await;
    let error = failure(&function, json!({ "do": "fail" })).await;
    assert_eq!(error.error_type.as_deref(), Some("com.example.ShopException"));
    assert_eq!(error.error_message.as_deref(), Some("the shop is closed"));
    assert_eq!(error.stack_trace, [["a.b(C.java:1)"]]);
    assert_eq!(process_of(&function).await, process);
}

#[tokio::test]
async fn an_initialization_error_is_returned() {
    let error = failure(&starting("error", options()), json!({})).await;
    assert_eq!(error.error_type.as_deref(), Some("Runtime.BadFunctionCode"));
    assert_eq!(error.error_message.as_deref(), Some("no such handler: shop"));
}

#[tokio::test]
async fn an_exit_during_initialization_is_distinguished_from_a_later_one() {
    let error = failure(&starting("exit", options()), json!({})).await;
    assert_eq!(error.error_type.as_deref(), Some("Runtime.ExitError"));
    let message = error.error_message.unwrap();
    assert!(message.contains("exit status 7 before it requested an invocation"), "{message}");
    assert!(message.contains("the configuration is missing"), "{message}");
}

#[tokio::test]
async fn an_initialization_past_its_timeout_is_killed() {
    let function =
        starting("hang", FunctionOptions { init_timeout: Duration::from_millis(300), ..options() });
    let error = failure(&function, json!({})).await;
    assert_eq!(error.error_type.as_deref(), Some("Sandbox.Timedout"));
    assert!(error.error_message.unwrap().contains("within 0.30 seconds of its start"));
}

#[tokio::test]
async fn the_error_of_a_missing_program_names_it() {
    let function = HostedFunction::new("./no-such-bootstrap", [""; 0], options());
    let error = host_error(&function, json!({})).await;
    assert!(error.contains("shop") && error.contains("./no-such-bootstrap"), "{error}");
}

#[tokio::test]
async fn a_process_that_exceeds_the_memory_limit_is_killed() {
    for place in ["here", "child"] {
        let function = hosted(FunctionOptions { memory_mb: 128, ..options() });
        let process = process_of(&function).await;
        let error = failure(&function, json!({ "do": "hog", "where": place })).await;
        assert_eq!(error.error_type.as_deref(), Some("Runtime.OutOfMemory"), "{place}: {error:?}");
        assert!(error.error_message.unwrap().contains("of the 128 MB"));
        assert_ends(process).await;
    }
}

#[tokio::test]
async fn invalid_requests_to_the_runtime_api_are_rejected_like_in_aws() {
    let function = hosted(options());
    let statuses = call(&function, json!({ "do": "break the rules" })).await;
    assert_eq!(statuses, json!([400, 403, 403, 404]));
    // A second response to the same invocation.
    assert_eq!(call(&function, json!({ "do": "refused" })).await, json!([403]));
    assert_eq!(function.cold_starts().len(), 1);
}

#[tokio::test]
async fn the_process_of_an_abandoned_invocation_is_reused() {
    let function = hosted(FunctionOptions { concurrency: 1, ..options() });
    let process = process_of(&function).await;
    let event = Bytes::from(json!({ "do": "sleep", "seconds": 0.5 }).to_string());
    let gave_up = tokio::time::timeout(Duration::from_millis(100), function.invoke(event)).await;
    assert!(gave_up.is_err());
    assert_eq!(process_of(&function).await, process);
}
