//! The suite against connectors with one injected fault each, and against correct connectors: it
//! must find every fault and report nothing else.

mod base;
mod faults;
mod faulty_connector;
mod paged;

use std::{collections::BTreeSet, sync::Arc};

use athena_client::Invoke;
use athena_conformance::suite::{Area, Options, Report, Suite};
use athena_spill::{ObjectStore, testing::MemoryStore};
use tokio::task::JoinSet;

use base::InProcess;
use faulty_connector::FaultyConnector;
use paged::Paged;

/// Number of seeds for which a correct connector must have no findings.
const SEEDS: u64 = 10;
/// Number of cases in a run against a correct connector.
const CASES: u64 = 400;

async fn report(
    function: Arc<dyn Invoke>,
    store: Arc<MemoryStore>,
    seed: u64,
    cases: u64,
) -> Report {
    let options = Options { seed, cases, ..Options::default() };
    Suite::new(function, options).with_store(store as Arc<dyn ObjectStore>).run().await
}

/// Returns the correct connectors by name, with the stores that they spill to.
fn correct_connectors() -> Vec<(&'static str, Arc<dyn Invoke>, Arc<MemoryStore>)> {
    let store = Arc::new(MemoryStore::new());
    let plain: Arc<dyn Invoke> = Arc::new(InProcess::new(&store));
    let paged: Arc<dyn Invoke> = Arc::new(Paged::correct(Arc::clone(&plain)));
    let clear = Arc::new(MemoryStore::new());
    let unencrypted: Arc<dyn Invoke> =
        Arc::new(InProcess::with(&clear, &[("disable_spill_encryption", "true")]));
    vec![
        ("plain", plain, Arc::clone(&store)),
        ("paged", paged, store),
        ("unencrypted", unencrypted, clear),
    ]
}

/// Returns a line for each finding in a correct connector.
async fn false_positives() -> Vec<String> {
    let mut runs = JoinSet::new();
    for (name, function, store) in correct_connectors() {
        for seed in 1..=SEEDS {
            let function = Arc::clone(&function);
            let store = Arc::clone(&store);
            runs.spawn(async move { (name, seed, report(function, store, seed, CASES).await) });
        }
    }
    let mut lines = Vec::new();
    while let Some(run) = runs.join_next().await {
        let (name, seed, report) = run.expect("a run does not panic");
        let total = report.cases + report.undecided;
        assert!(total >= CASES, "{name}: {total} cases");
        assert!(
            report.undecided * 10 < report.cases,
            "{name}: {} of {} undecided",
            report.undecided,
            report.cases
        );
        assert!(
            report.skipped.is_empty() && report.tables.iter().all(|table| table.skipped.is_empty())
        );
        for finding in report.findings {
            let table = finding.table.map(|table| table.to_string()).unwrap_or_default();
            lines.push(format!(
                "{name}, seed {seed}: {} {table}: {}",
                finding.kind, finding.message
            ));
        }
    }
    lines
}

/// Runs the suite, and describes the miss if it does not find the fault.
async fn run_suite(connector: FaultyConnector) -> Option<String> {
    let FaultyConnector { name, kind, cases, .. } = connector;
    let store = Arc::clone(&connector.store);
    let report = report(Arc::new(connector), store, 1, cases).await;
    if report.findings.iter().any(|finding| finding.kind == kind) {
        let others: BTreeSet<_> = report
            .findings
            .iter()
            .map(|finding| finding.kind)
            .filter(|other| *other != kind)
            .collect();
        println!("found: {kind:27} {name}; other findings: {others:?}");
        return None;
    }
    let found: Vec<_> = report.findings.iter().map(|finding| finding.kind.name()).collect();
    Some(format!("{name}: expected {kind}, found {found:?} in {} cases", report.cases))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_found_and_correct_connectors_have_no_findings() {
    let mut runs = JoinSet::new();
    let connectors = faults::all();
    let all = connectors.len();
    for connector in connectors {
        runs.spawn(run_suite(connector));
    }
    let mut missed = Vec::new();
    while let Some(run) = runs.join_next().await {
        missed.extend(run.unwrap_or_else(|error| Some(error.to_string())));
    }
    let false_positives = false_positives().await;
    for line in missed.iter().chain(&false_positives) {
        println!("{line}");
    }
    println!(
        "faulty connectors: {} of {all} found, {} false positives",
        all - missed.len(),
        false_positives.len()
    );
    assert!(all >= 25, "only {all} faulty connectors");
    assert!(missed.is_empty() && false_positives.is_empty(), "{missed:#?}\n{false_positives:#?}");
}

#[tokio::test]
async fn a_seed_determines_the_requests() {
    let run = |seed| async move {
        let store = Arc::new(MemoryStore::new());
        let report = report(Arc::new(InProcess::new(&store)), store, seed, 400).await;
        (report.requests, report.cases, report.undecided, report.checks)
    };
    assert_eq!(run(3).await, run(3).await);
    assert_ne!(run(3).await, run(4).await);
}

#[tokio::test]
async fn every_column_is_asked_for_equalities_ranges_lists_and_null() {
    let store = Arc::new(MemoryStore::new());
    let report = report(Arc::new(InProcess::new(&store)), store, 5, 400).await;
    let kinds = report.tables.iter().find(|table| table.table.table == "kinds").unwrap();
    for column in &kinds.columns {
        let nested = ["tags", "point", "counts"].contains(&column.column.as_str());
        let asked = [column.equalities, column.ranges, column.lists, column.pairs];
        assert!(column.null_tests > 0, "{column:?}");
        assert_eq!(asked.iter().all(|count| *count > 0), !nested, "{column:?}");
    }
    assert!(report.to_text().contains("price: "), "{}", report.to_text());
    assert!(report.to_json().contains("\"nullTests\""));
}

#[tokio::test]
async fn rows_beyond_the_budget_are_reported_as_skipped() {
    let store = Arc::new(MemoryStore::new());
    let options = Options { cases: 20, max_rows: 160, ..Options::default() };
    let report =
        Suite::new(Arc::new(InProcess::new(&store)), options).with_store(store).run().await;
    assert!(report.is_clean(), "{:?}", report.findings);
    let kinds = report.tables.iter().find(|table| table.table.table == "kinds").unwrap();
    assert_eq!((kinds.splits, kinds.splits_read, kinds.rows), (3, 1, 30));
    assert!(kinds.skipped.contains("2 of 3 splits"), "{kinds:?}");
}

#[tokio::test]
async fn without_a_store_spilled_rows_are_reported_as_skipped() {
    let store = Arc::new(MemoryStore::new());
    let options = Options { cases: 20, ..Options::default() };
    let report = Suite::new(Arc::new(InProcess::new(&store)), options).run().await;
    assert!(
        report.is_clean() && report.skipped.len() == 1,
        "{:?} {:?}",
        report.findings,
        report.skipped
    );
    assert!(!report.checks.contains_key(&Area::Spilling));
}
