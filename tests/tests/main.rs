//! Tests across crates: what a test of one crate alone cannot show.

mod documents;
mod golden;
mod java;
mod tpch;
