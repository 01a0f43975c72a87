//! Options of table scans.

use super::pushdown::PushdownMode;

/// Options of all table scans of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanOptions {
    /// Constraints to push down.
    pub(crate) pushdown: PushdownMode,
    /// Whether the engine skips filters, orders and limits that were pushed down.
    pub(crate) trust: bool,
    /// Maximum number of splits read concurrently.
    pub(crate) concurrency: usize,
}
