//! Lifetime and environment of processes.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use athena_client::Invoke as _;
use athena_lambda_host::{FunctionOptions, HostedFunction};
use bytes::Bytes;
use futures::future::join_all;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::json;

use super::{assert_ends, call, failure, hosted, number, options, process_of, runs};

#[tokio::test]
async fn one_process_runs_sequential_invocations() {
    let function = hosted(options());
    let mut processes = BTreeSet::new();
    for _ in 0..10 {
        processes.insert(process_of(&function).await);
    }
    assert_eq!(processes.len(), 1);
    let starts = function.cold_starts();
    assert_eq!(
        starts.iter().map(|start| start.process).collect::<Vec<_>>(),
        Vec::from_iter(processes)
    );
    assert!(starts[0].init > Duration::ZERO && starts[0].init < starts[0].first_answer);
}

#[tokio::test]
async fn invocations_run_concurrently_up_to_the_limit_and_further_ones_wait() {
    let function = hosted(options());
    // The first round starts the processes, so that the second measures invocations only.
    let sleep = |seconds: f64| json!({ "do": "sleep", "seconds": seconds });
    join_all((0..4).map(|_| call(&function, sleep(1.0)))).await;
    let began = Instant::now();
    let answers = join_all((0..8).map(|_| call(&function, sleep(0.5)))).await;
    let elapsed = began.elapsed();
    let processes: BTreeSet<_> = answers.iter().map(|answer| number(&answer["process"])).collect();
    assert_eq!(processes.len(), 4);
    assert_eq!(function.cold_starts().len(), 4);
    assert!((Duration::from_secs(1)..Duration::from_secs(3)).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn dropping_a_function_kills_busy_and_idle_processes_and_their_children() {
    let function = Arc::new(hosted(options()));
    let answers =
        join_all((0..2).map(|_| call(&*function, json!({ "do": "spawn", "then": "answer" }))))
            .await;
    let children: BTreeSet<_> = answers.iter().map(|answer| number(&answer["child"])).collect();
    let busy = {
        let function = Arc::clone(&function);
        tokio::spawn(async move {
            let event = Bytes::from(json!({ "do": "sleep", "seconds": 60 }).to_string());
            let _ = function.invoke(event).await;
        })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    let processes: Vec<_> =
        function.cold_starts().iter().map(|start| start.process).chain(children).collect();
    assert!(processes.len() >= 3 && processes.iter().all(|&process| runs(process)));
    busy.abort();
    let _ = busy.await;
    drop(function);
    for process in processes {
        assert_ends(process).await;
    }
}

#[tokio::test]
async fn a_grandchild_is_killed_when_its_parent_exits() {
    let function = hosted(FunctionOptions { timeout: Duration::from_secs(2), ..options() });
    let error = failure(&function, json!({ "do": "spawn", "then": "exit" })).await;
    let message = error.error_message.unwrap();
    let (_, child) = message.rsplit_once("child ").unwrap();
    assert_ends(child.trim().parse().unwrap()).await;
}

#[tokio::test]
async fn a_grandchild_is_killed_at_the_timeout() {
    let function = hosted(FunctionOptions { timeout: Duration::from_secs(1), ..options() });
    let child = number(&call(&function, json!({ "do": "spawn", "then": "answer" })).await["child"]);
    assert!(runs(child));
    failure(&function, json!({ "do": "sleep", "seconds": 30 })).await;
    assert_ends(child).await;
}

#[tokio::test]
async fn a_function_receives_its_deadline_arn_and_environment() {
    let mut options = FunctionOptions { memory_mb: 256, ..options() };
    options.env.extend([
        ("SHOP".to_owned(), "corner".to_owned()),
        ("AWS_REGION".to_owned(), "eu-west-1".to_owned()),
    ]);
    let function = hosted(options);
    let context = call(&function, json!({ "do": "context" })).await;
    let remaining = context["remaining"].as_f64().unwrap();
    assert!((25_000.0..=30_000.0).contains(&remaining), "{remaining}");
    assert_eq!(context["arn"], "arn:aws:lambda:eu-west-1:000000000000:function:shop");
    assert!(context["trace"].as_str().unwrap().starts_with("Root=1-"));
    let variable = |name: &str| context["environment"][name].as_str();
    assert_eq!(variable("AWS_LAMBDA_FUNCTION_NAME"), Some("shop"));
    assert_eq!(variable("AWS_LAMBDA_FUNCTION_VERSION"), Some("$LATEST"));
    assert_eq!(variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), Some("256"));
    assert_eq!(variable("AWS_REGION"), Some("eu-west-1"));
    assert_eq!(variable("SHOP"), Some("corner"));
    assert_eq!(variable("AWS_ACCESS_KEY_ID"), Some("local"));
    assert!(
        variable("PATH").is_some()
            && variable("LAMBDA_TASK_ROOT").is_some()
            && variable("_HANDLER").is_some()
    );
}

#[tokio::test]
async fn a_shell_script_can_be_a_function() {
    let script = r#"
        api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
        while headers=$(curl -sS -D - -o /dev/null "$api/invocation/next"); do
            id=$(printf %s "$headers" | tr -d '\r' | sed -n 's/^lambda-runtime-aws-request-id: //ip')
            curl -sS -o /dev/null -d '"from a shell"' "$api/invocation/$id/response"
        done"#;
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: curl is not installed");
        return;
    }
    let function = HostedFunction::new("sh", ["-c", script], options());
    for _ in 0..2 {
        assert_eq!(call(&function, json!({})).await, json!("from a shell"));
    }
}

#[tokio::test]
async fn only_the_process_of_a_function_may_use_its_runtime_api() {
    let function = hosted(FunctionOptions { concurrency: 1, ..options() });
    let context = call(&function, json!({ "do": "context" })).await;
    let variable = |name: &str| context["environment"][name].as_str().unwrap().to_owned();
    let (address, secret) =
        (variable("AWS_LAMBDA_RUNTIME_API"), variable("ATHENA_LOCAL_RUNTIME_API"));
    if !std::path::Path::new("/proc/self/net/tcp").exists() {
        eprintln!("skipped: this system has no table of connections");
        return;
    }
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let request = |method: &str, url: String| {
        client.request(Request::builder().method(method).uri(url).body(Full::default()).unwrap())
    };
    let next = format!("http://{address}/2018-06-01/runtime/invocation/next");
    let refused = request("GET", next.clone()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let refused = request("GET", next.replace("/2018", "/guess/2018")).await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let failed = format!("http://{address}/2018-06-01/runtime/init/error");
    assert_eq!(request("POST", failed).await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(call(&function, json!({ "n": 1 })).await, json!({ "n": 1 }), "it runs undisturbed");
    // The secret path identifies a function that is not a descendant.
    let unknown = request("GET", format!("http://{secret}/2018-06-01/unknown")).await.unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_descendant_in_another_process_group_may_use_the_runtime_api() {
    let script = "import os, sys, subprocess; \
                  sys.exit(subprocess.call([sys.executable, '-m', 'tests.functions.behavior'], \
                  start_new_session=True))";
    let function = HostedFunction::new("python3", ["-c", script], options());
    let process = process_of(&function).await;
    assert_ne!(function.cold_starts()[0].process, process);
    drop(function);
    // A process that left its group outlives the function.
    let _ = nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(process),
        nix::sys::signal::Signal::SIGKILL,
    );
}
