//! Tests across crates.

mod documents;
mod golden;
mod harness_filter;
mod java;
mod table_functions;
mod tpch;
mod zones;
