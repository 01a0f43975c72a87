//! Tests across crates.

mod documents;
mod golden;
mod java;
mod tpch;
mod zones;
