//! Arrow schemas and record batches in their wire framing (chapter 4 of the protocol).
//!
//! A block is one encapsulated schema message and at most one encapsulated record batch message,
//! not a stream. Timestamps with a time zone are packed in both directions: see
//! [`timestamp_tz`](crate::timestamp_tz).
//!
//! Messages are written byte for byte as the Java SDK writes them, and read more leniently: buffers
//! may lie anywhere in the body, and a validity bitmap may be absent if the null count implies it.
//! Input is not trusted: every declared length is checked against the bytes before it is used.
//!
//! # Examples
//!
//! Record batch messages do not contain their schema:
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow::{array::{ArrayRef, Int64Array}, record_batch::RecordBatch};
//! use athena_protocol::block::{
//!     Framing, decode_batch, decode_schema, encode_batch, encode_schema, encoded_len,
//! };
//!
//! let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
//! let batch = RecordBatch::try_from_iter([("id", ids)]).expect("one column");
//!
//! let schema = encode_schema(&batch.schema(), Framing::Modern)?;
//! let mut records = Vec::new();
//! encode_batch(&batch, Framing::Modern, &mut records)?;
//! assert_eq!(records.len(), encoded_len(&batch, Framing::Modern)?);
//! assert_eq!(decode_batch(&records, &decode_schema(&schema)?)?, batch);
//! # Ok::<(), athena_protocol::Error>(())
//! ```

mod arrays;
mod column_path;
mod decode;
mod encode;
mod frame;
mod layout;
mod metadata;
mod schema;
mod supported;
#[cfg(test)]
mod tests;

pub use decode::{decode_batch, decode_batch_from};
pub use encode::{BlockLen, encode_batch, encode_batches, encoded_len};
pub use frame::Framing;
pub use schema::{decode_schema, encode_schema};

// Values are copied between Arrow's buffers, which have native byte order, and the wire, which is
// little endian.
#[cfg(target_endian = "big")]
compile_error!("athena-protocol supports little endian targets only");
