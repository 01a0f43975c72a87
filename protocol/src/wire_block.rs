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
    json::{Cursor, Writer},
    version::SerdeVersion,
};

/// What stands for the allocator of a block; peers ignore it and want it there.
const ALLOCATOR: &str = "athena";
/// The column of every block that holds the values of a marker, a set or a constant.
const VALUE_COLUMN: &str = "col1";

fn framing(writer: &Writer) -> Framing {
    if writer.version.has_legacy_framing() { Framing::Legacy } else { Framing::Modern }
}

pub(crate) fn read_schema(at: Cursor<'_>) -> Result<SchemaRef> {
    // Version 1 wraps it in an object.
    let wrapped = at.member("schema");
    if wrapped.is_missing() {
        return read_schema_bytes(at);
    }
    at.context.is_version_1.set(true);
    read_schema_bytes(wrapped)
}

fn read_schema_bytes(at: Cursor<'_>) -> Result<SchemaRef> {
    let bytes = at.bytes()?;
    if at.context.framing.get().is_none() {
        let modern = bytes.starts_with(&[0xFF; 4]);
        at.context.framing.set(Some(if modern { Framing::Modern } else { Framing::Legacy }));
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
    let bytes = encode_schema(schema, framing(writer))?;
    writer.bytes(&bytes);
    Ok(())
}

pub(crate) fn read_block(at: Cursor<'_>) -> Result<RecordBatch> {
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
            encode_batch(block, framing(writer), &mut records)?;
        }
        writer.name("records").bytes(&records);
        Ok(())
    })
}

/// The values of a marker, a set or a constant.
pub(crate) fn read_values(at: Cursor<'_>) -> Result<ArrayRef> {
    let block = read_block(at)?;
    block.column_by_name(VALUE_COLUMN).map(Arc::clone).ok_or_else(|| {
        at.error(format!("is a block without a column {VALUE_COLUMN:?}, which holds the values"))
    })
}

pub(crate) fn write_values(values: &ArrayRef, writer: &mut Writer) -> Result<()> {
    let schema = Schema::new(vec![Field::new(VALUE_COLUMN, values.data_type().clone(), true)]);
    let block = RecordBatch::try_new(Arc::new(schema), vec![Arc::clone(values)])
        .map_err(|error| Error::internal("values do not make a block").with_source(error))?;
    write_block(&block, writer)
}

/// A block of the type of values, without any.
pub(crate) fn write_no_values(data_type: &DataType, writer: &mut Writer) -> Result<()> {
    write_values(&arrow::array::new_empty_array(data_type), writer)
}
