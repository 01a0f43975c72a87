//! `invoke` sends a request unchanged, and the example connector responds in its serde version.

use std::{collections::BTreeMap, fs};

use athena_client::{Invoke as _, InvokeError};
use athena_lambda_host::{FunctionOptions, HostedFunction, LocalS3, build_all};
use athena_protocol::{ErrorKind, Request, Response, message::PingResponse};
use athena_tests::golden::Golden;
use bytes::Bytes;

use super::{failed, printed, root, run};

const EXAMPLE: &str = "cargo:connectors/example";

fn recorded(file: &str) -> String {
    fs::read_to_string(root().join("tests/golden/exchange").join(file)).unwrap()
}

#[test]
fn a_recorded_request_of_any_version_gets_a_response_in_that_version() {
    for version in 2..=6 {
        // The same request, for a table of this connector.
        let request = recorded(&format!("v{version}-gettable.request.json"));
        let request = request.replace("\"sales\"", "\"web\"").replace("\"orders\"", "\"visits\"");
        let (_, understood) = Request::decode(request.as_bytes()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), request).unwrap();
        let output = run(&["invoke", EXAMPLE, file.path().to_str().unwrap()]);
        let answer = printed(&output);
        let response = Response::decode(answer.as_bytes()).unwrap();
        assert!(
            matches!(&response, Response::GetTable(table) if table.schema.field_with_name("month").is_ok())
        );
        let written = response.encode(understood).unwrap();
        assert_eq!(answer.as_bytes(), &written[..], "version {version}");
    }
}

#[test]
fn ping_gets_a_response_and_an_invalid_request_is_rejected() {
    for version in [2, 6] {
        let file = format!("tests/golden/exchange/v{version}-ping.request.json");
        let output = run(&["invoke", EXAMPLE, &file]);
        let Response::Ping(PingResponse { source_type, serde_version, .. }) =
            Response::decode(printed(&output).as_bytes()).unwrap()
        else {
            panic!("{output:?}");
        };
        assert_eq!((source_type.as_deref(), serde_version), (Some("example"), 6));
    }
    let output = run(&["invoke", EXAMPLE, "README.md"]);
    assert!(failed(&output).contains("JSON"), "{output:?}");
}

/// Sends all recorded requests, valid and malformed, to one process.
#[tokio::test(flavor = "multi_thread")]
async fn one_process_responds_to_all_recorded_requests_and_keeps_running() {
    let package = root().join("connectors/example");
    let executable = tokio::task::spawn_blocking(move || build_all(&[package]))
        .await
        .unwrap()
        .unwrap()
        .remove(0);
    let s3 = LocalS3::start(None).await.unwrap();
    let options = FunctionOptions {
        name: "example".to_owned(),
        concurrency: 1,
        env: s3.env(),
        show_output: false,
        ..FunctionOptions::default()
    };
    let function = HostedFunction::new(executable, [""; 0], options);
    let golden = Golden::open().unwrap();
    let mut outcomes = BTreeMap::<String, usize>::new();
    for case in golden
        .cases
        .iter()
        .filter(|case| ["request", "exchange", "malformed"].contains(&case.kind.as_str()))
    {
        let member = if case.kind == "exchange" { "request" } else { "file" };
        let file = case.members[member].as_str().unwrap();
        let request = Bytes::from(golden.file(file).unwrap());
        // The Invoke endpoint would reject a request that is not JSON.
        let outcome = match function.invoke(request).await {
            Ok(answer) => {
                Response::decode(&answer).unwrap();
                "an answer".to_owned()
            }
            Err(InvokeError::Function(error)) => {
                // The error has a code of a client error and a message.
                let message = error.error_message.unwrap_or_default();
                let (code, words) = message.split_once(": ").unwrap_or_default();
                let kind = ErrorKind::from_wire_code(code)
                    .unwrap_or_else(|| panic!("{}: {message:?}", case.id));
                assert!(kind != ErrorKind::Internal && words.len() > 10, "{}: {message}", case.id);
                code.to_owned()
            }
            Err(InvokeError::Host(message)) => panic!("{}: {message}", case.id),
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!("{outcomes:#?}");
    assert_eq!(function.cold_starts().len(), 1, "the process keeps running");
    assert!(outcomes["an answer"] > 50);
}

/// Function whose rows depend on nothing.
const TPCH: &str = "cargo:connectors/tpch";

/// Returns the log of a query whose function captures all requests.
fn captured_log() -> String {
    let output = run(&[
        "query",
        "SELECT n_name FROM tpch.sf1.nation WHERE n_regionkey = 2 AND n_nationkey > 8",
        "--connector",
        &format!("tpch={TPCH}"),
        "--env",
        "athena_connector_capture=all",
        "--max-inline",
        "0",
    ]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_captured_read_is_replayed_with_its_rows_and_another_request_with_its_response() {
    let log = captured_log();
    let file = tempfile::NamedTempFile::new().unwrap();
    let replay = || run(&["invoke", TPCH, file.path().to_str().unwrap(), "--replay"]);
    fs::write(file.path(), &log).unwrap();
    let output = replay();
    let rows = printed(&output);
    assert!(rows.contains("| JAPAN ") && rows.contains("(4 rows)"), "{rows}");
    let layout = log.lines().find(|line| line.contains("GetTableLayoutRequest")).unwrap();
    fs::write(file.path(), format!("2026-11-30T12:00:00Z {layout}\n")).unwrap();
    let output = replay();
    let response = Response::decode(printed(&output).as_bytes()).unwrap();
    assert!(matches!(response, Response::GetTableLayout(_)), "{}", response.type_name());
}

#[test]
fn a_replay_needs_a_request_and_a_function_on_this_machine() {
    let output = run(&["invoke", EXAMPLE, "README.md", "--replay"]);
    assert!(failed(&output).contains("athena_connector_capture"), "{output:?}");
    let output = run(&["invoke", "http://127.0.0.1:9/", "README.md", "--replay"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("runs functions on this machine"), "{error}");
}

#[test]
fn the_line_of_a_failed_invocation_has_its_query_and_table() {
    let file = "tests/golden/exchange/v6-gettable.request.json";
    let (Request::GetTable(request), _) =
        Request::decode(recorded("v6-gettable.request.json").as_bytes()).unwrap()
    else {
        panic!("{file} is another request")
    };
    let output = run(&["invoke", EXAMPLE, file]);
    let log = failed(&output);
    let lines: Vec<_> = log.lines().filter(|line| line.contains("\"level\":\"ERROR\"")).collect();
    let [line] = lines[..] else { panic!("one line for one failure: {log}") };
    for part in [&request.query_id.unwrap(), "GetTableRequest", "sales.orders", "does not exist"] {
        assert!(line.contains(part), "{part}: {line}");
    }
}
