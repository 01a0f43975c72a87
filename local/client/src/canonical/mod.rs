//! Messages as plain JSON that says what they mean, whatever version and framing they came in.
//!
//! The form is described in `tests/golden/README.md`: blocks are rows, schemas are lists of fields,
//! allocator ids are gone, and what a version lacks shows the value that its reader fills in. It is
//! what golden files are compared in, and what people look at: it is not meant to be read back.

mod block;
mod message;
mod predicate;
mod schema;

pub use block::{block, rows};
pub use message::{encryption_key, function_error, request, response, spill_location, split};
pub use predicate::{constraints, expression, value_set};
pub use schema::{data_type, schema};
