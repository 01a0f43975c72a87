//! A limit that is pushed down to a scan.

use athena_protocol::predicate::OrderByField;

/// A limit, with or without an order, that is pushed down to a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushedLimit {
    /// Number of rows that the query needs.
    pub(crate) limit: u64,
    /// Order whose first rows are needed. Any rows if empty.
    pub(crate) order_by: Vec<OrderByField>,
    /// Whether the engine skips its own sort and limit above the scan.
    pub(crate) trusted: bool,
}
