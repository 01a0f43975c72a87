//! Connectors that lie, each in one way, and connectors that do not: the suite must name every lie
//! and call nobody else a liar.

mod base;
mod liar;
mod lies;
mod paged;

use std::{collections::BTreeSet, sync::Arc};

use athena_client::Invoke;
use athena_conformance::suite::{Area, Options, Report, Suite};
use athena_spill::{ObjectStore, testing::MemoryStore};
use tokio::task::JoinSet;

use base::InProcess;
use liar::Liar;
use paged::Paged;

/// Seeds on which an honest connector must not be accused.
const SEEDS: u64 = 10;
/// Cases of an honest run.
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

/// Every honest connector by name, with the store that it spills to.
fn honest() -> Vec<(&'static str, Arc<dyn Invoke>, Arc<MemoryStore>)> {
    let store = Arc::new(MemoryStore::new());
    let plain: Arc<dyn Invoke> = Arc::new(InProcess::new(&store));
    let paged: Arc<dyn Invoke> = Arc::new(Paged::honest(Arc::clone(&plain)));
    let clear = Arc::new(MemoryStore::new());
    let unencrypted: Arc<dyn Invoke> =
        Arc::new(InProcess::with(&clear, &[("disable_spill_encryption", "true")]));
    vec![
        ("plain", plain, Arc::clone(&store)),
        ("paged", paged, store),
        ("unencrypted", unencrypted, clear),
    ]
}

/// What the honest are accused of, a line each.
async fn false_alarms() -> Vec<String> {
    let mut runs = JoinSet::new();
    for (name, function, store) in honest() {
        for seed in 1..=SEEDS {
            let (function, store) = (Arc::clone(&function), Arc::clone(&store));
            runs.spawn(async move { (name, seed, report(function, store, seed, CASES).await) });
        }
    }
    let mut alarms = Vec::new();
    while let Some(run) = runs.join_next().await {
        let (name, seed, report) = run.expect("a run does not panic");
        let tried = report.cases + report.undecided;
        assert!(tried >= CASES, "{name}: {tried} cases");
        assert!(
            report.undecided * 10 < report.cases,
            "{name}: {} of {} undecided",
            report.undecided,
            report.cases
        );
        assert!(
            report.left_out.is_empty()
                && report.tables.iter().all(|table| table.left_out.is_empty())
        );
        for finding in report.findings {
            let table = finding.table.map(|table| table.to_string()).unwrap_or_default();
            alarms.push(format!(
                "{name}, seed {seed}: {} {table}: {}",
                finding.kind, finding.sentence
            ));
        }
    }
    alarms
}

/// Why a liar got away, if it did.
async fn escape(liar: Liar) -> Option<String> {
    let (name, kind, cases, store) = (liar.name, liar.kind, liar.cases, Arc::clone(&liar.store));
    let report = report(Arc::new(liar), store, 1, cases).await;
    if report.findings.iter().any(|finding| finding.kind == kind) {
        let others: BTreeSet<_> = report
            .findings
            .iter()
            .map(|finding| finding.kind)
            .filter(|other| *other != kind)
            .collect();
        println!("caught: {kind:27} {name}; what follows from it: {others:?}");
        return None;
    }
    let found: Vec<_> = report.findings.iter().map(|finding| finding.kind.name()).collect();
    Some(format!("{name}: expected {kind}, found {found:?} in {} cases", report.cases))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_liar_is_caught_by_name_and_nobody_else_is_accused() {
    let mut runs = JoinSet::new();
    let liars = lies::all();
    let all = liars.len();
    for liar in liars {
        runs.spawn(escape(liar));
    }
    let mut escaped = Vec::new();
    while let Some(run) = runs.join_next().await {
        escaped.extend(run.unwrap_or_else(|error| Some(error.to_string())));
    }
    let alarms = false_alarms().await;
    for line in escaped.iter().chain(&alarms) {
        println!("{line}");
    }
    println!("liars: {} of {all} caught, {} false alarms", all - escaped.len(), alarms.len());
    assert!(all >= 25, "only {all} liars");
    assert!(escaped.is_empty() && alarms.is_empty(), "{escaped:#?}\n{alarms:#?}");
}

#[tokio::test]
async fn a_seed_says_what_is_asked() {
    let run = |seed| async move {
        let store = Arc::new(MemoryStore::new());
        let report = report(Arc::new(InProcess::new(&store)), store, seed, 50).await;
        (report.requests, report.cases, report.undecided, report.checks)
    };
    assert_eq!(run(3).await, run(3).await);
    assert_ne!(run(3).await, run(4).await);
}

#[tokio::test]
async fn rows_beyond_the_room_are_left_out_and_said_so() {
    let store = Arc::new(MemoryStore::new());
    let options = Options { cases: 20, max_rows: 160, ..Options::default() };
    let report =
        Suite::new(Arc::new(InProcess::new(&store)), options).with_store(store).run().await;
    assert!(report.is_clean(), "{:?}", report.findings);
    let kinds = report.tables.iter().find(|table| table.table.table == "kinds").unwrap();
    assert_eq!((kinds.splits, kinds.splits_read, kinds.rows), (3, 1, 30));
    assert!(kinds.left_out.contains("2 of 3 splits"), "{kinds:?}");
}

#[tokio::test]
async fn without_a_store_what_is_spilled_is_left_out_and_said_so() {
    let store = Arc::new(MemoryStore::new());
    let options = Options { cases: 20, ..Options::default() };
    let report = Suite::new(Arc::new(InProcess::new(&store)), options).run().await;
    assert!(
        report.is_clean() && report.left_out.len() == 1,
        "{:?} {:?}",
        report.findings,
        report.left_out
    );
    assert!(!report.checks.contains_key(&Area::Spilling));
}
