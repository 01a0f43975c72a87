//! Pings, table definitions, capabilities and partitions.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{ArrayRef, BinaryArray, Int32Array, Int64Array, StringArray},
    datatypes::{DataType, Field, Schema, TimeUnit},
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_connector_sdk::{ErrorKind, Handler, TableDef};
use athena_protocol::{
    Constraints, Request, Response, SerdeVersion,
    message::{GetDataSourceCapabilitiesRequest, GetTableRequest, PingRequest},
    predicate::functions,
};

use crate::fixture::*;

#[tokio::test]
async fn a_ping_is_answered_without_the_connector() {
    let fake = FakeConnector::new(numbers(0, 1));
    let calls = Arc::clone(&fake.calls);
    let ping = PingRequest { identity: None, catalog_name: "c".into(), query_id: QUERY.into() };
    match invoke(&Handler::new(fake), Request::Ping(ping)).await.unwrap() {
        Response::Ping(response) => {
            assert_eq!(response.source_type.as_deref(), Some("fake"));
            assert_eq!((response.capabilities, response.serde_version), (24, 6));
            assert_eq!((response.catalog_name.as_str(), response.query_id.as_str()), ("c", QUERY));
        }
        other => panic!("{}", other.type_name()),
    }
    assert!(calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_response_has_the_version_of_its_request() {
    let handler = Handler::new(FakeConnector::new(numbers(0, 3)));
    for version in [SerdeVersion::V2, SerdeVersion::V3, SerdeVersion::V4, SerdeVersion::V6] {
        let bytes = Request::ReadRecords(without_spill_location(read_request(n())))
            .encode(version)
            .unwrap();
        let response = handler.handle(&bytes, None).await.unwrap();
        // Base64 of the marker at the start of the modern framing.
        let modern = String::from_utf8(response.clone()).unwrap().contains(r#""schema":"/////"#);
        assert_eq!(modern, version > SerdeVersion::V2, "{version:?}");
        match Response::decode(&response).unwrap() {
            Response::ReadRecords(response) => assert_eq!(response.records.num_rows(), 3),
            other => panic!("{}", other.type_name()),
        }
    }
}

#[tokio::test]
async fn malformed_requests_are_invalid_input() {
    let handler = math();
    for bytes in [
        &b""[..],
        b"null",
        b"{",
        b"{}",
        b"[]",
        b"\xFF\xFE",
        br#"{"@type":"Hello"}"#,
        br#"{"key1":"value1"}"#,
    ] {
        let error = handler.handle(bytes, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
}

async fn definition(handler: &Handler) -> athena_protocol::message::GetTableResponse {
    match invoke(handler, table_request("t")).await.unwrap() {
        Response::GetTable(response) => response,
        other => panic!("{}", other.type_name()),
    }
}

fn defined(definition: TableDef) -> Handler {
    Handler::new(FakeConnector { definition, ..FakeConnector::new(numbers(0, 1)) })
}

#[tokio::test]
async fn a_definition_has_wire_types_and_comments() {
    let table = TableDef::new([
        Field::new("at", DataType::Timestamp(TimeUnit::Nanosecond, None), true),
        Field::new("region", DataType::Utf8View, true),
    ]);
    let table = table.with_partition_columns(["region"]).with_comment("at", "time of the event");
    let response = definition(&defined(table)).await;
    assert_eq!(response.schema.field(0).data_type(), &DataType::Date64);
    assert_eq!(response.schema.field(1).data_type(), &DataType::Utf8);
    assert_eq!(response.schema.metadata()["at"], "time of the event");
    assert_eq!(response.partition_columns, ["region"]);
}

#[tokio::test]
async fn a_definition_that_cannot_be_queried_is_rejected() {
    let field = |name: &str| Field::new(name, DataType::Int64, true);
    for table in [
        TableDef::new([field("id"), field("ID")]),
        TableDef::new([field("")]),
        TableDef::new([]),
        TableDef::new([field("id")]).with_partition_columns(["region"]),
        TableDef::new([field("id")]).with_partition_columns(["id", "id"]),
    ] {
        assert_eq!(
            error_kind(&defined(table.clone()), table_request("t")).await,
            ErrorKind::Internal,
            "{table:?}"
        );
    }
    let nested = DataType::Struct(
        vec![Field::new("gap", DataType::Duration(TimeUnit::Second), true)].into(),
    );
    let error =
        invoke(&defined(TableDef::new([Field::new("s", nested, true)])), table_request("t"))
            .await
            .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("s.gap"), "{error}");
}

#[tokio::test]
async fn an_unknown_table_is_not_found() {
    assert_eq!(
        error_kind(&defined(TableDef::new([])), table_request("u")).await,
        ErrorKind::NotFound
    );
    assert_eq!(error_kind(&math(), table_request("u")).await, ErrorKind::NotFound);
}

#[tokio::test]
async fn a_passthrough_query_is_rejected_without_a_passthrough_function() {
    let Request::GetTable(request) = table_request("t") else {
        unreachable!("the request has this type")
    };
    let arguments = BTreeMap::from([("QUERY".to_owned(), Some("SELECT 1".to_owned()))]);
    let handler = Handler::new(FakeConnector::new(numbers(0, 1)));
    let request = Request::GetTable(GetTableRequest {
        query_passthrough_arguments: arguments.clone(),
        ..request
    });
    assert_eq!(error_kind(&handler, request).await, ErrorKind::Unsupported);
    let constraints =
        Constraints { query_passthrough_arguments: arguments, ..Constraints::default() };
    let read = without_spill_location(athena_protocol::message::ReadRecordsRequest {
        constraints,
        ..read_request(n())
    });
    assert_eq!(error_kind(&handler, Request::ReadRecords(read)).await, ErrorKind::Unsupported);
}

#[tokio::test]
async fn capabilities_are_those_of_the_sdk() {
    let request = GetDataSourceCapabilitiesRequest {
        identity: None,
        query_id: None,
        catalog_name: "c".into(),
    };
    let Response::GetDataSourceCapabilities(response) =
        invoke(&math(), Request::GetDataSourceCapabilities(request)).await.unwrap()
    else {
        panic!("not a capabilities response")
    };
    let sub_types = |name: &str| {
        response.capabilities[name].iter().map(|s| s.sub_type.as_str()).collect::<Vec<_>>()
    };
    let filters =
        ["sorted_range_set", "equatable_range_set", "all_or_none_value_set", "nullable_comparison"];
    assert_eq!(sub_types("supports_filter_pushdown"), filters);
    assert_eq!(sub_types("supports_limit_pushdown"), ["integer_constant"]);
    assert_eq!(sub_types("supports_top_n_pushdown"), ["SUPPORTS_ORDER_BY"]);
    let announced = &response.capabilities["supports_complex_expression_pushdown"][0].properties;
    assert!(announced.iter().any(|name| name == functions::LIKE_PATTERN));
}

async fn layout(
    fake: FakeConnector,
    columns: &[&str],
    constraints: Constraints,
) -> athena_connector_sdk::Result<RecordBatch> {
    let table = schema(&[("region", DataType::Int64), ("size", DataType::Int64)]);
    match invoke(&Handler::new(fake), layout_request(table, columns, constraints)).await? {
        Response::GetTableLayout(response) => Ok(response.partitions),
        other => panic!("{}", other.type_name()),
    }
}

fn partitions(rows: impl Iterator<Item = i64> + Clone) -> RecordBatch {
    // The connector's own column has the name of a column of the table.
    let size: ArrayRef =
        Arc::new(StringArray::from_iter_values(rows.clone().map(|n| format!("{n} files"))));
    let region: ArrayRef =
        Arc::new(Int32Array::from_iter_values(rows.map(|n| i32::try_from(n).unwrap())));
    let batch = RecordBatch::try_from_iter([("size", size), ("region", region)]).unwrap();
    let metadata = [("source".to_owned(), "files".to_owned())].into();
    let schema = Schema::new_with_metadata(batch.schema().fields().clone(), metadata);
    RecordBatch::try_new(Arc::new(schema), batch.columns().to_vec()).unwrap()
}

#[tokio::test]
async fn partitions_are_pruned_only_by_partition_columns() {
    let fake = FakeConnector {
        partitions: vec![partitions(0..5), partitions(5..10)],
        ..FakeConnector::new(numbers(0, 1))
    };
    let mut constraints = only("region", &[3, 7, 99]);
    constraints.summary.extend(only("size", &[1]).summary);
    let found = layout(fake, &["region"], constraints).await.unwrap();
    let region = found.column_by_name("region").unwrap();
    assert_eq!(region.as_ref(), &Int64Array::from(vec![3, 7]), "in the table's type");
    let size = found.column_by_name("size").unwrap();
    assert_eq!(size.as_ref(), &StringArray::from(vec!["3 files", "7 files"]));
    assert_eq!(found.schema().metadata()["source"], "files");
}

#[tokio::test]
async fn a_request_with_a_wrong_type_of_partition_column_is_invalid_input() {
    let region: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"emea"]));
    let bytes = RecordBatch::try_from_iter([("region", region)]).unwrap();
    let fake =
        FakeConnector { partitions: vec![bytes.clone()], ..FakeConnector::new(bytes.clone()) };
    let error = layout(fake, &["region"], Constraints::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.message().contains("\"region\" as Binary"), "{error}");
    // A connector that deviates from its own definition is at fault.
    let fake = FakeConnector { partitions: vec![bytes], ..FakeConnector::new(numbers(0, 1)) };
    let fake = FakeConnector {
        definition: TableDef::new([Field::new("region", DataType::Int64, true)])
            .with_partition_columns(["region"]),
        ..fake
    };
    assert_eq!(
        layout(fake, &["region"], Constraints::default()).await.unwrap_err().kind(),
        ErrorKind::Internal
    );
}

#[tokio::test]
async fn pruning_all_partitions_gives_an_empty_block() {
    let fake =
        FakeConnector { partitions: vec![partitions(0..5)], ..FakeConnector::new(numbers(0, 1)) };
    let found = layout(fake, &["region"], only("region", &[99])).await.unwrap();
    assert_eq!((found.num_rows(), found.num_columns()), (0, 2));
    let none = layout(FakeConnector::new(numbers(0, 1)), &["region"], Constraints::default())
        .await
        .unwrap();
    assert_eq!((none.num_rows(), none.num_columns()), (0, 1));
}

#[tokio::test]
async fn a_table_without_partition_columns_is_one_partition() {
    let one_row = RecordBatchOptions::new().with_row_count(Some(1));
    let without_columns =
        RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &one_row).unwrap();
    for partitions in
        [vec![without_columns.clone()], vec![without_columns.clone(), without_columns]]
    {
        let found = layout(
            FakeConnector { partitions, ..FakeConnector::new(numbers(0, 1)) },
            &[],
            only("region", &[99]),
        )
        .await
        .unwrap();
        assert_eq!(found.num_rows(), 1);
        assert_eq!(
            found.column_by_name("partitionId").unwrap().as_ref(),
            &Int32Array::from(vec![1])
        );
    }
    assert_eq!(
        layout(FakeConnector::new(numbers(0, 1)), &[], Constraints::default())
            .await
            .unwrap()
            .num_rows(),
        0
    );
}

#[tokio::test]
async fn a_layout_that_is_too_large_is_rejected_with_a_remedy() {
    let fake = FakeConnector {
        partitions: vec![partitions(0..400_000); 2],
        ..FakeConnector::new(numbers(0, 1))
    };
    let error = layout(fake, &["region"], Constraints::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("get_splits"), "{error}");
}
