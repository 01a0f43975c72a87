//! Decoding of record batch messages (section 4.6 of the protocol).

use std::sync::Arc;

use arrow::{
    array::new_empty_array,
    buffer::Buffer,
    datatypes::SchemaRef,
    ipc::MetadataVersion,
    record_batch::{RecordBatch, RecordBatchOptions},
};

use super::{arrays::ArrayReader, column_path::ColumnPath, frame};
use crate::error::{Error, Result};

/// Decodes a record batch message, in either framing, as a batch of `schema`.
///
/// Empty `bytes` decode to zero rows; bytes after the body are ignored. Declared lengths are
/// checked against `bytes` before anything is allocated. The body is copied once; use
/// [`decode_batch_from`] to avoid that.
///
/// # Errors
///
/// `InvalidInput` for anything but one uncompressed record batch that fits `schema`;
/// `Unsupported` if `schema` has a type without a wire form, naming the column.
pub fn decode_batch(bytes: &[u8], schema: &SchemaRef) -> Result<RecordBatch> {
    decode(bytes, schema, |body| Buffer::from(body))
}

/// Decodes a record batch message like [`decode_batch`], with `message` as the memory of the batch.
///
/// Only buffers that are not aligned for their type are copied.
///
/// # Errors
///
/// As [`decode_batch`].
pub fn decode_batch_from(message: &Buffer, schema: &SchemaRef) -> Result<RecordBatch> {
    decode(message, schema, |body| message.slice_with_length(offset_in(message, body), body.len()))
}

/// Returns the offset of `part`, a slice of `whole`, in `whole`.
fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr() - whole.as_ptr().addr()
}

fn decode(
    bytes: &[u8],
    schema: &SchemaRef,
    body: impl FnOnce(&[u8]) -> Buffer,
) -> Result<RecordBatch> {
    if bytes.is_empty() {
        return no_rows(schema);
    }
    let (message, end) = frame::read(bytes)?;
    let batch = message.header_as_record_batch().ok_or_else(|| {
        let kind = message.header_type().variant_name().unwrap_or("unknown");
        Error::invalid_input(format!(
            "an Arrow message holds a header of kind {kind}, expected a RecordBatch"
        ))
    })?;
    if ![MetadataVersion::V4, MetadataVersion::V5].contains(&message.version()) {
        let version = message.version().0;
        return Err(Error::invalid_input(format!(
            "a record batch has metadata version number {version}, expected 3 (V4) or 4 (V5)"
        )));
    }
    if batch.compression().is_some() {
        return Err(Error::invalid_input(
            "a record batch is compressed, which peers cannot read: send it uncompressed",
        ));
    }
    let rest = &bytes[end..];
    let body_len = message.bodyLength();
    let declared =
        usize::try_from(body_len).ok().and_then(|len| rest.get(..len)).ok_or_else(|| {
            let available = rest.len();
            Error::invalid_input(format!(
                "a record batch declares a body of {body_len} bytes, but {available} follow"
            ))
        })?;
    let rows = row_count(batch.length())?;
    let nodes = batch.nodes().into_iter().flatten().map(|node| (node.length(), node.null_count()));
    let buffers =
        batch.buffers().into_iter().flatten().map(|buffer| (buffer.offset(), buffer.length()));
    let mut reader =
        ArrayReader::new(body(declared), nodes.collect(), buffers.collect(), bytes.len());
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        columns.push(reader.read(ColumnPath::column(field.name()), field.data_type(), rows)?);
    }
    reader.finish()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(|error| {
        Error::invalid_input("a record batch does not fit its schema").with_source(error)
    })
}

fn no_rows(schema: &SchemaRef) -> Result<RecordBatch> {
    super::schema::check(schema)?;
    let columns = schema.fields().iter().map(|field| new_empty_array(field.data_type())).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(0));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| Error::internal("empty columns do not form a batch").with_source(error))
}

/// Peers count rows in 32 bits.
fn row_count(length: i64) -> Result<usize> {
    i32::try_from(length).ok().and_then(|rows| usize::try_from(rows).ok()).ok_or_else(|| {
        Error::invalid_input(format!(
            "a record batch declares {length} rows, expected 0 to 2147483647"
        ))
    })
}
