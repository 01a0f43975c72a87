//! What the targets share.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use athena_protocol::EncryptionKey;
use tokio::runtime::Runtime;

/// The runtime that every input of a process is run in.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime needs no more than memory")
});

/// A schema and a block of it in one input: the length of the schema in four bytes, the schema, the block.
pub fn split_block(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = input.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// The input that [`split_block`] takes apart.
pub fn join_block(schema: &[u8], block: &[u8]) -> Vec<u8> {
    let length = u32::try_from(schema.len()).expect("a schema is not that long");
    [&length.to_le_bytes()[..], schema, block].concat()
}

/// The key of the objects that are opened with one.
pub fn key() -> EncryptionKey {
    EncryptionKey { key: vec![7; 32], nonce: vec![9; 12] }
}

/// Every kind of layout that a block can have.
pub fn schema() -> SchemaRef {
    let field = |name: &str, data_type: DataType| Field::new(name, data_type, true);
    let element = Arc::new(field("element", DataType::Utf8));
    let entries = Fields::from(vec![Field::new("key", DataType::Utf8, false), field("value", DataType::Int32)]);
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
            DataType::Struct(Fields::from(vec![field("x", DataType::Float64), field("y", DataType::Float32)])),
        ),
        field("map", DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)),
    ]))
}
