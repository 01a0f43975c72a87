//! Tests across crates.

mod documents;
mod golden;
mod java;
mod table_functions;
mod tpch;
mod zones;
