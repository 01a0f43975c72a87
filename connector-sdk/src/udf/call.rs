//! Call of a vectorized function.

use arrow::array::ArrayRef;

use crate::Context;

/// Call of a vectorized function for some of the rows of a query.
///
/// The SDK builds it from a request. Unit tests of functions use [`new`](Self::new).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Call {
    /// Invocation context. It has no query id and no catalog: the protocol does not send them with
    /// a function.
    pub context: Context,
    /// Arguments, one array for each, in the registered types and of [`rows`](Self::rows) rows.
    pub arguments: Vec<ArrayRef>,
    /// Number of rows, which is also that of the result.
    pub rows: usize,
}

impl Call {
    /// Creates a call with `arguments`, which have `rows` rows each.
    pub fn new(arguments: Vec<ArrayRef>, rows: usize) -> Self {
        Self { context: Context::default(), arguments, rows }
    }
}
