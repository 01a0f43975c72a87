//! Interop with the published Java SDK: its connector behind our engine, and its client before our connector.
//!
//! The Java side and the twin of its connector live in `tests/java-peer`; `tests/run` builds them and names the class path.

mod connector;
mod peer;
