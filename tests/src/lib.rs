//! Recorded bytes of the Java SDK, for tests across crates.

pub mod golden;
