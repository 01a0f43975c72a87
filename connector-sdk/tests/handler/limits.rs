//! Lists and partitions at the scale of real data sources: every item occurs exactly once, and no
//! response exceeds the payload limit of Lambda.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray, Int32Array, Int64Array, StringArray},
    datatypes::{DataType, Int32Type, Int64Type},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{
    Connector, ErrorKind, GetPartitions, GetSplits, GetTable, Handler, ListSchemas, ListTables,
    PageStream, ReadRecords, RecordBatchStream, Result, Split, TableDef, arrow::datatypes::Field,
    async_trait,
};
use athena_protocol::{
    Constraints, MAX_PAYLOAD_BYTES, Request, Response, SerdeVersion,
    message::{GetSplitsRequest, ReadRecordsRequest},
};

use crate::fixture::*;

const TABLES: usize = 100_000;
const SPLITS: usize = 60_000;
const PARTITIONS: i32 = 10_000;

/// Connector of many tables with long names. With partition columns, a table has many partitions,
/// each with one split of one row; without, it has many large splits.
struct Many;

fn table_name(n: usize) -> String {
    format!("table_{n:06}_{}", "with_a_long_name_".repeat(6))
}

#[async_trait]
impl Connector for Many {
    fn source_type(&self) -> &'static str {
        "many"
    }

    async fn list_schemas(&self, _: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list(["s".to_owned()], None)
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        PageStream::from_list((0..TABLES).map(table_name), request.start_after.as_ref())
    }

    async fn get_table(&self, _: GetTable) -> Result<TableDef> {
        let fields = [("day", DataType::Int32), ("region", DataType::Utf8), ("n", DataType::Int64)];
        let fields = fields.map(|(name, data_type)| Field::new(name, data_type, true));
        Ok(TableDef::new(fields).with_partition_columns(["day", "region"]))
    }

    async fn get_partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
        let day: ArrayRef = Arc::new(Int32Array::from_iter_values(0..PARTITIONS));
        let region: ArrayRef = Arc::new((0..PARTITIONS).map(region).collect::<StringArray>());
        Ok(RecordBatch::try_from_iter_with_nullable([("day", day, true), ("region", region, true)])
            .unwrap()
            .into())
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        if request.partition_columns.is_empty() {
            // Three kilobytes, some of which take more bytes as JSON.
            let plan = "one of many \"files\" \\ ".repeat(120) + &"\u{1F600}".repeat(20);
            let splits =
                (0..SPLITS).map(move |n| Split::new().with("number", n).with("plan", &plan));
            return PageStream::from_list(splits, request.start_after.as_ref());
        }
        let splits = (0..request.partitions.num_rows()).map(|row| request.split_for_partition(row));
        let splits = splits.collect::<Result<Vec<_>>>()?;
        let days = request
            .partitions
            .column_by_name("day")
            .unwrap()
            .as_primitive::<Int32Type>()
            .values()
            .to_vec();
        let splits = splits.into_iter().zip(days).map(|(split, day)| split.with("row", day));
        PageStream::from_list(splits, request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        // The SDK adds the partition columns.
        let n: ArrayRef = Arc::new(Int64Array::from(vec![request.split.get::<i64>("row")?]));
        Ok(RecordBatch::try_from_iter([("n", n)]).unwrap().into())
    }
}

/// Returns a value that is different for each partition, and null for every hundredth.
fn region(day: i32) -> Option<String> {
    (day % 100 > 0).then(|| format!("région {day}"))
}

/// Invokes the handler, and returns the response with its size in bytes.
async fn sized(handler: &Handler, request: Request) -> (Response, usize) {
    let response =
        handler.handle(&request.encode(SerdeVersion::LATEST).unwrap(), None).await.unwrap();
    assert!(response.len() <= MAX_PAYLOAD_BYTES, "{} bytes", response.len());
    (Response::decode(&response).unwrap(), response.len())
}

#[tokio::test]
async fn a_hundred_thousand_tables_are_listed_exactly_once() {
    let handler = Handler::new(Many);
    for page_size in [-1, 7_000] {
        let mut found = 0;
        let mut largest = 0;
        let mut pages = 0;
        let mut token = None;
        loop {
            let request = Request::ListTables(tables_request("s", page_size, token));
            let (Response::ListTables(response), bytes) = sized(&handler, request).await else {
                panic!("no tables")
            };
            for table in response.tables {
                assert_eq!(table.table, table_name(found));
                found += 1;
            }
            largest = largest.max(bytes);
            pages += 1;
            token = response.next_token;
            if token.is_none() {
                break;
            }
        }
        println!(
            "{found} tables in {pages} pages of {page_size} at most: largest response {largest} bytes"
        );
        assert_eq!(found, TABLES);
    }
}

#[tokio::test]
async fn sixty_thousand_splits_of_three_kilobytes_are_listed_exactly_once() {
    let (handler, _) = spilling(Many);
    let mut found = 0;
    let mut largest = 0;
    let mut pages = 0;
    let mut token = None;
    loop {
        let request = GetSplitsRequest { continuation_token: token, ..splits_request() };
        let (Response::GetSplits(response), bytes) =
            sized(&handler, Request::GetSplits(request)).await
        else {
            panic!("no splits")
        };
        for split in response.splits {
            assert_eq!(split.properties["number"], found.to_string());
            assert!(split.properties["plan"].len() > 2_700);
            found += 1;
        }
        largest = largest.max(bytes);
        pages += 1;
        token = response.continuation_token;
        if token.is_none() {
            break;
        }
    }
    println!("{found} splits in {pages} pages: largest response {largest} bytes");
    assert_eq!(found, SPLITS);
}

#[tokio::test]
async fn ten_thousand_partitions_are_pruned_split_and_read_exactly_once() {
    let handler = Handler::new(Many);
    let columns =
        schema(&[("day", DataType::Int32), ("region", DataType::Utf8), ("n", DataType::Int64)]);
    let layout =
        |constraints| layout_request(Arc::clone(&columns), &["day", "region"], constraints);
    let (Response::GetTableLayout(pruned), _) =
        sized(&handler, layout(only("day", &[5, 9_999, -1]))).await
    else {
        panic!("no layout")
    };
    assert_eq!(pruned.partitions.column(0).as_ref(), &Int32Array::from(vec![5, 9_999]));
    let (Response::GetTableLayout(all), mut largest) =
        sized(&handler, layout(Constraints::default())).await
    else {
        panic!("no layout")
    };
    let mut splits = Vec::new();
    let mut pages = 0;
    let mut token = None;
    loop {
        let request = GetSplitsRequest {
            partitions: all.partitions.clone(),
            partition_columns: vec!["day".into(), "region".into()],
            continuation_token: token,
            ..splits_request()
        };
        let (Response::GetSplits(response), bytes) =
            sized(&handler, Request::GetSplits(request)).await
        else {
            panic!("no splits")
        };
        splits.extend(response.splits);
        largest = largest.max(bytes);
        pages += 1;
        token = response.continuation_token;
        if token.is_none() {
            break;
        }
    }
    let mut days = BTreeSet::new();
    for split in &splits {
        let request =
            ReadRecordsRequest { split: split.clone(), ..read_request(Arc::clone(&columns)) };
        let (Response::ReadRecords(response), bytes) =
            sized(&handler, Request::ReadRecords(request)).await
        else {
            panic!("no rows")
        };
        let rows = response.records;
        assert_eq!(rows.num_rows(), 1);
        let day = rows.column(0).as_primitive::<Int32Type>().value(0);
        let text = rows.column(1).as_string::<i32>().iter().next().unwrap();
        assert_eq!(text.map(str::to_owned), region(day));
        assert_eq!(rows.column(2).as_primitive::<Int64Type>().value(0), i64::from(day));
        assert!(days.insert(day), "partition {day} is read twice");
        largest = largest.max(bytes);
    }
    println!(
        "{} partitions, {} splits in {pages} pages: largest response {largest} bytes",
        days.len(),
        splits.len()
    );
    assert_eq!(days, (0..PARTITIONS).collect());
}

#[tokio::test]
async fn a_limit_that_is_not_a_number_is_rejected_instead_of_zero() {
    let handler = Handler::new(FakeConnector::new(numbers(0, 3)));
    let request = Request::ReadRecords(without_spill_location(read_request(n())));
    let request = request.encode(SerdeVersion::V6).unwrap();
    let request: serde_json::Value = serde_json::from_slice(&request).unwrap();
    let with_limit = |limit: serde_json::Value| {
        let mut request = request.clone();
        request["constraints"]["limit"] = limit;
        request.to_string()
    };
    for (limit, shown) in [
        (serde_json::json!("abc"), "\"abc\""),
        (serde_json::json!(""), "\"\""),
        (serde_json::json!("1.5"), "\"1.5\""),
        (serde_json::Value::Null, "null"),
        (serde_json::json!([]), "a list"),
    ] {
        let error = handler.handle(with_limit(limit).as_bytes(), None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{shown}");
        assert!(error.to_string().contains("constraints.limit"), "{error}");
        assert!(error.to_string().contains(shown), "{error}");
    }
    for (limit, rows) in [(serde_json::json!("2"), 2), (serde_json::json!(-1), 3)] {
        let response = handler.handle(with_limit(limit).as_bytes(), None).await.unwrap();
        match Response::decode(&response).unwrap() {
            Response::ReadRecords(response) => assert_eq!(response.records.num_rows(), rows),
            other => panic!("{}", other.type_name()),
        }
    }
}
