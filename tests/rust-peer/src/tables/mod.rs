//! Rows of every table, built with Arrow only.

pub(crate) mod empty;
pub(crate) mod events;
pub(crate) mod kinds;

/// Name of the only schema.
pub(crate) const SCHEMA: &str = "peer";
/// Names of its tables, sorted.
pub(crate) const TABLES: [&str; 3] = ["empty", "events", "kinds"];
