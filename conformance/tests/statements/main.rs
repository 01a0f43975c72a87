//! The suite with SQL statements through the local engine, against the connectors of the other
//! tests: honest ones, those with one fault each, and faults above the protocol.

mod above;
mod engines;

#[path = "../mutants/ask.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod ask;
#[path = "../faulty/base.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod base;
#[path = "../mutants/faults.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod faults;
#[path = "../faulty/faulty_connector.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod faulty_connector;
#[path = "../mutants/kinds/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod kinds;
#[path = "../mutants/mutant.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod mutant;
#[path = "../faulty/paged.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod paged;
#[path = "../mutants/source.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod source;
#[path = "../mutants/tables/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod tables;

use std::{collections::BTreeSet, sync::Arc};

use athena_client::Invoke;
use athena_conformance::suite::{Area, Finding, Options, Report};
use athena_spill::testing::MemoryStore;
use tokio::task::JoinSet;

use self::{
    base::InProcess,
    engines::check,
    faulty_connector::FaultyConnector,
    source::{Honest, Level},
    tables::Source,
};

fn is_long() -> bool {
    std::env::var_os("ATHENA_LONG_TESTS").is_some()
}

/// Returns a run of statements, and of the checks that every table gets without cases.
fn statements(seed: u64, statements: u64) -> Options {
    Options { seed, cases: 0, statements, ..Options::default() }
}

fn of_sql(report: &Report) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|finding| finding.kind.area() == Area::Sql)
}

/// Returns a line for each finding of SQL, with its statement.
fn lines(name: &str, report: &Report) -> Vec<String> {
    let line = |finding: &Finding| {
        let statement = String::from_utf8_lossy(&finding.request);
        format!("{name}: {} {:?}: {}: {statement}", finding.kind, finding.table, finding.message)
    };
    of_sql(report).map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_connectors_have_no_findings() {
    let seeds = if is_long() { 1..=10 } else { 1..=1 };
    let mut runs = JoinSet::new();
    for seed in seeds {
        let store = Arc::new(MemoryStore::new());
        let base: Arc<dyn Invoke> = Arc::new(InProcess::new(&store));
        let mut honest = vec![(format!("base, seed {seed}"), base, store)];
        for source in Source::ALL {
            for level in Level::ALL {
                let connector = Honest::new(source, level);
                let store = Arc::clone(&connector.store);
                let name = format!("{connector:?}, seed {seed}");
                honest.push((name, Arc::new(connector), store));
            }
        }
        for (name, function, store) in honest {
            runs.spawn(async move {
                let report = check(function, &store, statements(seed, 60)).await;
                assert!(report.statements >= 40, "{name}: {} statements", report.statements);
                (lines(&name, &report), report.statements)
            });
        }
    }
    let mut total = 0;
    let mut found = Vec::new();
    while let Some(run) = runs.join_next().await {
        let (lines, statements) = run.expect("a run does not panic");
        found.extend(lines);
        total += statements;
    }
    println!("sql: {total} statements of honest connectors, {} false alarms", found.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_above_the_protocol_are_found_only_in_sql() {
    let mut runs = JoinSet::new();
    for connector in above::all() {
        runs.spawn(async move {
            let FaultyConnector { name, kind, .. } = connector;
            let store = Arc::clone(&connector.store);
            let options = Options { cases: 200, statements: 300, ..Options::default() };
            let report = check(Arc::new(connector), &store, options).await;
            let kinds: BTreeSet<_> = report.findings.iter().map(|found| found.kind).collect();
            let only_in_sql = kinds.iter().all(|kind| kind.area() == Area::Sql);
            (!only_in_sql || !kinds.contains(&kind)).then(|| {
                format!("{name}: expected {kind}, found {kinds:?}; {:#?}", lines(name, &report))
            })
        });
    }
    let mut wrong = Vec::new();
    while let Some(run) = runs.join_next().await {
        wrong.extend(run.expect("a run does not panic"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs statements on the mutants whose numbers `chosen` accepts, and returns how many ran and the
/// names of those without a finding in SQL.
async fn mutants(statements_each: u64, chosen: impl Fn(usize) -> bool) -> (usize, Vec<String>) {
    let mut runs = JoinSet::new();
    let all = kinds::all().into_iter().enumerate();
    for (_, mutant) in all.filter(|(number, _)| chosen(*number)) {
        runs.spawn(async move {
            let (faulty, name, _) = mutant.build();
            let store = Arc::clone(&faulty.honest.store);
            let report = check(faulty, &store, statements(1, statements_each)).await;
            of_sql(&report).next().is_none().then_some(name)
        });
    }
    let total = runs.len();
    let mut unfound = Vec::new();
    while let Some(run) = runs.join_next().await {
        unfound.extend(run.expect("a run does not panic"));
    }
    unfound.sort_unstable();
    (total, unfound)
}

#[tokio::test(flavor = "multi_thread")]
async fn mutants_that_show_in_sql_are_found() {
    let step = if is_long() { 1 } else { 16 };
    let (total, unfound) = mutants(100, |number| number % step == 0).await;
    println!("sql: {} of {total} mutants found; not found: {unfound:#?}", total - unfound.len());
    assert!(unfound.len() * 2 < total, "{unfound:#?}");
}

#[tokio::test]
async fn a_seed_determines_the_statements_and_every_column_is_asked() {
    let run = |seed| async move {
        let store = Arc::new(MemoryStore::new());
        let function = Arc::new(InProcess::new(&store));
        check(function, &store, statements(seed, 240)).await
    };
    let (first, again, other) = (run(3).await, run(3).await, run(4).await);
    assert_eq!((&first.tables, first.statements), (&again.tables, again.statements));
    assert_ne!(first.tables, other.tables);
    let kinds = first.tables.iter().find(|table| table.table.table == "kinds").unwrap();
    for column in &kinds.sql_columns {
        let nested = ["tags", "point", "counts"].contains(&column.column.as_str());
        let asked = [column.equalities, column.ranges, column.lists, column.orders];
        assert!(column.aggregates > 0, "{column:?}");
        assert_eq!(asked.iter().all(|count| *count > 0), !nested, "{column:?}");
    }
    assert!(first.to_text().contains("in SQL, price: "), "{}", first.to_text());
    assert!(first.to_json().contains("\"sqlColumns\""));
}
