//! Code shared by the targets.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use athena_connector_sdk::{
    Context, Handler, RecordBatchStream, Result, Scan, StaticConnector, Table, TableDef, async_trait,
};
use athena_protocol::{EncryptionKey, Request, SerdeVersion, message::ListTablesRequest};
use tokio::runtime::Runtime;

/// Runtime on which a process runs every input.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without I/O only needs memory")
});

/// Splits an input into a schema and a block: the length of the schema in four bytes, the schema,
/// the block.
pub fn split_block(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = input.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// Creates an input for [`split_block`].
pub fn join_block(schema: &[u8], block: &[u8]) -> Vec<u8> {
    let length = u32::try_from(schema.len()).expect("a schema is shorter than 4 GiB");
    [&length.to_le_bytes()[..], schema, block].concat()
}

/// Returns the key of encrypted objects.
pub fn key() -> EncryptionKey {
    EncryptionKey { key: vec![7; 32], nonce: vec![9; 12] }
}

/// Returns a schema with every kind of array layout that a block can have.
pub fn schema() -> SchemaRef {
    let field = |name: &str, data_type: DataType| Field::new(name, data_type, true);
    let element = Arc::new(field("element", DataType::Utf8));
    let entries = Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        field("value", DataType::Int32),
    ]);
    Arc::new(Schema::new(vec![
        field("flag", DataType::Boolean),
        field("tiny", DataType::Int8),
        field("id", DataType::Int64),
        field("price", DataType::Decimal128(38, 10)),
        field("name", DataType::Utf8),
        field("image", DataType::Binary),
        field("born", DataType::Date32),
        field("seen", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))),
        field("tags", DataType::List(element)),
        field(
            "place",
            DataType::Struct(Fields::from(vec![
                field("x", DataType::Float64),
                field("y", DataType::Float32),
            ])),
        ),
        field(
            "map",
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false),
        ),
    ]))
}

struct Empty;

#[async_trait]
impl Table for Empty {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        Ok(TableDef::new([Field::new("n", DataType::Int64, true)]))
    }

    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        unreachable!("no target reads rows")
    }
}

/// Creates a function with ten tables in schema `s`.
pub fn ten_tables() -> Handler {
    Handler::new(
        (0..10)
            .fold(StaticConnector::new(), |catalog, n| catalog.table("s", format!("t{n}"), Empty)),
    )
}

/// Encodes a request for three of the tables: the first ones, or those after `token`.
pub fn list_tables(token: Option<&str>) -> Vec<u8> {
    let request = Request::ListTables(ListTablesRequest {
        identity: None,
        query_id: None,
        catalog_name: "c".into(),
        schema_name: Some("s".into()),
        next_token: token.map(str::to_owned),
        page_size: 3,
    });
    request.encode(SerdeVersion::LATEST).expect("the latest version supports the message")
}
