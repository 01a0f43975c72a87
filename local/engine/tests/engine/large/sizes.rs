//! Memory and time of a megabyte of SQL of each kind, in a process of its own.

use std::process::Command;

use super::{kinds, kinds::Kind, memory_kilobytes, outcome_of};

/// Name of the kind that a child process runs.
const KIND: &str = "ATHENA_SQL_KIND";

/// Number of bytes of SQL: a megabyte in the long tests.
fn size() -> usize {
    if std::env::var_os("ATHENA_LONG_TESTS").is_some() { 1_000_000 } else { 20_000 }
}

/// Returns the kinds of SQL that are answered or refused at this size, with unique names.
fn all() -> Vec<(String, Kind)> {
    let size = size();
    let groups = [
        ("asked", kinds::asked(size)),
        ("as deep as in Trino", kinds::answered((size / 250).min(1_000))),
        ("too deep", kinds::refused(size)),
        ("long", kinds::long(size)),
    ];
    let name = |group: &str, kind: &Kind| format!("{group}: {}", kind.name);
    let of_group = |(group, kinds): (&'static str, Vec<Kind>)| {
        kinds.into_iter().map(move |kind| (name(group, &kind), kind))
    };
    groups.into_iter().flat_map(of_group).collect()
}

/// Runs the kind of the environment, or the first.
#[tokio::test]
async fn one_kind_is_answered_or_refused_by_name() {
    let all = all();
    let chosen = std::env::var(KIND).unwrap_or_else(|_| all[0].0.clone());
    let (name, kind) = all.into_iter().find(|(name, _)| *name == chosen).expect("a known kind");
    let before = memory_kilobytes();
    let (millis, wrong) = outcome_of(&kind).await;
    let megabytes = |kilobytes: u64| kilobytes / 1_024;
    println!(
        "sql-size: | {name:<45} | {:>9} | {:<7} | {millis:>6} | {:>6} | {:>6} |",
        kind.sql.len(),
        kind.outcome.name(),
        megabytes(before),
        megabytes(memory_kilobytes()),
    );
    assert_eq!(wrong, None, "{name}");
}

/// Maximum memory of a process, in megabytes, and its time in milliseconds.
const MOST_MEGABYTES: u64 = 1_500;
const MOST_MILLIS: u64 = 120_000;

#[test]
fn every_kind_is_bounded_in_a_process_of_its_own() {
    // Without the long tests a few kinds are enough: other tests run all in this process.
    let few = if std::env::var_os("ATHENA_LONG_TESTS").is_some() { usize::MAX } else { 4 };
    let program = std::env::current_exe().expect("the path of this program");
    let mut wrong = Vec::new();
    println!("sql-size: | {:<45} |     bytes | outcome |     ms | before |   peak |", "kind");
    for (name, _) in all().into_iter().take(few) {
        let mut child = Command::new(&program);
        child.args(["--exact", "large::sizes::one_kind_is_answered_or_refused_by_name"]);
        let output = child.arg("--nocapture").env(KIND, &name).output().expect("this program runs");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let at = stdout.find("sql-size: ");
        let line = at.and_then(|at| stdout[at..].lines().next()).unwrap_or_default();
        println!("{line}");
        // From the end, because a name may have the separator.
        let cells: Vec<&str> = line.rsplit('|').map(str::trim).collect();
        let cell = |number: usize| cells.get(number).and_then(|cell| cell.parse::<u64>().ok());
        let is_bounded = cell(3).is_some_and(|millis| millis <= MOST_MILLIS)
            && cell(1).is_some_and(|peak| peak <= MOST_MEGABYTES);
        if !output.status.success() || !is_bounded {
            wrong.push(format!("{name}: {}, {line} {stdout}", output.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
