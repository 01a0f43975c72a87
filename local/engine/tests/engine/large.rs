//! SQL of a megabyte: answered, or refused by name.

use crate::fake::{Fake, orders};

fn fake() -> Fake {
    Fake::new(vec![orders(0..4)])
}

/// Returns `count` texts, joined.
fn joined(count: usize, separator: &str, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect::<Vec<_>>().join(separator)
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
async fn nested_parentheses_and_subqueries_are_answered() {
    let sql = format!("SELECT {}1{} AS n", "(".repeat(45), ")".repeat(45));
    assert!(fake().rows(&sql).await.contains("| 1 |"));
    let mut sql = "SELECT id FROM lake.shop.orders".to_owned();
    for level in 0..20 {
        sql = format!("SELECT id FROM ({sql}) AS t{level}");
    }
    let rows = fake().rows(&sql).await;
    assert_eq!(rows.lines().count(), 8, "{rows}");
}

#[tokio::test]
async fn deep_parentheses_are_refused_by_name() {
    let sql = format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let error = fake().error(&sql).await;
    assert!(error.contains("nested more than"), "{error}");
}

#[tokio::test]
async fn a_long_list_is_answered() {
    let list = joined(100_000, ", ", |n| n.to_string());
    let sql = format!("SELECT count(*) AS n FROM lake.shop.orders WHERE id IN ({list})");
    let rows = fake().rows(&sql).await;
    assert!(rows.contains("| 4 |"), "{rows}");
}
