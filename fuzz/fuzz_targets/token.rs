//! Any text as a page token: `InvalidInput`, or a page of the list that it belongs to.
#![no_main]

use std::sync::LazyLock;

use athena_connector_sdk::{
    Catalog, Handler, RecordBatchStream, Result, Scan, Table, TableDef,
    arrow::datatypes::{DataType, Field},
    async_trait,
};
use athena_fuzz::RUNTIME;
use athena_protocol::{ErrorKind, Request, Response, SerdeVersion, message::ListTablesRequest};
use libfuzzer_sys::fuzz_target;

struct Empty;

#[async_trait]
impl Table for Empty {
    fn definition(&self) -> TableDef {
        TableDef::new([Field::new("n", DataType::Int64, true)])
    }

    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        unreachable!("nobody reads")
    }
}

static HANDLER: LazyLock<Handler> = LazyLock::new(|| {
    let tables = (0..10).fold(Catalog::new(), |catalog, n| catalog.table("s", format!("t{n}"), Empty));
    Handler::new(tables)
});

fuzz_target!(|token: &str| {
    let request = Request::ListTables(ListTablesRequest {
        identity: None,
        query_id: None,
        catalog_name: "c".into(),
        schema_name: Some("s".into()),
        next_token: Some(token.to_owned()),
        page_size: 3,
    });
    let request = request.encode(SerdeVersion::LATEST).expect("the newest version carries it");
    match RUNTIME.block_on(HANDLER.handle(&request, None)) {
        Ok(answer) => assert!(matches!(Response::decode(&answer), Ok(Response::ListTables(_)))),
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}"),
    }
});
