//! The engine against functions that are made up byte by byte.

mod answers;
mod errors;
mod fake;
mod limits;
mod listing;
mod paging;
mod udf;
