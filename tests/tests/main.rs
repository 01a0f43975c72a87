//! Tests across crates.

mod golden;
mod java;
mod tpch;
