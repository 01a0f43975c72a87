//! Correct rows, with any pushdown mode, inline and spilled.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, StringArray},
    record_batch::RecordBatch,
};
use athena_engine::{EngineOptions, PushdownMode};
use athena_protocol::Request;

use super::fake::{Delivery, Fake, orders, with_pushdown};

fn three_splits() -> Fake {
    Fake::new(vec![orders(0..10), orders(10..25), orders(25..30)])
}

#[tokio::test]
async fn all_splits_are_read() {
    let rows = three_splits()
        .rows("SELECT count(*), sum(id), min(id), max(id) FROM lake.shop.orders")
        .await;
    assert!(rows.contains("30") && rows.contains("435") && rows.contains("29"), "{rows}");
}

#[tokio::test]
async fn spilled_rows_equal_inline_rows() {
    let sql = "SELECT * FROM lake.shop.orders WHERE id >= 8 ORDER BY id";
    let inline = three_splits().rows(sql).await;
    let spilled = Fake { delivery: Delivery::Spilled, ..three_splits() };
    assert_eq!(spilled.rows(sql).await, inline);
    assert_eq!(inline.lines().count(), 22 + 4);
}

#[tokio::test]
async fn the_pushdown_mode_does_not_change_the_rows() {
    for sql in [
        "SELECT region, count(*), sum(amount) FROM lake.shop.orders WHERE id > 4 \
         GROUP BY region ORDER BY region",
        "SELECT id FROM lake.shop.orders WHERE region LIKE 'a%' OR amount IS NULL ORDER BY id",
        "SELECT id, amount FROM lake.shop.orders WHERE amount > 7.4 ORDER BY amount DESC LIMIT 3",
        "SELECT a.id FROM lake.shop.orders a JOIN lake.shop.orders b ON a.id = b.id + 1 ORDER BY 1",
    ] {
        let fake = three_splits();
        let off = fake.rows_with(sql, with_pushdown(PushdownMode::Off)).await;
        assert_eq!(fake.rows_with(sql, with_pushdown(PushdownMode::Sets)).await, off, "{sql}");
        assert_eq!(fake.rows_with(sql, with_pushdown(PushdownMode::Full)).await, off, "{sql}");
    }
}

#[tokio::test]
async fn counting_reads_one_narrow_column() {
    let fake = three_splits();
    let rows = fake.rows("SELECT count(*) AS n FROM lake.shop.orders").await;
    assert!(rows.contains("| 30 |"), "{rows}");
    let read = fake.reads().swap_remove(0);
    let names: Vec<_> = read.schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id"]);
}

#[tokio::test]
async fn a_spilled_object_that_athena_refuses_fails_the_query() {
    // The overhead of a block is less than 1,000 bytes.
    for (length, accepted) in [(15_999_000, true), (16_000_001, false)] {
        let regions = StringArray::from(vec!["x".repeat(length), "y".to_owned()]);
        let rows = orders(0..2);
        let columns = vec![
            ArrayRef::clone(rows.column(0)),
            Arc::new(regions),
            ArrayRef::clone(rows.column(2)),
        ];
        let rows = RecordBatch::try_new(rows.schema(), columns).unwrap();
        let fake = Fake { delivery: Delivery::Spilled, ..Fake::new(vec![rows]) };
        let sql = "SELECT sum(length(region)) AS n FROM lake.shop.orders";
        let query = fake.engine(EngineOptions::default()).query(sql).await.unwrap();
        match query.collect().await {
            Ok(_) => assert!(accepted, "{length}"),
            Err(error) => {
                let error = error.to_string();
                assert!(!accepted && error.contains("Athena reads at most 16000000"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_read_requests_only_the_needed_columns_with_the_schema_metadata() {
    let fake = three_splits();
    fake.rows("SELECT region FROM lake.shop.orders").await;
    let read = fake.reads().swap_remove(0);
    assert_eq!(read.schema.fields().len(), 1);
    assert_eq!(read.schema.metadata()["source"], "fake");
    assert_eq!(read.max_block_size, 16_000_000);
    assert_eq!(read.max_inline_block_size, 3_465_000);
}

#[tokio::test]
async fn layout_splits_and_reads_carry_the_predicate() {
    let fake = three_splits();
    fake.rows("SELECT id FROM lake.shop.orders WHERE id > 4").await;
    let requests = fake.requests.lock().unwrap().clone();
    let with_predicate = requests.iter().filter(|request| match request {
        Request::GetTableLayout(request) => request.constraints.summary.contains_key("id"),
        Request::GetSplits(request) => request.constraints.summary.contains_key("id"),
        Request::ReadRecords(request) => request.constraints.summary.contains_key("id"),
        _ => false,
    });
    assert_eq!(with_predicate.count(), 1 + 1 + 3);
}

#[tokio::test]
async fn rows_of_a_trusted_connector_are_not_filtered_again() {
    // The fake does not filter, so a filter that is left to it keeps all rows.
    let trust = EngineOptions { trust: true, ..EngineOptions::default() };
    let fake = three_splits();
    let rows = fake.rows_with("SELECT region FROM lake.shop.orders WHERE id = 3", trust).await;
    assert_eq!(rows.lines().count(), 30 + 4);
    let read = fake.reads().swap_remove(0);
    assert_eq!(read.schema.fields().len(), 2, "the read includes the column of the filter");
}

#[tokio::test]
async fn a_version_2_connector_receives_value_sets_and_nothing_newer() {
    let fake = Fake { serde_version: 2, ..three_splits() };
    let sql =
        "SELECT id FROM lake.shop.orders WHERE id > 4 AND region LIKE 'a%' ORDER BY id LIMIT 2";
    let rows = fake.rows(sql).await;
    assert!(rows.contains("| 6 ") && rows.contains("| 7 "), "{rows}");
    let constraints = fake.constraints();
    assert!(constraints.summary.contains_key("id"));
    assert!(constraints.expressions.is_empty() && constraints.limit.is_none());
    assert_eq!(fake.count(|request| matches!(request, Request::GetDataSourceCapabilities(_))), 0);
}

#[tokio::test]
async fn comparisons_with_nan_are_false_and_zero_has_no_sign() {
    let amounts = vec![f64::NAN, -0.0, 0.0, 1.0, f64::INFINITY];
    let ids = (0..5).collect::<Vec<i64>>();
    let schema = super::fake::orders_schema();
    let batch = arrow::record_batch::RecordBatch::try_new(
        schema,
        vec![
            std::sync::Arc::new(arrow::array::Int64Array::from(ids)),
            std::sync::Arc::new(arrow::array::StringArray::from(vec!["x"; 5])),
            std::sync::Arc::new(arrow::array::Float64Array::from(amounts)),
        ],
    )
    .unwrap();
    let fake = Fake::new(vec![batch]);
    for (condition, count) in [
        ("amount = 0.0", 2),
        ("amount >= 0.0", 4),
        ("amount < 0.0", 0),
        ("amount > 0.5", 2),
        ("amount <> 1.0", 4),
        ("amount = amount + 0.0", 4),
        ("amount = amount", 4),
        ("NOT (amount > 0.5)", 3),
        ("amount NOT BETWEEN -1e0 AND 1e0", 2),
        ("amount IN (0e0, 5e0, 6e0, 7e0, 8e0)", 2),
        ("amount NOT IN (0e0, 1e0)", 2),
        ("CASE WHEN amount > 0.5 THEN 'much' END = 'much'", 2),
    ] {
        let rows = fake.rows(&format!("SELECT id FROM lake.shop.orders WHERE {condition}")).await;
        assert_eq!(
            rows.lines().count(),
            if count == 0 { 2 } else { count + 4 },
            "{condition}\n{rows}"
        );
    }
}

#[tokio::test]
async fn a_date_compared_with_a_timestamp_is_its_midnight_in_any_year() {
    let sql = "SELECT DATE '9999-12-31' > TIMESTAMP '2024-02-29 12:00:00' AS later, \
               DATE '2024-02-29' BETWEEN TIMESTAMP '2024-02-29 00:00:00' \
               AND TIMESTAMP '2024-02-29 00:00:01' AS same";
    let rows = three_splits().rows(sql).await;
    assert!(rows.contains("| true  | true |"), "{rows}");
}

#[tokio::test]
async fn a_number_with_an_exponent_is_a_double() {
    let rows = three_splits()
        .rows("SELECT 1e0 / 3e0 AS third, 1e300 > 1e299 AS large, 1e0 / 0 AS infinite")
        .await;
    assert!(rows.contains("| 0.3333333333333333 | true  | inf "), "{rows}");
}

#[tokio::test]
async fn tablesample_is_rejected_instead_of_reading_the_whole_table() {
    let sql = "SELECT count(*) FROM lake.shop.orders TABLESAMPLE BERNOULLI (1)";
    let error = three_splits().error(sql).await;
    assert!(error.contains("TABLESAMPLE is not supported"), "{error}");
}

#[tokio::test]
async fn a_decimal_compared_with_a_double_is_a_double() {
    let rows = three_splits()
        .rows("SELECT max(amount * 1e15 * 1.5) > 1.0 AS ok FROM lake.shop.orders")
        .await;
    assert!(rows.contains("true"), "{rows}");
}
