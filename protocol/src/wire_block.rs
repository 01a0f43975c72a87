//! Blocks and schemas as members of a JSON document (section 4.1 of the protocol).

use std::sync::Arc;

use arrow::{
    array::ArrayRef,
    buffer::Buffer,
    datatypes::{DataType, Field, Schema, SchemaRef},
    record_batch::RecordBatch,
};

use crate::{
    block::{Framing, decode_batch_from, decode_schema, encode_batch, encode_schema},
    error::{Error, Result},
    json::{JsonCursor, Writer},
    version::SerdeVersion,
};

/// Value of the allocator ID, a member that peers require and ignore.
const ALLOCATOR: &str = "athena";
/// Name of the only column of a block that holds the values of a marker, set or constant.
const VALUE_COLUMN: &str = "col1";

pub(crate) fn read_schema(at: JsonCursor<'_>) -> Result<SchemaRef> {
    // Version 1 wraps the schema in an object.
    let wrapped = at.member("schema");
    if wrapped.is_missing() {
        return read_schema_bytes(at);
    }
    at.context.is_version_1.set(true);
    read_schema_bytes(wrapped)
}

fn read_schema_bytes(at: JsonCursor<'_>) -> Result<SchemaRef> {
    let bytes = at.bytes()?;
    if at.context.framing.get().is_none() {
        at.context.framing.set(Some(Framing::detect(&bytes)));
    }
    decode_schema(&bytes).map_err(|error| at.locate(error))
}

pub(crate) fn write_schema(schema: &SchemaRef, writer: &mut Writer) -> Result<()> {
    if writer.version == SerdeVersion::V1 {
        return writer.object(|writer| write_schema_bytes(schema, writer.name("schema")));
    }
    write_schema_bytes(schema, writer)
}

fn write_schema_bytes(schema: &SchemaRef, writer: &mut Writer) -> Result<()> {
    let bytes = encode_schema(schema, writer.version.framing())?;
    writer.bytes(&bytes);
    Ok(())
}

pub(crate) fn read_block(at: JsonCursor<'_>) -> Result<RecordBatch> {
    at.object()?;
    let schema = read_schema_bytes(at.member("schema"))?;
    let records = at.member("records");
    decode_batch_from(&Buffer::from(records.bytes()?), &schema)
        .map_err(|error| records.locate(error))
}

pub(crate) fn write_block(block: &RecordBatch, writer: &mut Writer) -> Result<()> {
    writer.object(|writer| {
        writer.name("aId").text(ALLOCATOR);
        write_schema_bytes(&block.schema(), writer.name("schema"))?;
        let mut records = Vec::new();
        if block.num_rows() > 0 {
            encode_batch(block, writer.version.framing(), &mut records)?;
        }
        writer.name("records").bytes(&records);
        Ok(())
    })
}

/// Reads the values of a marker, set or constant.
pub(crate) fn read_values(at: JsonCursor<'_>) -> Result<ArrayRef> {
    let block = read_block(at)?;
    block.column_by_name(VALUE_COLUMN).map(Arc::clone).ok_or_else(|| {
        at.error(format!("is a block without the column {VALUE_COLUMN:?} that holds the values"))
    })
}

pub(crate) fn write_values(values: &ArrayRef, writer: &mut Writer) -> Result<()> {
    let schema = Schema::new(vec![Field::new(VALUE_COLUMN, values.data_type().clone(), true)]);
    let block = RecordBatch::try_new(Arc::new(schema), vec![Arc::clone(values)])
        .map_err(|error| Error::internal("the values do not form a block").with_source(error))?;
    write_block(&block, writer)
}

/// Writes a block of `data_type` without rows.
pub(crate) fn write_no_values(data_type: &DataType, writer: &mut Writer) -> Result<()> {
    write_values(&arrow::array::new_empty_array(data_type), writer)
}
