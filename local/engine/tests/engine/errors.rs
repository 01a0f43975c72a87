//! Errors say which function, operation, table and split, and why.

use std::sync::Arc;

use arrow::{array::ArrayRef, record_batch::RecordBatch};
use athena_protocol::{
    Error, Response,
    error::FunctionError,
    message::{ListSchemasResponse, ReadRecordsResponse},
};

use super::fake::{Fake, Travel, orders};

const SQL: &str = "SELECT id FROM lake.shop.orders";

fn answering(records: impl Fn() -> RecordBatch + Send + Sync + 'static) -> Fake {
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
async fn an_error_of_the_function_names_where_it_happened() {
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
async fn a_missing_table_is_the_connectors_to_report() {
    let error = Fake::new(vec![]).error("SELECT * FROM lake.shop.missing").await;
    assert!(
        error.contains("GetTable of shop.missing") && error.contains("there is no table"),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_of_another_type_is_refused() {
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
    assert!(error.contains("it answered ListSchemasResponse"), "{error}");
}

#[tokio::test]
async fn columns_that_were_not_asked_for_are_refused() {
    let error = answering(|| orders(0..3)).error(SQL).await;
    assert!(error.contains("3 columns (id, region, amount), expected 1 (id)"), "{error}");
}

#[tokio::test]
async fn a_column_of_another_type_is_refused() {
    let records = || {
        let column: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![1]));
        RecordBatch::try_from_iter([("id", column)]).unwrap()
    };
    let error = answering(records).error(SQL).await;
    assert!(error.contains("column \"id\" of its rows is Int32, expected Int64"), "{error}");
}

#[tokio::test]
async fn a_spilled_block_that_is_not_there_fails_the_query() {
    let fake = Fake { travel: Travel::Spilled, ..Fake::new(vec![orders(0..10)]) };
    let broken = Fake {
        read: Some(Arc::new({
            let fake = fake.clone();
            move |read| {
                let response = fake.answer_read(read);
                fake.forget("query/0.1");
                Ok(response)
            }
        })),
        ..fake
    };
    let error = broken.error(SQL).await;
    assert!(error.contains("query/0.1") && error.contains("spilled block"), "{error}");
}

#[tokio::test]
async fn statements_that_write_are_refused() {
    let fake = Fake::new(vec![]);
    for sql in [
        "CREATE TABLE t AS SELECT 1",
        "INSERT INTO lake.shop.orders SELECT 1, 'x', 2.0",
        "DROP TABLE x",
    ] {
        let error = fake.error(sql).await;
        assert!(
            error.contains("not supported") || error.contains("not implemented"),
            "{sql}: {error}"
        );
    }
}

#[tokio::test]
async fn a_query_without_schema_uses_the_only_one() {
    let rows = Fake::new(vec![orders(0..4)]).rows("SELECT count(*) AS n FROM orders").await;
    assert!(rows.contains("| 4 |"), "{rows}");
}
