//! Result of an expression on one row.

use super::Cell;

/// Result of an expression on one row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// A value, or null.
    Is(Cell),
    /// A failure of the query, such as a division by zero.
    Fails,
    /// A result that is not specified.
    Unknown,
}

impl From<Cell> for Outcome {
    fn from(cell: Cell) -> Self {
        Self::Is(cell)
    }
}

impl From<bool> for Outcome {
    fn from(value: bool) -> Self {
        Self::Is(Cell::Bool(value))
    }
}
