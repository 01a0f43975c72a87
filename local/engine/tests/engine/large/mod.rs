//! Long and deep SQL: answered, or refused by name.

mod kinds;
mod sizes;

use std::time::Instant;

use arrow::record_batch::RecordBatch;
use athena_engine::EngineOptions;

use crate::fake::{Fake, orders};
use kinds::{Kind, Outcome, joined};

fn fake() -> Fake {
    Fake::new(vec![orders(0..4)])
}

#[tokio::test]
async fn alternatives_for_a_column_are_answered() {
    let terms = joined(80_000, " OR ", |n| format!("id = {}", n % 7_000));
    let sql = format!("SELECT count(*) AS n FROM lake.shop.orders WHERE {terms} OR region = 'x'");
    let rows = fake().rows(&sql).await;
    assert!(rows.contains("| 4 |"), "{rows}");
}

#[tokio::test]
async fn long_conditions_are_refused_by_name() {
    for operator in ["OR", "AND"] {
        let terms = joined(60_000, &format!(" {operator} "), |n| format!("id <> {n}"));
        let sql = format!("SELECT count(*) AS n FROM lake.shop.orders WHERE {terms}");
        let error = fake().error(&sql).await;
        assert!(error.contains("59999 operators"), "{operator}: {error}");
    }
}

#[tokio::test]
async fn mixed_conditions_keep_their_meaning() {
    let terms = joined(300, " OR ", |n| format!("id = {n} AND id <> 1 AND NOT id = 3"));
    let sql = format!("SELECT count(*) AS n FROM lake.shop.orders WHERE {terms}");
    let rows = fake().rows(&sql).await;
    assert!(rows.contains("| 2 |"), "{rows}");
}

#[tokio::test]
async fn long_arithmetic_is_refused_by_name() {
    let sum = joined(200_000, " + ", |_| "1".to_owned());
    let error = fake().error(&format!("SELECT {sum} AS n")).await;
    assert!(error.contains("199999 operators"), "{error}");
    let rows = fake().rows(&format!("SELECT {} AS n", joined(200, " + ", |_| "1".into()))).await;
    assert!(rows.contains("| 200 |"), "{rows}");
}

#[tokio::test]
async fn a_long_list_is_answered() {
    let list = joined(100_000, ", ", |n| n.to_string());
    let sql = format!("SELECT count(*) AS n FROM lake.shop.orders WHERE id IN ({list})");
    let rows = fake().rows(&sql).await;
    assert!(rows.contains("| 4 |"), "{rows}");
}

/// Returns the size of SQL, in bytes: a megabyte if `ATHENA_LARGE_SQL` is set.
fn size() -> usize {
    if std::env::var_os("ATHENA_LARGE_SQL").is_some() { 1_000_000 } else { 100_000 }
}

/// Runs every kind of `kinds`, and returns those with another outcome than expected.
async fn wrong(kinds: Vec<Kind>) -> Vec<String> {
    let mut wrong = Vec::new();
    for kind in kinds {
        let (millis, found) = outcome_of(&kind).await;
        let bytes = kind.sql.len();
        println!("{}: {bytes} bytes, {millis} ms, {} kB", kind.name, memory_kilobytes());
        wrong.extend(found.map(|found| format!("{}: {found}", kind.name)));
    }
    wrong
}

/// Runs a kind, and returns its time in milliseconds and its outcome if another was expected.
async fn outcome_of(kind: &Kind) -> (u128, Option<String>) {
    let Kind { sql, outcome, .. } = kind;
    let start = Instant::now();
    let answer = match fake().engine(EngineOptions::default()).query(sql).await {
        Ok(query) => query.collect().await,
        Err(error) => Err(error),
    };
    let rows = |batches: Vec<RecordBatch>| batches.iter().map(RecordBatch::num_rows).sum();
    let found = match answer {
        Ok(batches) => Outcome::Rows(rows(batches)),
        Err(error) => Outcome::Refused(format!("{error:#}")),
    };
    let is_expected = match (&found, outcome) {
        (Outcome::Rows(found), Outcome::Rows(expected)) => found == expected,
        (Outcome::Refused(found), Outcome::Refused(part)) => found.contains(part.as_str()),
        (Outcome::Rows(_), Outcome::Refused(_)) | (Outcome::Refused(_), Outcome::Rows(_)) => false,
    };
    let wrong = (!is_expected).then(|| format!("{found:?}, expected {outcome:?}"));
    (start.elapsed().as_millis(), wrong)
}

/// Returns the peak memory of this process so far.
fn memory_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    peak.split_whitespace().next().and_then(|kilobytes| kilobytes.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_hundred_subqueries_and_two_hundred_parentheses_are_answered() {
    assert_eq!(wrong(kinds::answered((size() / 250).min(1_000))).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_longer_or_deeper_is_refused_by_name() {
    assert_eq!(wrong(kinds::refused(size())).await, Vec::<String>::new());
}

#[tokio::test]
async fn names_strings_and_comments_may_be_long() {
    assert_eq!(wrong(kinds::long(size())).await, Vec::<String>::new());
}

#[tokio::test]
async fn deeply_nested_subqueries_keep_their_meaning() {
    let orders = "lake.shop.orders";
    for depth in [3, 12, 13, 40, 41] {
        // Each level is the complement of the one inside of it.
        let complement = format!("id NOT IN (SELECT id FROM {orders} WHERE ").repeat(depth);
        let sql = format!(
            "SELECT count(*) AS n FROM {orders} WHERE {complement}id = 1{}",
            ")".repeat(depth)
        );
        let expected = if depth % 2 == 0 { "| 1 |" } else { "| 3 |" };
        let rows = fake().rows(&sql).await;
        assert!(rows.contains(expected), "{depth}: {rows}");
        // Each level adds one to the least id, from 1.
        let open = format!("id > (SELECT min(id) FROM {orders} WHERE ").repeat(3);
        let least = format!("id >= (SELECT min(id) FROM {orders} WHERE ").repeat(depth);
        let sql = format!(
            "SELECT count(*) AS n FROM {orders} WHERE {open}{least}id > 0{}",
            ")".repeat(depth + 3)
        );
        let rows = fake().rows(&sql).await;
        assert!(rows.contains("| 0 |"), "{depth}: {rows}");
    }
}

#[tokio::test]
async fn a_deep_subquery_of_several_rows_is_never_joined() {
    let open = "id >= (SELECT id FROM lake.shop.orders WHERE ".repeat(12);
    let sql = format!("SELECT id FROM lake.shop.orders WHERE {open}true{}", ")".repeat(12));
    let error = fake().error(&sql).await;
    assert!(error.contains("nested 12 levels"), "{error}");
}

#[tokio::test]
async fn a_syntax_error_in_nested_expressions_is_reported_with_its_place() {
    for (open, close) in
        [("CAST(", " AS bigint)"), ("CASE WHEN true THEN ", " END"), ("NOT (", ")")]
    {
        let sql = format!("SELECT {}1 1{}", open.repeat(40), close.repeat(40));
        let error = fake().error(&sql).await;
        let column = 8 + open.len() * 40 + 2;
        assert!(error.contains(&format!("Column: {column}")), "{sql}: {error}");
    }
    let sql = format!("SELECT {}1 1{}", "ceil(".repeat(40), ")".repeat(40));
    let error = fake().error(&sql).await;
    assert!(error.contains("syntax error in nested expressions near line 1"), "{error}");
}
