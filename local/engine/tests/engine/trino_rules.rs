//! Rules of Trino that hold over columns: overflow, rounding, names, refusals.

use athena_engine::EngineOptions;

use super::fake::{Fake, orders};

async fn error(sql: &str) -> String {
    let engine = Fake::new(vec![orders(0..8)]).engine(EngineOptions::default());
    let error = match engine.query(sql).await {
        Ok(query) => query.collect().await.map(|_| ()).unwrap_err(),
        Err(error) => error,
    };
    error.to_string()
}

#[tokio::test]
async fn integer_overflow_is_an_error_for_columns_and_constants() {
    for (sql, name) in [
        ("SELECT id + 9223372036854775807 FROM lake.shop.orders", "bigint addition"),
        ("SELECT id * 9223372036854775807 FROM lake.shop.orders", "bigint multiplication"),
        ("SELECT 2147483647 + 1", "integer addition"),
        ("SELECT -CAST(-128 AS tinyint)", "tinyint subtraction"),
    ] {
        let error = error(sql).await;
        assert!(error.contains(name) && error.contains("overflow"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn text_is_not_compared_with_numbers() {
    let error = error("SELECT id FROM lake.shop.orders WHERE id = '1'").await;
    assert!(error.contains("bigint = varchar"), "{error}");
}

#[tokio::test]
async fn foreign_syntax_is_refused_with_its_position() {
    for (sql, position) in [
        ("SELECT 1::bigint", "line 1:9: mismatched input '::'"),
        ("SELECT 1\nLIMIT 1 OFFSET 1", "line 2:9: mismatched input 'OFFSET'"),
        ("SELECT `id` FROM lake.shop.orders", "line 1:8: backquoted identifiers"),
        ("SELECT CAST(1 AS float)", "unknown type: float"),
    ] {
        let error = error(sql).await;
        assert!(error.contains(position), "{sql}: {error}");
    }
}

#[tokio::test]
async fn unnamed_columns_are_named_by_position() {
    let rows = Fake::new(vec![orders(0..1)])
        .rows("SELECT id, 1, _col0 FROM (SELECT count(*), 7 AS id FROM lake.shop.orders)")
        .await;
    assert!(rows.contains("_col1") && rows.contains("_col0"), "{rows}");
}
