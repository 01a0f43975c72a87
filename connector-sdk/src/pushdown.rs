//! Handing parts of a predicate to the source.

use std::sync::atomic::AtomicBool;

use athena_protocol::predicate::{Expression, ValueSet};

/// One condition; all of them must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Conjunct<'a> {
    /// The column's value is in the set.
    Values {
        /// Column name.
        column: &'a str,
        /// Allowed values.
        set: &'a ValueSet,
    },
    /// The expression is true.
    Expression(&'a Expression),
}

/// What an author makes of a [`Conjunct`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed<T> {
    /// The source keeps exactly the rows for which the conjunct holds. A false claim makes the read fail.
    Exact(T),
    /// The source keeps at least those rows.
    Superset(T),
    /// The source does nothing about it.
    No,
}

/// What [`ReadRecords::push_down`](crate::ReadRecords::push_down) came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushedDown<T> {
    /// The author's form of every conjunct that was pushed down, exactly or as a superset.
    pub conjuncts: Vec<T>,
    /// How many rows the source need yield at most; `None` unless everything was exact and no order is asked.
    pub limit: Option<u64>,
}

/// What the author claimed of one read, for the SDK to check.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Whether a limit was handed out, so that a row removed by the residual would leave the answer short.
    pub(crate) limit_given: AtomicBool,
}
