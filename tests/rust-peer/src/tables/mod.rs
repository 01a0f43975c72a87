//! The rows of every table, made of Arrow alone.

pub(crate) mod empty;
pub(crate) mod events;
pub(crate) mod kinds;

/// The only schema.
pub(crate) const SCHEMA: &str = "peer";
/// Its tables, in order.
pub(crate) const TABLES: [&str; 3] = ["empty", "events", "kinds"];
