//! Recorded wire data of the Java SDK, for tests across crates.

pub mod golden;
