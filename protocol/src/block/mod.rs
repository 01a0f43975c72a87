//! Arrow schemas and batches as the wire frames them (chapter 4 of the protocol).
//!
//! A block is one encapsulated schema message and at most one encapsulated record batch message, without a stream
//! around them. Zoned timestamps stay packed in what these functions return: see [`crate::zoned`].

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use crate::error::Result;

/// How an encapsulated Arrow message begins, and which metadata version it states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Length first, metadata version 4: serde version 2 and every spilled object.
    Legacy,
    /// Continuation marker, then length, metadata version 5: serde version 3 and up.
    Modern,
}

/// Writes `schema` as one message.
///
/// # Errors
///
/// `Unsupported` for a type without a wire form.
pub fn encode_schema(schema: &SchemaRef, framing: Framing) -> Result<Vec<u8>> {
    let _ = (schema, framing);
    todo!()
}

/// Reads a schema message in either framing.
///
/// # Errors
///
/// `InvalidInput` for anything but one schema message.
pub fn decode_schema(bytes: &[u8]) -> Result<SchemaRef> {
    let _ = bytes;
    todo!()
}

/// Appends `batch` as one record batch message to `out`, without its schema.
///
/// Every buffer of the layout is written, aligned to 8 bytes and never compressed. `out` can be kept between blocks.
///
/// # Errors
///
/// `Unsupported` for a type without a wire form, and for a batch with rows but no columns, which peers cannot read.
pub fn encode_batch(batch: &RecordBatch, framing: Framing, out: &mut Vec<u8>) -> Result<()> {
    let _ = (batch, framing, out);
    todo!()
}

/// Reads a record batch message in either framing, as a batch of `schema`.
///
/// Declared lengths are checked against `bytes` before anything is allocated. No bytes at all are no rows.
///
/// # Errors
///
/// `InvalidInput` for anything but one uncompressed record batch that fits `schema`.
pub fn decode_batch(bytes: &[u8], schema: &SchemaRef) -> Result<RecordBatch> {
    let _ = (bytes, schema);
    todo!()
}

/// How many bytes [`encode_batch`] would append for `batch`, exactly.
///
/// # Errors
///
/// As [`encode_batch`].
pub fn encoded_len(batch: &RecordBatch, framing: Framing) -> Result<usize> {
    let _ = (batch, framing);
    todo!()
}
