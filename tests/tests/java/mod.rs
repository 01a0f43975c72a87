//! Interop with the published Java SDK: its connector behind our engine, and its client before our
//! connector.
//!
//! The Java side and the twin of its connector live in `tests/java-peer`; `tests/run` builds them
//! and names the class path.

mod caller;
mod check;
mod connector;
mod expected;
mod peer;
mod verdicts;
mod versions;
mod way;

// What the twin serves, for comparison. The twin itself cannot be a dependency: this crate knows no
// SDK.
#[path = "../../rust-peer/src/tables/mod.rs"]
mod tables;
