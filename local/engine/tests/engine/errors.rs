//! Errors name the function, operation, table and split, and the cause.

use std::sync::Arc;

use arrow::{array::ArrayRef, record_batch::RecordBatch};
use athena_protocol::{
    Error, Response,
    error::FunctionError,
    message::{ListSchemasResponse, ReadRecordsResponse},
};

use super::fake::{Delivery, Fake, orders};

const SQL: &str = "SELECT id FROM lake.shop.orders";

fn returning(records: impl Fn() -> RecordBatch + Send + Sync + 'static) -> Fake {
    Fake {
        read: Some(Arc::new(move |_| {
            Ok(Response::ReadRecords(ReadRecordsResponse {
                catalog_name: "lake".to_owned(),
                records: records(),
            }))
        })),
        ..Fake::new(vec![orders(0..10)])
    }
}

#[tokio::test]
async fn an_error_of_the_function_names_function_operation_table_and_split() {
    let fake = Fake {
        read: Some(Arc::new(|_| Err(FunctionError::from(&Error::throttled("the source is busy"))))),
        ..Fake::new(vec![orders(0..10)])
    };
    let error = fake.error(SQL).await;
    for part in ["\"lake\"", "ReadRecords", "shop.orders", "number=0", "the source is busy"] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
}

#[tokio::test]
async fn the_connector_reports_a_missing_table() {
    let error = Fake::new(vec![]).error("SELECT * FROM lake.shop.missing").await;
    assert!(
        error.contains("GetTable of shop.missing") && error.contains("there is no table"),
        "{error}"
    );
}

#[tokio::test]
async fn a_response_of_another_type_is_rejected() {
    let fake = Fake {
        read: Some(Arc::new(|_| {
            Ok(Response::ListSchemas(ListSchemasResponse {
                catalog_name: "lake".to_owned(),
                schemas: vec![],
            }))
        })),
        ..Fake::new(vec![orders(0..10)])
    };
    let error = fake.error(SQL).await;
    assert!(error.contains("it returned ListSchemasResponse"), "{error}");
}

#[tokio::test]
async fn columns_that_were_not_requested_are_rejected() {
    let error = returning(|| orders(0..3)).error(SQL).await;
    assert!(error.contains("3 columns (id, region, amount), expected 1 (id)"), "{error}");
}

#[tokio::test]
async fn a_column_of_another_type_is_rejected() {
    let records = || {
        let column: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![1]));
        RecordBatch::try_from_iter([("id", column)]).unwrap()
    };
    let error = returning(records).error(SQL).await;
    assert!(error.contains("column \"id\" of its rows is Int32, expected Int64"), "{error}");
}

#[tokio::test]
async fn a_missing_spilled_block_fails_the_query() {
    let fake = Fake { delivery: Delivery::Spilled, ..Fake::new(vec![orders(0..10)]) };
    let broken = Fake {
        read: Some(Arc::new({
            let fake = fake.clone();
            move |read| {
                let response = fake.read_response(read);
                fake.remove_object("query/0.1");
                Ok(response)
            }
        })),
        ..fake
    };
    let error = broken.error(SQL).await;
    assert!(error.contains("query/0.1") && error.contains("spilled block"), "{error}");
}

#[tokio::test]
async fn statements_that_write_are_refused_by_name_and_without_a_request() {
    for (sql, name) in [
        ("CREATE TABLE t AS SELECT 1", "CREATE TABLE is not supported"),
        ("CREATE TABLE lake.shop.missing AS SELECT 1", "CREATE TABLE is not supported"),
        ("CREATE TABLE t (a int)", "CREATE TABLE is not supported"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS CSV LOCATION 's3://b/k'", "CREATE TABLE"),
        ("CREATE VIEW v AS SELECT * FROM lake.shop.missing", "CREATE VIEW is not supported"),
        ("INSERT INTO lake.shop.missing SELECT 1, 'x', 2.0", "INSERT INTO is not supported"),
        ("UPDATE lake.shop.missing SET id = 1", "UPDATE is not supported"),
        ("DELETE FROM lake.shop.missing", "DELETE FROM is not supported"),
        ("DROP TABLE lake.shop.missing", "DROP TABLE is not supported"),
        ("SET x = 1", "SET is not supported"),
        ("COPY (SELECT 1) TO 'x.csv'", "COPY is not supported"),
    ] {
        let fake = Fake::new(vec![]);
        let error = fake.error(sql).await;
        assert!(error.contains(name), "{sql}: {error}");
        assert_eq!(fake.count(|_| true), 0, "{sql}");
    }
}

#[tokio::test]
async fn an_unqualified_table_is_in_the_only_schema() {
    let rows = Fake::new(vec![orders(0..4)]).rows("SELECT count(*) AS n FROM orders").await;
    assert!(rows.contains("| 4 |"), "{rows}");
}
