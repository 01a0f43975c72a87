//! The integration tests of this crate, in one binary: linking the engine is what takes long.

mod command;
mod engine;
mod host;
mod java;
mod tpch;
