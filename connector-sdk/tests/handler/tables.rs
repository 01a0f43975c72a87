//! Tables of a static connector: with definitions that fail, partitions, and another connector's.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Int64Array, StringArray},
    datatypes::{DataType, Field, Int64Type},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{
    Connector as _, Context, Cursor, Error, ErrorKind, GetPartitions, GetSplits, Handler,
    ListTables, PageStream, PartitionedTable, ReadRecords, RecordBatchStream, Result, Scan, Split,
    StaticConnector, Table, TableDef, TableName, async_trait,
    predicate::{EquatableValueSet, ValueSet},
    testing::Harness,
};
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};

use crate::fixture::*;

/// Table whose source knows its columns, and is down.
struct Down;

#[async_trait]
impl Table for Down {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        Err(Error::new(ErrorKind::Unavailable, "the catalog of the source is down"))
    }

    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        unreachable!("a table without a definition is not read")
    }
}

/// Sales by region, each in parts of ten rows.
struct Sales;

const REGIONS: [&str; 3] = ["amer", "apac", "emea"];

#[derive(Serialize, Deserialize)]
struct Part {
    region: String,
    start: i64,
}

#[async_trait]
impl PartitionedTable for Sales {
    type Split = Part;

    async fn definition(&self, _: Context) -> Result<TableDef> {
        let columns =
            [Field::new("id", DataType::Int64, false), Field::new("region", DataType::Utf8, false)];
        Ok(TableDef::new(columns).with_partition_columns(["region"]))
    }

    async fn partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
        let regions: ArrayRef = Arc::new(StringArray::from(REGIONS.to_vec()));
        let sizes: ArrayRef = Arc::new(Int64Array::from(vec![25, 0, 5_000]));
        Ok(RecordBatch::try_from_iter([("region", regions), ("size", sizes)])?.into())
    }

    async fn splits(&self, request: GetSplits) -> Result<PageStream<Part>> {
        assert_eq!(request.partitions.num_rows(), 1);
        let region: String = request.partition(0, "region")?.expect("no region is null");
        let size: i64 = request.partition(0, "size")?.expect("no size is null");
        let starts: Vec<_> = (0..size).step_by(10).collect();
        let parts = starts.into_iter().map(move |start| Part { region: region.clone(), start });
        PageStream::from_list(parts, request.start_after.as_ref())
    }

    async fn scan(&self, part: Part, _: Scan) -> Result<RecordBatchStream> {
        let end = if part.region == "amer" { 25 } else { 5_000 };
        let ids = Int64Array::from_iter_values(part.start..(part.start + 10).min(end));
        Ok(RecordBatch::try_from_iter([("id", Arc::new(ids) as ArrayRef)])?.into())
    }
}

fn harness(connector: StaticConnector) -> Harness {
    Harness::new(Handler::new(connector))
}

#[tokio::test]
async fn the_error_of_a_definition_keeps_its_kind() {
    let harness = harness(StaticConnector::new().table("s", "down", Down));
    let error = harness.table("s", "down").rows().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_partitioned_table_is_read_over_pages_of_splits_with_every_row_once() {
    let sales =
        harness(StaticConnector::new().partitioned_table("s", "sales", Sales)).table("s", "sales");
    // 3 + 0 + 500 splits; a page of the SDK holds up to 1,000, and each partition begins a list.
    assert_eq!(sales.splits().await.unwrap().len(), 503);
    let rows = sales.rows().await.unwrap();
    assert_eq!(rows.num_rows(), 5_025);
    let regions = rows.column_by_name("region").unwrap().as_string::<i32>();
    let ids = rows.column_by_name("id").unwrap().as_primitive::<Int64Type>();
    let emea: i64 = (0..rows.num_rows())
        .filter(|row| regions.value(*row) == "emea")
        .map(|row| ids.value(row))
        .sum();
    assert_eq!(emea, (0..5_000).sum::<i64>());
}

#[tokio::test]
async fn a_list_of_splits_resumes_within_its_partition() {
    let connector = StaticConnector::new().partitioned_table("s", "sales", Sales);
    let all = split_starts(&connector, None).await;
    assert_eq!(all.len(), 503);
    for (index, (_, cursor)) in all.iter().enumerate().step_by(50) {
        let rest = split_starts(&connector, Some(cursor.clone())).await;
        assert_eq!(rest.len(), all.len() - index - 1, "after {cursor:?}");
        assert_eq!(rest.first().map(|(start, _)| start), all.get(index + 1).map(|(s, _)| s));
    }
}

async fn split_starts(
    connector: &StaticConnector,
    start_after: Option<Cursor>,
) -> Vec<(String, Cursor)> {
    let table = TableName::new("s", "sales");
    let partitions = Sales.partitions(GetPartitions::new(table.clone(), n())).await.unwrap();
    let partitions: Vec<_> = partitions.try_collect().await.unwrap();
    let mut request = GetSplits::new(table, partitions[0].clone())
        .with_partition_columns(vec!["region".to_owned()]);
    request.start_after = start_after;
    let splits = connector.get_splits(request).await.unwrap();
    let splits: Vec<_> = splits.try_collect().await.unwrap();
    let part = |split: &Split| split.read::<Part>().unwrap();
    splits
        .into_iter()
        .map(|(s, cursor)| (format!("{} {}", part(&s).region, part(&s).start), cursor))
        .collect()
}

#[tokio::test]
async fn conditions_on_partition_columns_exclude_partitions() {
    let sales =
        harness(StaticConnector::new().partitioned_table("s", "sales", Sales)).table("s", "sales");
    let values: ArrayRef = Arc::new(StringArray::from(vec!["amer"]));
    let set = EquatableValueSet { values, inclusive: true, null_allowed: false };
    let amer = sales.values("region", ValueSet::Equatable(set));
    assert_eq!(amer.splits().await.unwrap().len(), 3);
    assert_eq!(amer.rows().await.unwrap().num_rows(), 25);
}

fn mixed() -> StaticConnector {
    StaticConnector::new()
        .table("S", "T1", Squares)
        .table("S", "extra", Squares)
        .table("own", "squares", Squares)
        .with_fallback(FakeConnector { tables: 4, ..FakeConnector::new(numbers(0, 3)) })
}

#[tokio::test]
async fn fixed_tables_are_listed_before_those_of_the_fallback_and_hide_them() {
    let harness = harness(mixed());
    assert_eq!(harness.schemas().await.unwrap(), ["S", "own"]);
    let names = async |schema| {
        let tables = harness.tables(schema).await.unwrap();
        tables.into_iter().map(|name| name.table).collect::<Vec<_>>()
    };
    assert_eq!(names("s").await, ["T1", "extra", "t0", "t2", "t3"]);
    assert_eq!(harness.table("own", "squares").rows().await.unwrap().num_rows(), 1_000);
    assert_eq!(harness.table("s", "t1").rows().await.unwrap().num_rows(), 1_000);
    assert!(harness.table("s", "t").definition().await.unwrap().schema.index_of("n").is_ok());
}

#[tokio::test]
async fn a_list_of_tables_resumes_after_every_one_of_them() {
    let list = async |start_after| {
        let mut request = ListTables::new("s");
        request.start_after = start_after;
        mixed().list_tables(request).await.unwrap().try_collect::<Vec<_>>().await.unwrap()
    };
    let all = list(None).await;
    for (index, (_, cursor)) in all.iter().enumerate() {
        assert_eq!(list(Some(cursor.clone())).await, all[index + 1..], "after {cursor:?}");
    }
}

/// Table that returns a column of nulls for whatever it is asked.
struct Obliging;

#[async_trait]
impl Table for Obliging {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        Ok(TableDef::new([Field::new("n", DataType::Int64, true)]))
    }

    async fn scan(&self, scan: Scan) -> Result<RecordBatchStream> {
        Ok(RecordBatch::new_empty(scan.projection).into())
    }
}

#[tokio::test]
async fn a_column_that_the_table_does_not_have_is_not_read() {
    let connector = StaticConnector::new().table("s", "obliging", Obliging);
    let read = |column: &str| {
        let table = TableName::new("s", "obliging");
        connector.read_records(ReadRecords::new(
            table,
            schema(&[(column, DataType::Int64)]),
            Split::new(),
        ))
    };
    assert!(read("n").await.is_ok());
    let error = read("m").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("no column \"m\""), "{error}");
}
