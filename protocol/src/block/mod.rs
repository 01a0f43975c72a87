//! Arrow schemas and batches as the wire frames them (chapter 4 of the protocol).
//!
//! A block is one encapsulated schema message and at most one encapsulated record batch message,
//! without a stream around them. Zoned timestamps stay packed in what these functions return: see
//! [`crate::zoned`].
//!
//! The messages are written as the Java SDK writes them, down to the order of their tables, and
//! read more leniently: buffers may lie anywhere in the body, and a validity bitmap may be missing
//! where the null count says the same. Nothing that is read is trusted: every declared length is
//! held against the bytes before it is used.

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

// Values are copied between Arrow's buffers, which have the order of the machine, and the wire,
// which is little endian.
#[cfg(target_endian = "big")]
compile_error!("blocks are only written and read on little endian machines");
