//! The engine against a fake function that encodes real messages.

mod errors;
mod fake;
mod large;
mod limits;
mod paging;
mod precedence;
mod request_size;
mod rows;
mod semantics;
mod show;
mod table_lookup;
mod trino_rules;
mod udf;
mod zones;
