//! The power of the suite: 200 faults of honest connectors, each shown by one request, of which the
//! default run must find nearly all.

mod ask;
mod faults;
mod kinds;
mod mutant;
mod source;
mod tables;

use std::{collections::BTreeMap, sync::Arc};

use athena_client::Invoke;
use athena_conformance::suite::{Options, Report, Suite};
use athena_spill::{ObjectStore, testing::MemoryStore};
use tokio::task::JoinSet;

use self::{
    ask::ask_honest,
    mutant::{Fault, Faulty},
    source::{Honest, Level},
    tables::Source,
};

/// Mutants that the default run does not find, in alphabetical order, and why.
const UNFOUND: &[(&str, &str)] = &[
    (
        "arithmetic evaluated wrongly: difference reversed",
        "subtraction is asked on three columns, and a bound must be between both differences",
    ),
    (
        "arithmetic evaluated wrongly: remainder of a negative number is positive",
        "few expressions negate the operand of a remainder",
    ),
    (
        "ranges on a composite key compared as pairs: year and id",
        "lower bounds on both columns come last among the combinations of this pair",
    ),
    (
        "top-N before the filter: conditions on kind",
        "needs an ascending order with nulls last and a condition on this column",
    ),
    (
        "top-N by another order of values: note backwards if nulls are first",
        "needs one direction of one column in a split in which nulls do not fill the limit",
    ),
];

/// Runs the suite with its default number of cases.
async fn check(
    function: Arc<dyn Invoke>,
    store: Arc<MemoryStore>,
    seed: u64,
    fail_fast: bool,
) -> Report {
    let options = Options { seed, fail_fast, ..Options::default() };
    Suite::new(function, options).with_store(store as Arc<dyn ObjectStore>).run().await
}

fn is_long() -> bool {
    std::env::var_os("ATHENA_LONG_TESTS").is_some()
}

#[test]
fn there_are_200_mutants_of_at_least_20_kinds_and_at_most_10_of_one() {
    let mut kinds = BTreeMap::<&str, usize>::new();
    let mut names = Vec::new();
    for mutant in kinds::all() {
        *kinds.entry(mutant.kind).or_default() += 1;
        names.push(mutant.to_string());
    }
    assert_eq!(names.len(), 200);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 200, "two mutants have the same name");
    assert!(kinds.len() >= 20 && kinds.values().all(|count| *count <= 10), "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_shows_each_mutant_to_be_wrong() {
    let honest: BTreeMap<(Source, Level), Honest> = Source::ALL
        .into_iter()
        .flat_map(|source| Level::ALL.map(|level| ((source, level), Honest::new(source, level))))
        .collect();
    let mut wrong = Vec::new();
    for mutant in kinds::all() {
        let honest = &honest[&(mutant.source, mutant.level)];
        let (faulty, name, proof) = mutant.build();
        let right = ask_honest(&proof.ask, honest).await;
        let answer = proof.ask.send(&*faulty, honest.source, &faulty.honest.store).await;
        if right != proof.right || answer != proof.wrong || right == answer {
            wrong.push(format!("{name}\u{1}{right}\u{1}{answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns a line for each finding in honest connectors.
async fn false_alarms(seeds: std::ops::RangeInclusive<u64>) -> Vec<String> {
    let mut runs = JoinSet::new();
    for source in Source::ALL {
        for level in Level::ALL {
            for seed in seeds.clone() {
                runs.spawn(async move {
                    let honest = Honest::new(source, level);
                    let store = Arc::clone(&honest.store);
                    let name = format!("{honest:?}, seed {seed}");
                    (name, check(Arc::new(honest), store, seed, false).await)
                });
            }
        }
        // The same semantics, evaluated by the row-by-row reader of the mutants.
        runs.spawn(async move {
            let rows = Faulty::new(source, Level::Full, Fault::none());
            let store = Arc::clone(&rows.honest.store);
            (format!("{source:?} row by row"), check(Arc::new(rows), store, 1, false).await)
        });
    }
    let mut lines = Vec::new();
    while let Some(run) = runs.join_next().await {
        let (name, report) = run.expect("a run does not panic");
        lines.extend(report.findings.iter().map(|finding| {
            format!("{name}: {} {:?}: {}", finding.kind, finding.table, finding.message)
        }));
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_connectors_have_no_findings() {
    let seeds = if is_long() { 1..=20 } else { 1..=1 };
    let lines = false_alarms(seeds).await;
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// Returns the names of the mutants in which a run finds nothing, in alphabetical order.
async fn unfound(seed: u64) -> Vec<String> {
    let mut runs = JoinSet::new();
    for mutant in kinds::all() {
        runs.spawn(async move {
            let (faulty, name, _) = mutant.build();
            let store = Arc::clone(&faulty.honest.store);
            (name, check(faulty, store, seed, true).await)
        });
    }
    let mut unfound = Vec::new();
    while let Some(run) = runs.join_next().await {
        let (name, report) = run.expect("a run does not panic");
        if report.is_clean() {
            unfound.push(name);
        }
    }
    unfound.sort_unstable();
    unfound
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_run_finds_all_mutants_but_the_listed_ones() {
    let unfound = unfound(Options::default().seed).await;
    println!("mutants: seed 1: {} of 200 found", 200 - unfound.len());
    let listed: Vec<&str> = UNFOUND.iter().map(|(name, _)| *name).collect();
    assert_eq!(unfound, listed, "update the list with reasons if the suite has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_seed_finds_190_mutants() {
    if !is_long() {
        return;
    }
    for seed in 2..=5 {
        let unfound = unfound(seed).await;
        println!("mutants: seed {seed}: {} of 200 found", 200 - unfound.len());
        assert!(unfound.len() <= 10, "seed {seed}: {unfound:#?}");
    }
}
