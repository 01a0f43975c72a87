//! Canonical JSON of messages: the same for the same content, whatever the serde version and
//! framing.
//!
//! `tests/golden/README.md` describes the format: blocks are rows, schemas are lists of fields,
//! allocator ids are left out, and a member that a version lacks has the default that a reader of
//! that version assumes. Golden files are compared in it and `athena-local decode` prints it. It
//! cannot be parsed back into messages.

mod block;
mod message;
mod predicate;
mod schema;

pub use block::{block, rows};
pub use message::{encryption_key, function_error, request, response, spill_location, split};
pub use predicate::{constraints, expression, value_set};
pub use schema::{data_type, schema};
