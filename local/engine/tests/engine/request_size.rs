//! Conditions that do not fit in a request. The fake refuses larger requests, as Lambda does, and
//! ignores conditions.

use athena_engine::{EngineOptions, PushdownMode};
use athena_protocol::predicate::ValueSet;

use crate::fake::{Fake, orders, with_pushdown};

fn fake() -> Fake {
    Fake::new(vec![orders(0..10), orders(10..20)])
}

fn list(count: usize, value: impl Fn(usize) -> String) -> String {
    (0..count).map(value).collect::<Vec<_>>().join(", ")
}

/// Conditions, the number of the 20 rows that pass, and the number of ranges that are pushed down
/// for `id`.
fn conditions() -> Vec<(String, usize, Option<usize>)> {
    let integers = |count| list(count, |n| (2 * n + 3).to_string());
    let text = "x".repeat(10_000);
    let texts = list(800, |n| format!("'{n}{text}'"));
    vec![
        (format!("id IN ({})", integers(1_000)), 9, Some(1_000)),
        (format!("id IN ({})", integers(6_400)), 9, Some(1)),
        (format!("id IN ({})", integers(30_000)), 9, Some(1)),
        (format!("id NOT IN ({})", integers(6_400)), 11, Some(1)),
        (format!("region IN ('apac', {texts})"), 7, None),
        (format!("id IN (3, 4) AND region IN ('apac', {texts})"), 1, Some(1)),
        // Each of the two fits, but not both.
        (
            format!(
                "id IN ({}) AND amount IN ({})",
                integers(2_900),
                list(2_900, |n| format!("{}e0", 1.5 * f64::from(u32::try_from(n).unwrap())))
            ),
            4,
            None,
        ),
    ]
}

fn count(rows: &str) -> usize {
    let line = rows.lines().nth(3).unwrap();
    line.trim_matches(['|', ' ']).parse().unwrap()
}

#[tokio::test]
async fn a_condition_that_does_not_fit_in_a_request_has_the_same_rows() {
    let trust = EngineOptions { trust: true, ..EngineOptions::default() };
    for (condition, expected, ranges) in conditions() {
        let sql = format!("SELECT count(*) AS n FROM lake.shop.orders WHERE {condition}");
        let start = &condition[..30];
        for options in [with_pushdown(PushdownMode::Off), EngineOptions::default()] {
            let fake = fake();
            let rows = fake.rows_with(&sql, options.clone()).await;
            assert_eq!(count(&rows), expected, "{start} {options:?}");
            let summary = fake.constraints().summary;
            if let (PushdownMode::Full, Some(ranges)) = (options.pushdown, ranges) {
                let Some(ValueSet::SortedRange(set)) = summary.get("id") else {
                    panic!("{start}: {:?}", summary.keys());
                };
                let pushed = set.ranges.len();
                assert!(pushed == ranges || pushed == 2, "{start}: {pushed} ranges");
            }
        }
        // The engine filters what it did not push down even for a trusted connector.
        let rows = fake().rows_with(&sql, trust.clone()).await;
        let trusted = if ranges == Some(1_000) { 20 } else { expected };
        assert_eq!(count(&rows), trusted, "{start}");
    }
}

#[tokio::test]
async fn the_plan_names_conditions_that_do_not_fit() {
    let values = list(6_400, |n| n.to_string());
    let sql = format!("SELECT id FROM lake.shop.orders WHERE id IN ({values}) LIMIT 2");
    let fake = fake();
    let query = fake.engine(EngineOptions::default()).query(&sql).await.unwrap();
    let plan = query.display_plan();
    let expected = "not pushed=[id: 6400 values or ranges do not fit in a request; its range";
    assert!(plan.contains(expected), "{}", plan.lines().last().unwrap_or_default());
    query.collect().await.unwrap();
    assert_eq!(fake.constraints().limit, None, "the engine still removes rows");
}
