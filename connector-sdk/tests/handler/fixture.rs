//! Configurable fake connector, in-memory object store and request builders.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use arrow::{
    array::{ArrayRef, Int64Array, StringArray},
    datatypes::{DataType, Field, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{
    Connector, Context, Error, ErrorKind, GetPartitions, GetSplits, GetTable, Handler, ListSchemas,
    ListTables, PageStream, ReadRecords, RecordBatchStream, Result, Scan, Settings, Split,
    StaticConnector, Table, TableDef, TableName, async_trait,
};
use athena_protocol::{
    Constraints, FederatedIdentity, Request, Response, S3SpillLocation, SerdeVersion,
    message::{
        GetSplitsRequest, GetTableLayoutRequest, GetTableRequest, ListTablesRequest,
        ReadRecordsRequest,
    },
    predicate::{EquatableValueSet, ValueSet},
};
use athena_spill::{SpillReader, testing::MemoryStore};
use futures::{StreamExt, TryStreamExt, stream};

pub(crate) const QUERY: &str = "8f6c0f3e-7a41-4a5e-9a3e-5d5f0a7f2b10";
pub(crate) const BUCKET: &str = "my-spill";

type Read = Box<dyn Fn(ReadRecords) -> Result<RecordBatchStream> + Send + Sync>;

/// Connector of one configurable table `s.t`.
pub(crate) struct FakeConnector {
    pub(crate) definition: TableDef,
    pub(crate) partitions: Vec<RecordBatch>,
    pub(crate) splits: usize,
    pub(crate) tables: usize,
    pub(crate) read: Read,
    /// Methods called so far.
    pub(crate) calls: Arc<Mutex<Vec<&'static str>>>,
}

impl FakeConnector {
    /// Creates a table with the columns and rows of `rows`.
    pub(crate) fn new(rows: RecordBatch) -> Self {
        let definition =
            TableDef::new(rows.schema().fields().iter().map(|field| field.as_ref().clone()));
        Self {
            definition,
            partitions: vec![],
            splits: 1,
            tables: 1,
            read: Box::new(move |_| Ok(rows.clone().into())),
            calls: Arc::default(),
        }
    }

    pub(crate) fn with_read(
        mut self,
        read: impl Fn(ReadRecords) -> Result<RecordBatchStream> + Send + Sync + 'static,
    ) -> Self {
        self.read = Box::new(read);
        self
    }

    fn called(&self, method: &'static str) {
        self.calls.lock().unwrap().push(method);
    }
}

#[async_trait]
impl Connector for FakeConnector {
    fn source_type(&self) -> &'static str {
        "fake"
    }

    async fn list_schemas(&self, _: ListSchemas) -> Result<PageStream<String>> {
        self.called("list_schemas");
        PageStream::from_list(["s".to_owned()], None)
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        self.called("list_tables");
        PageStream::from_list(
            (0..self.tables).map(|n| format!("t{n}")),
            request.start_after.as_ref(),
        )
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        self.called("get_table");
        if request.table == TableName::new("s", "t") {
            return Ok(self.definition.clone());
        }
        Err(Error::not_found(format!("table {} does not exist", request.table)))
    }

    async fn get_partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
        self.called("get_partitions");
        Ok(RecordBatchStream::new(stream::iter(self.partitions.clone()).map(Ok)))
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        self.called("get_splits");
        PageStream::from_list(
            (0..self.splits).map(|n| Split::new().with("number", n)),
            request.start_after.as_ref(),
        )
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        self.called("read_records");
        (self.read)(request)
    }
}

/// Table of the squares of the numbers below 1,000.
pub(crate) struct Squares;

#[async_trait]
impl Table for Squares {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        Ok(TableDef::new([
            Field::new("n", DataType::Int64, false),
            Field::new("square", DataType::Int64, false),
        ]))
    }

    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        let column = |f: fn(i64) -> i64| {
            Arc::new(Int64Array::from_iter_values((0..1_000).map(f))) as ArrayRef
        };
        let batch =
            RecordBatch::try_from_iter([("square", column(|n| n * n)), ("n", column(|n| n))]);
        Ok(batch.expect("columns of one length").into())
    }
}

pub(crate) fn math() -> Handler {
    Handler::new(StaticConnector::new().table("math", "squares", Squares))
}

pub(crate) fn settings(more: &[(&str, &str)]) -> Settings {
    let all = [("spill_bucket", BUCKET)].into_iter().chain(more.iter().copied());
    Settings::from_vars(all).expect("settings are valid")
}

/// Creates a handler of `connector`, and the store that it spills to.
pub(crate) fn spilling(connector: impl Connector) -> (Handler, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    let handler = Handler::new(connector)
        .with_settings(settings(&[]))
        .with_object_store(Arc::clone(&store) as _);
    (handler, store)
}

/// Invokes the handler with `request` in the latest serde version.
pub(crate) async fn invoke(handler: &Handler, request: Request) -> Result<Response> {
    let response = handler.handle(&request.encode(SerdeVersion::LATEST)?, None).await?;
    Response::decode(&response)
}

pub(crate) async fn error_kind(handler: &Handler, request: Request) -> ErrorKind {
    invoke(handler, request).await.expect_err("the request must fail").kind()
}

pub(crate) fn table_request(table: &str) -> Request {
    table_request_of("s", table)
}

pub(crate) fn table_request_of(schema: &str, table: &str) -> Request {
    Request::GetTable(GetTableRequest {
        identity: None,
        query_id: Some(QUERY.into()),
        catalog_name: "c".into(),
        table_name: TableName::new(schema, table),
        query_passthrough_arguments: BTreeMap::new(),
    })
}

pub(crate) fn tables_request(
    schema: &str,
    page_size: i32,
    next_token: Option<String>,
) -> ListTablesRequest {
    ListTablesRequest {
        identity: None,
        query_id: Some(QUERY.into()),
        catalog_name: "c".into(),
        schema_name: Some(schema.into()),
        next_token,
        page_size,
    }
}

pub(crate) fn layout_request(
    schema: SchemaRef,
    partition_columns: &[&str],
    constraints: Constraints,
) -> Request {
    Request::GetTableLayout(GetTableLayoutRequest {
        identity: None,
        query_id: Some(QUERY.into()),
        catalog_name: "c".into(),
        table_name: TableName::new("s", "t"),
        constraints,
        schema,
        partition_columns: partition_columns.iter().map(|&name| name.to_owned()).collect(),
    })
}

pub(crate) fn splits_request() -> GetSplitsRequest {
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    GetSplitsRequest {
        identity: Some(FederatedIdentity::default()),
        query_id: Some(QUERY.into()),
        catalog_name: "c".into(),
        table_name: TableName::new("s", "t"),
        partitions: RecordBatch::try_from_iter([("partitionId", one)]).unwrap(),
        partition_columns: vec![],
        constraints: Constraints::default(),
        continuation_token: None,
    }
}

/// Creates a read of the columns `schema`, with a spill location that belongs to the function.
pub(crate) fn read_request(schema: SchemaRef) -> ReadRecordsRequest {
    ReadRecordsRequest {
        identity: Some(FederatedIdentity::default()),
        query_id: QUERY.into(),
        catalog_name: "c".into(),
        table_name: TableName::new("s", "t"),
        schema,
        split: athena_protocol::Split {
            spill_location: Some(S3SpillLocation {
                bucket: Some(BUCKET.into()),
                key: Some(format!("athena-federation-spill/{QUERY}/0")),
                directory: true,
            }),
            encryption_key: Some(athena_protocol::EncryptionKey {
                key: vec![7; 32],
                nonce: vec![9; 12],
            }),
            properties: BTreeMap::from([("number".to_owned(), "3".to_owned())]),
        },
        constraints: Constraints::default(),
        max_block_size: 16_000_000,
        max_inline_block_size: 5_242_880,
    }
}

/// Removes the spill location.
pub(crate) fn without_spill_location(mut request: ReadRecordsRequest) -> ReadRecordsRequest {
    request.split.spill_location = None;
    request
}

/// Reads the rows of a split, inline or from spilled blocks.
pub(crate) async fn read(
    handler: &Handler,
    store: &Arc<MemoryStore>,
    request: ReadRecordsRequest,
) -> Result<ReadResult> {
    match invoke(handler, Request::ReadRecords(request)).await? {
        Response::ReadRecords(response) => {
            Ok(ReadResult { batches: vec![response.records], blocks: None })
        }
        Response::RemoteReadRecords(response) => {
            let blocks = Some(response.remote_blocks.len());
            let reader = SpillReader::new(Arc::clone(store) as _, 2);
            let batches = reader.read(response).map_ok(|(batch, _)| batch).try_collect().await?;
            Ok(ReadResult { batches, blocks })
        }
        other => panic!("{} is not a response to a read", other.type_name()),
    }
}

/// Rows of a read.
pub(crate) struct ReadResult {
    pub(crate) batches: Vec<RecordBatch>,
    /// Number of blocks; `None` for an inline response.
    pub(crate) blocks: Option<usize>,
}

impl fmt::Debug for ReadResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows in {:?} blocks", self.count(), self.blocks)
    }
}

impl ReadResult {
    pub(crate) fn count(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    pub(crate) fn numbers(&self, column: &str) -> Vec<i64> {
        let values = |batch: &RecordBatch| {
            let column = batch.column_by_name(column).expect("the column is there");
            let column =
                column.as_any().downcast_ref::<Int64Array>().expect("the column holds numbers");
            column.values().to_vec()
        };
        self.batches.iter().flat_map(values).collect()
    }
}

pub(crate) fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    Arc::new(Schema::new(
        fields.iter().map(|(name, t)| Field::new(*name, t.clone(), true)).collect::<Vec<_>>(),
    ))
}

/// Creates rows with `n` from `from` to before `to`, and a text for each.
pub(crate) fn numbers(from: i64, to: i64) -> RecordBatch {
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values(from..to));
    let text: ArrayRef =
        Arc::new(StringArray::from_iter_values((from..to).map(|n| format!("number {n}"))));
    RecordBatch::try_from_iter_with_nullable([("n", n, true), ("text", text, true)]).unwrap()
}

pub(crate) fn n() -> SchemaRef {
    schema(&[("n", DataType::Int64)])
}

/// Creates constraints that allow `values` in `column`.
pub(crate) fn only(column: &str, values: &[i64]) -> Constraints {
    let set = EquatableValueSet {
        values: Arc::new(Int64Array::from(values.to_vec())),
        inclusive: true,
        null_allowed: false,
    };
    let summary = BTreeMap::from([(column.to_owned(), ValueSet::Equatable(set))]);
    Constraints { summary, ..Constraints::default() }
}
