//! Query passthrough, from capabilities to rows.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{ArrayRef, Int64Array},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{
    Cursor, ErrorKind, Handler, PageStream, Passthrough, PassthroughQuery, Pushed,
    RecordBatchStream, Result, Scan, Split, StaticConnector, TableDef, async_trait,
    testing::Harness,
};
use athena_protocol::{
    Constraints, Request, Response,
    message::{
        GetDataSourceCapabilitiesRequest, GetSplitsRequest, GetTableRequest, ReadRecordsRequest,
    },
};

use crate::fixture::*;

/// Source whose queries are row counts.
struct Counting;

#[async_trait]
impl Passthrough for Counting {
    async fn definition(&self, query: PassthroughQuery) -> Result<TableDef> {
        Ok(TableDef::new([Field::new("n", DataType::Int64, false)])
            .with_comment("n", query.argument("QUERY")))
    }

    async fn read(
        &self,
        query: PassthroughQuery,
        _: Split,
        scan: Scan,
    ) -> Result<RecordBatchStream> {
        assert_eq!(scan.projection.field(0).name(), "n");
        let rows = query.argument("QUERY").parse::<i64>().expect("a number");
        let n: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
        Ok(RecordBatch::try_from_iter([("n", n)]).unwrap().into())
    }
}

fn handler() -> Handler {
    let fake =
        FakeConnector::new(numbers(0, 1)).with_read(|_| panic!("the connector must not be called"));
    Handler::new(fake).with_passthrough(Counting)
}

fn arguments(of: &[(&str, &str)]) -> BTreeMap<String, Option<String>> {
    of.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect()
}

fn counting() -> BTreeMap<String, Option<String>> {
    arguments(&[("schemaFunctionName", "system.query"), ("QUERY", "5")])
}

fn describe(query_passthrough_arguments: BTreeMap<String, Option<String>>) -> Request {
    let Request::GetTable(request) = table_request("whatever") else {
        unreachable!("the request has this type")
    };
    Request::GetTable(GetTableRequest { query_passthrough_arguments, ..request })
}

#[tokio::test]
async fn the_function_is_announced_by_its_signature() {
    let request = GetDataSourceCapabilitiesRequest {
        identity: None,
        query_id: None,
        catalog_name: "c".into(),
    };
    let capabilities =
        invoke(&handler(), Request::GetDataSourceCapabilities(request.clone())).await.unwrap();
    let Response::GetDataSourceCapabilities(response) = capabilities else {
        panic!("no capabilities")
    };
    let announced: Vec<_> = response.capabilities["SYSTEM.QUERY"]
        .iter()
        .map(|part| (part.sub_type.as_str(), part.properties.join(",")))
        .collect();
    let expected = [
        ("query_passthrough_schema", "system"),
        ("query_passthrough_name", "query"),
        ("query_passthrough_arguments", "QUERY"),
    ];
    assert_eq!(announced, expected.map(|(part, value)| (part, value.to_owned())));
    let without = invoke(&math(), Request::GetDataSourceCapabilities(request)).await.unwrap();
    let Response::GetDataSourceCapabilities(response) = without else { panic!("no capabilities") };
    assert!(!response.capabilities.contains_key("SYSTEM.QUERY"));
}

#[tokio::test]
async fn a_query_is_described_split_and_read_like_a_table() {
    let handler = handler();
    let Response::GetTable(table) = invoke(&handler, describe(counting())).await.unwrap() else {
        panic!("no table")
    };
    assert_eq!(table.schema.metadata()["n"], "5");
    let constraints =
        || Constraints { query_passthrough_arguments: counting(), ..Constraints::default() };
    let layout = layout_request(Arc::new(Schema::clone(&table.schema)), &[], constraints());
    let Response::GetTableLayout(layout) = invoke(&handler, layout).await.unwrap() else {
        panic!("no layout")
    };
    let splits = GetSplitsRequest {
        partitions: layout.partitions,
        constraints: constraints(),
        ..splits_request()
    };
    let Response::GetSplits(splits) = invoke(&handler, Request::GetSplits(splits)).await.unwrap()
    else {
        panic!("no splits")
    };
    assert_eq!((splits.splits.len(), splits.continuation_token), (1, None));
    let limited =
        Constraints { limit: Some(2), summary: only("n", &[1, 2, 3]).summary, ..constraints() };
    let read =
        without_spill_location(ReadRecordsRequest { constraints: limited, ..read_request(n()) });
    let Response::ReadRecords(response) =
        invoke(&handler, Request::ReadRecords(read)).await.unwrap()
    else {
        panic!("no rows")
    };
    assert_eq!(response.records.column(0).as_ref(), &Int64Array::from(vec![1, 2]));
}

#[tokio::test]
async fn another_function_or_a_missing_argument_is_rejected() {
    let wrong = [
        arguments(&[("schemaFunctionName", "system.other"), ("QUERY", "5")]),
        arguments(&[("QUERY", "5")]),
        arguments(&[("schemaFunctionName", "SYSTEM.QUERY"), ("query", "5")]),
        arguments(&[("schemaFunctionName", "SYSTEM.QUERY"), ("QUERY", "")]),
        [
            ("schemaFunctionName".to_owned(), Some("SYSTEM.QUERY".to_owned())),
            ("QUERY".to_owned(), None),
        ]
        .into(),
    ];
    for arguments in wrong {
        assert_eq!(error_kind(&handler(), describe(arguments)).await, ErrorKind::InvalidInput);
    }
    assert_eq!(error_kind(&math(), describe(counting())).await, ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_disabled_function_is_neither_announced_nor_served() {
    let off = || handler().with_settings(settings(&[("enable_query_passthrough", "false")]));
    let request = GetDataSourceCapabilitiesRequest {
        identity: None,
        query_id: None,
        catalog_name: "c".into(),
    };
    let capabilities = invoke(&off(), Request::GetDataSourceCapabilities(request)).await.unwrap();
    let Response::GetDataSourceCapabilities(response) = capabilities else {
        panic!("no capabilities")
    };
    assert!(!response.capabilities.contains_key("SYSTEM.QUERY"));
    let error = invoke(&off(), describe(counting())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("enable_query_passthrough"), "{error}");
}

/// Source whose queries are ends of ranges, read in splits of ten numbers.
struct Tens;

#[async_trait]
impl Passthrough for Tens {
    async fn definition(&self, _: PassthroughQuery) -> Result<TableDef> {
        Ok(TableDef::new([Field::new("n", DataType::Int64, false)]))
    }

    async fn splits(
        &self,
        query: PassthroughQuery,
        start_after: Option<Cursor>,
    ) -> Result<PageStream<Split>> {
        let end: i64 = query.argument("QUERY").parse().expect("a number");
        let starts = (0..end).step_by(10);
        let splits: Vec<_> = starts.map(|start| Split::new().with("start", start)).collect();
        PageStream::from_list(splits, start_after.as_ref())
    }

    async fn read(
        &self,
        query: PassthroughQuery,
        split: Split,
        scan: Scan,
    ) -> Result<RecordBatchStream> {
        let pushed = scan.push_down(|_| Pushed::<()>::Unsupported);
        let start: i64 = split.get("start")?;
        let end: i64 = query.argument("QUERY").parse().expect("a number");
        let end = end.min(start + 10);
        let most = pushed.limit.map_or(end, |limit| start + i64::try_from(limit).expect("few"));
        let n: ArrayRef = Arc::new(Int64Array::from_iter_values(start..end.min(most)));
        Ok(RecordBatch::try_from_iter([("n", n)])?.into())
    }
}

#[tokio::test]
async fn the_result_of_a_query_is_read_in_its_splits_with_the_limit_pushed_down() {
    let harness = Harness::new(Handler::new(StaticConnector::new()).with_passthrough(Tens));
    let query = harness.query([("QUERY", "25")]);
    assert_eq!(query.splits().await.unwrap().len(), 3);
    let all = query.rows().await.unwrap();
    assert_eq!(all.column(0).as_ref(), &Int64Array::from_iter_values(0..25));
    let two_each = query.limit(2).rows().await.unwrap();
    assert_eq!(two_each.column(0).as_ref(), &Int64Array::from(vec![0, 1, 10, 11, 20, 21]));
    let without = Harness::new(math()).query([("QUERY", "25")]).rows().await.unwrap_err();
    assert_eq!(without.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_passthrough_function_is_called_without_a_handler() {
    let query = PassthroughQuery::new([("QUERY", "5")]);
    let definition = Tens.definition(query.clone()).await.unwrap();
    let read = Tens.read(query, Split::new().with("start", 0), Scan::new(definition.schema));
    assert!(read.await.is_ok());
}
