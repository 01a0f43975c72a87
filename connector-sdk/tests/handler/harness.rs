//! `testing::Harness`: rows of a connector as its tests see them.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Int64Array},
    datatypes::Int64Type,
    record_batch::RecordBatch,
};
use athena_connector_sdk::{
    Error, ErrorKind, Handler, RecordBatchStream,
    predicate::{Direction, EquatableValueSet, OrderByField, ValueSet},
    protocol::TableName,
    testing::{Harness, TableQuery},
};

use super::fixture::FakeConnector;

fn numbers() -> RecordBatch {
    let n: ArrayRef = Arc::new(Int64Array::from(vec![3, 1, 2]));
    let twice: ArrayRef = Arc::new(Int64Array::from(vec![6, 2, 4]));
    RecordBatch::try_from_iter([("n", n), ("twice", twice)]).unwrap()
}

/// Returns a harness of `connector` with one partition, without which there is nothing to read.
fn harness(connector: FakeConnector) -> Harness {
    let partitions = vec![numbers().slice(0, 1)];
    Harness::new(Handler::new(FakeConnector { partitions, ..connector }))
}

async fn column_n(query: TableQuery) -> Vec<i64> {
    query.rows().await.unwrap()["n"].as_primitive::<Int64Type>().values().to_vec()
}

#[tokio::test]
async fn rows_are_filtered_ordered_limited_and_selected() {
    let table = harness(FakeConnector::new(numbers())).table("s", "t");
    assert_eq!(column_n(table.clone()).await, [3, 1, 2]);
    let ascending =
        OrderByField { column_name: Some("n".to_owned()), direction: Direction::AscNullsLast };
    assert_eq!(column_n(table.clone().order_by(ascending).limit(2)).await, [1, 2]);

    let two_or_four: ArrayRef = Arc::new(Int64Array::from(vec![2, 4]));
    let set = EquatableValueSet { values: two_or_four, inclusive: true, null_allowed: false };
    let filtered = table.values("twice", ValueSet::Equatable(set)).columns(["n"]);
    assert_eq!(filtered.text().await.unwrap(), "+---+\n| n |\n+---+\n| 1 |\n| 2 |\n+---+");
}

#[tokio::test]
async fn rows_of_all_splits_are_read_inline_and_spilled() {
    let harness = harness(FakeConnector { splits: 3, ..FakeConnector::new(numbers()) });
    let table = harness.table("s", "t").columns(["n"]);
    assert_eq!(table.splits().await.unwrap().len(), 3);
    let inline = table.rows().await.unwrap();
    assert_eq!((inline.num_rows(), harness.store().keys().len()), (9, 0));
    assert_eq!(table.spilled().rows().await.unwrap(), inline);
    assert!(harness.store().keys().len() >= 3);
}

#[tokio::test]
async fn an_error_of_the_connector_keeps_its_kind_context_and_source() {
    // Two kinds that have one code on the wire.
    for kind in [ErrorKind::Unavailable, ErrorKind::Internal] {
        let connector = FakeConnector::new(numbers()).with_read(move |_| {
            let cause = "x".parse::<u32>().unwrap_err();
            let error = Error::new(kind, "the shop is closed").with_source(cause);
            Ok(RecordBatchStream::new(futures::stream::iter([Err(error)])))
        });
        let error = harness(connector).table("s", "t").rows().await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, "the shop is closed"));
        assert!(error.to_string().contains("invalid digit"), "{error}");
    }
}

#[tokio::test]
async fn a_column_that_does_not_exist_is_named_with_those_that_do() {
    let table = harness(FakeConnector::new(numbers())).table("s", "t");
    let error = table.columns(["n", "thrice"]).rows().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("thrice") && error.message().contains("n, twice"), "{error}");
}

#[tokio::test]
async fn schemas_tables_and_definitions_are_those_of_the_connector() {
    let harness = harness(FakeConnector::new(numbers()));
    assert_eq!(harness.schemas().await.unwrap(), ["s"]);
    assert!(harness.tables("s").await.unwrap().contains(&TableName::new("s", "t0")));
    let definition = harness.table("s", "t").definition().await.unwrap();
    assert_eq!(definition.schema.fields().len(), 2);
    assert!(definition.partition_columns.is_empty());
}
