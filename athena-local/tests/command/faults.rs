//! A connector that fails in the middle of a read fails the query, and no partial result is
//! printed.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::{Duration, Instant},
};

use athena_lambda_host::FunctionOptions;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};

use super::{command, failed, run};

/// Returns the error of a query whose first split is read and whose second one has a `fault`.
fn broken(fault: &str) -> String {
    let connector = format!("shop=exec:python3 -m tests.functions.faulty tests/golden {fault}");
    let sql = "SELECT * FROM shop.sales.orders";
    let output =
        run(&["query", sql, "--connector", &connector, "--timeout", "2", "--concurrency", "1"]);
    let stderr = failed(&output);
    let error = format!("\n{stderr}").split_once("\nerror: ").unwrap().1.to_owned();
    assert!(
        error.starts_with(
            "function \"shop\" failed ReadRecords of sales.orders, split region=emea, year=2023: "
        ),
        "{error}"
    );
    error
}

#[test]
fn the_error_of_an_exited_process_has_its_status_and_last_output() {
    assert!(broken("kill").contains("signal: killed"));
    let error = broken("exit");
    assert!(error.contains("exit status 3") && error.contains("the pump is broken"), "{error}");
}

#[test]
fn the_error_of_a_timeout_has_the_limit() {
    assert!(broken("sleep").contains("Task timed out after 2.00 seconds"));
}

#[test]
fn the_error_of_a_response_that_is_too_large_has_its_size() {
    assert!(
        broken("large")
            .contains("7000002 bytes) exceeded maximum allowed payload size (6291556 bytes)")
    );
}

#[test]
fn the_error_of_an_invalid_response_describes_it() {
    assert!(broken("garbage").contains("66 bytes that are not JSON"));
    assert!(broken("other").contains("returned ListSchemasResponse, expected ReadRecordsResponse"));
    assert!(broken("fail").contains("the shop is closed (com.example.ShopException)"));
}

#[test]
fn a_connector_that_is_killed_from_outside_fails_the_query() {
    let sql = "SELECT * FROM tpch.sf10.lineitem";
    let query =
        command(&["query", sql, "--connector", "tpch=cargo:connectors/tpch", "--format", "csv"]);
    let mut query = { query }.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let reading = wait_for("a connector that reads", || {
        let children = children_of(query.id());
        let busy = children.into_iter().find(|&(_, ticks)| ticks > 50);
        assert!(
            query.try_wait().unwrap().is_none(),
            "the query ended before its connector was killed"
        );
        busy.map(|(process, _)| process)
    });
    kill(Pid::from_raw(reading), Signal::SIGKILL).unwrap();
    let output = query.wait_with_output().unwrap();
    let stderr = failed(&output);
    assert!(
        stderr.contains("function \"tpch\" failed ReadRecords of sf10.lineitem, split cell="),
        "{stderr}"
    );
    assert!(stderr.contains("signal: killed"), "{stderr}");
}

#[tokio::test]
async fn functions_are_killed_with_their_host_even_by_sigkill() {
    for signal in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT] {
        let connector = "shop=exec:python3 -m tests.functions.behavior";
        let mut host = command(&["serve", "--listen", "127.0.0.1:0", "--connector", connector])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(host.stderr.take().unwrap()).lines();
        let url = printed
            .find_map(|line| Some(line.unwrap().split_once("serving on ")?.1.to_owned()))
            .unwrap();
        let options = FunctionOptions { name: "shop".to_owned(), ..FunctionOptions::default() };
        let function = athena_lambda_host::open(&url.trim().parse().unwrap(), options).await;
        let function = function.unwrap();
        // The grandchild has no connection to the host that could tell it to exit.
        let mut processes = Vec::new();
        for event in [json!({ "do": "spawn", "then": "answer" }), json!({ "do": "process" })] {
            let answer = function.invoke(event.to_string().into()).await.unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            processes.extend(["child", "process"].iter().filter_map(|name| answer[name].as_i64()));
        }
        assert_eq!(processes.len(), 2);
        assert!(processes.iter().all(|&process| runs(process)));

        kill(Pid::from_raw(i32::try_from(host.id()).unwrap()), signal).unwrap();
        host.wait().unwrap();
        for process in processes {
            wait_for("a process that ends with its host", || (!runs(process)).then_some(()));
        }
    }
}

/// Returns whether a process runs. A zombie does not.
fn runs(process: i64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

pub(super) fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_mins(5);
    while Instant::now() < end {
        if let Some(found) = found() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("waited in vain for {what}");
}

/// Returns the connectors that `host` started, with their processor time in ticks.
fn children_of(host: u32) -> Vec<(i32, u64)> {
    let host = host.to_string();
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let process: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let (name, rest) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let ticks = fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?;
        // The kernel truncates names to 15 characters.
        (fields[1] == host && name.contains("(athena-connecto")).then_some((process, ticks))
    });
    processes.collect()
}
