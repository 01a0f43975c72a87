//! Interoperability with the published Java SDK: a Java connector with our engine, and a Java
//! client with our connector.
//!
//! The Java code is in `tests/java-peer`, and the same connector on our SDK in `tests/rust-peer`.
//! `tests/run` builds both and sets the class path.

mod check;
mod connector;
mod expected;
mod java_client;
mod peer;
mod scenario;
mod verdicts;
mod versions;

// The tables of the Rust peer, for comparison. The peer is a binary and cannot be a dependency.
#[path = "../../rust-peer/src/tables/mod.rs"]
mod tables;
