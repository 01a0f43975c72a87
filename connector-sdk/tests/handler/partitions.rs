//! Partition columns that the SDK adds to batches.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Date32Array, Int64Array},
    datatypes::DataType,
    record_batch::RecordBatch,
};
use athena_connector_sdk::{ErrorKind, GetSplits, Split, TableName};
use athena_protocol::{
    Constraints,
    message::ReadRecordsRequest,
    predicate::{Direction, EquatableValueSet, OrderByField, ValueSet},
};

use crate::fixture::*;

/// Creates the split of one of two days, the second of which is before 1970.
fn split(row: usize) -> Split {
    let day: ArrayRef = Arc::new(Date32Array::from(vec![19_783, -1]));
    let partitions = RecordBatch::try_from_iter([("day", day)]).unwrap();
    let request = GetSplits::new(TableName::new("s", "t"), partitions)
        .with_partition_columns(vec!["day".into()]);
    request.split_for_partition(row).unwrap()
}

fn reading(
    row: usize,
    columns: &[(&str, DataType)],
    constraints: Constraints,
) -> ReadRecordsRequest {
    let mut request = read_request(schema(columns));
    let text = split(row).get::<String>("$partition").unwrap();
    request.split.properties.insert("$partition".to_owned(), text);
    ReadRecordsRequest { constraints, ..request }
}

/// Creates a table with a partition column that its batches lack.
fn fake() -> FakeConnector {
    let day = arrow::datatypes::Field::new("day", DataType::Date32, true);
    let n = arrow::datatypes::Field::new("n", DataType::Int64, true);
    let definition = athena_connector_sdk::TableDef::new([n, day]).with_partition_columns(["day"]);
    FakeConnector { definition, ..FakeConnector::new(numbers(0, 3)) }
}

const N: (&str, DataType) = ("n", DataType::Int64);
const DAY: (&str, DataType) = ("day", DataType::Date32);

#[tokio::test]
async fn partition_columns_are_added_to_every_row() {
    for (row, day) in [(0, 19_783), (1, -1)] {
        let (handler, store) = spilling(fake());
        let found =
            read(&handler, &store, reading(row, &[DAY, N], Constraints::default())).await.unwrap();
        assert_eq!(found.batches[0].column(0).as_ref(), &Date32Array::from(vec![day; 3]));
        assert_eq!(found.numbers("n"), [0, 1, 2]);
    }
}

#[tokio::test]
async fn predicate_and_order_apply_to_partition_columns() {
    let (handler, store) = spilling(fake());
    let other = EquatableValueSet {
        values: Arc::new(Date32Array::from(vec![5])),
        inclusive: true,
        null_allowed: false,
    };
    let summary = [("day".to_owned(), ValueSet::Equatable(other))].into();
    let refused = Constraints { summary, ..Constraints::default() };
    assert_eq!(read(&handler, &store, reading(0, &[N], refused)).await.unwrap().count(), 0);
    let order =
        OrderByField { column_name: Some("day".into()), direction: Direction::AscNullsLast };
    let top = Constraints { limit: Some(2), order_by: vec![order], ..Constraints::default() };
    assert_eq!(read(&handler, &store, reading(1, &[N], top)).await.unwrap().count(), 2);
    // `count(*)` requests no columns.
    assert_eq!(
        read(&handler, &store, reading(1, &[], Constraints::default())).await.unwrap().count(),
        3
    );
}

#[tokio::test]
async fn an_edited_value_is_rejected_and_a_column_of_the_batch_is_kept() {
    let (handler, store) = spilling(fake());
    let mut request = reading(0, &[DAY, N], Constraints::default());
    request.split.properties.insert("$partition".to_owned(), r#"{"day":"tomorrow"}"#.to_owned());
    assert_eq!(read(&handler, &store, request).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    let n: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let own = RecordBatch::try_from_iter([
        ("n", Arc::clone(&n)),
        ("day", Arc::new(Date32Array::from(vec![7])) as _),
    ]);
    let own = own.unwrap();
    let (handler, store) = spilling(fake().with_read(move |_| Ok(own.clone().into())));
    let found = read(&handler, &store, reading(0, &[DAY], Constraints::default())).await.unwrap();
    assert_eq!(
        found.batches[0].column(0).as_ref(),
        &Date32Array::from(vec![7]),
        "the batch's own column is kept"
    );
}

#[tokio::test]
async fn a_partition_column_that_the_request_names_twice_is_refused() {
    let request = layout_request(schema(&[DAY, N]), &["day", "n", "day"], Constraints::default());
    let error = invoke(&spilling(fake()).0, request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("\"day\""), "{error}");
}
