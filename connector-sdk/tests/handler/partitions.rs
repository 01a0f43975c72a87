//! Partition columns that the SDK adds to batches.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use arrow::{
    array::{ArrayRef, Date32Array, Int64Array, StringArray},
    datatypes::DataType,
    record_batch::RecordBatch,
};
use athena_connector_sdk::{ErrorKind, GetSplits, Pushed, Split, TableName};
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

/// Reads the split of August 2024 of a table with the columns `month` and `n`, and returns the
/// rows, the columns of the conditions that the source was offered, the limit, and its calls.
async fn read_august(
    constraints: Constraints,
) -> (Vec<i64>, Vec<String>, Option<u64>, Vec<&'static str>) {
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10));
    let rows = RecordBatch::try_from_iter([("n", n)]).unwrap();
    let offered = Arc::new(Mutex::new((Vec::new(), None)));
    let record = Arc::clone(&offered);
    let connector = FakeConnector::new(rows.clone()).with_read(move |request| {
        let pushed = request.push_down(|conjunct| {
            record.lock().unwrap().0.push(conjunct.column().unwrap_or("several").to_owned());
            Pushed::Exact(())
        });
        record.lock().unwrap().1 = pushed.limit;
        Ok(rows.clone().into())
    });
    let calls = Arc::clone(&connector.calls);
    let (handler, store) = spilling(connector);
    let fields = [("month", DataType::Utf8), ("n", DataType::Int64)];
    let mut request = ReadRecordsRequest { constraints, ..read_request(schema(&fields)) };
    request.split.properties.insert("$partition".into(), r#"{"month":"2024-08"}"#.into());
    let read = read(&handler, &store, request).await.unwrap();
    let (columns, limit) = offered.lock().unwrap().clone();
    let calls = calls.lock().unwrap().clone();
    (read.numbers("n"), columns, limit, calls)
}

fn months(values: &[&str]) -> Constraints {
    let values: ArrayRef = Arc::new(StringArray::from_iter_values(values));
    let set = EquatableValueSet { values, inclusive: true, null_allowed: false };
    let summary = BTreeMap::from([("month".to_owned(), ValueSet::Equatable(set))]);
    Constraints { summary, ..Constraints::default() }
}

#[tokio::test]
async fn conditions_on_partition_columns_are_decided_by_the_split_and_not_offered() {
    // True for the split: nothing is offered, so the limit is given.
    let august = Constraints { limit: Some(3), ..months(&["2024-07", "2024-08"]) };
    let (rows, offered, limit, calls) = read_august(august).await;
    assert_eq!((rows.len(), offered, limit, calls), (3, vec![], Some(3), vec!["read_records"]));
    // False for the split: nothing is read.
    let winter = Constraints { limit: Some(3), ..months(&["2024-12", "2024-01"]) };
    let (rows, _, _, calls) = read_august(winter).await;
    assert_eq!((rows, calls), (vec![], vec![]));
    // Conditions on other columns are offered as before.
    let mut both = months(&["2024-08"]);
    both.summary.extend(only("n", &[4, 5]).summary);
    let (rows, offered, _, _) = read_august(both).await;
    assert_eq!((rows, offered), (vec![4, 5], vec!["n".to_owned()]));
    let (rows, offered, limit, _) = read_august(Constraints::default()).await;
    assert_eq!((rows.len(), offered, limit), (10, vec![], None));
}
