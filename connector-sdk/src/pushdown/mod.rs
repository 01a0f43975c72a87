//! Pushdown of predicates and limits to the source.

mod comparison;
mod dialect;
mod keys;
mod literal;
mod sql;
mod values;

#[cfg(test)]
mod tests;

pub use dialect::{SqlDialect, StandardSql};
pub use keys::KeyRange;
pub use literal::Literal;
pub use sql::SqlFilter;

use std::sync::atomic::{AtomicBool, Ordering};

use athena_protocol::predicate::{Constraints, Expression, ValueSet};

use crate::residual::conjuncts;

/// Condition that an author may push down to the source.
///
/// A predicate is the conjunction of its conditions: a row qualifies if all of them are true.
/// Conditions are offered by [`ReadRecords::push_down`](crate::ReadRecords::push_down) and its
/// siblings: value sets first, by column name, then expressions, with `AND` split into its parts.
/// Value sets that admit every value are not offered.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Conjunct<'a> {
    /// The value of the column is in the set.
    Values {
        /// Name of the column.
        column: &'a str,
        /// Values that satisfy the condition, possibly including null.
        set: &'a ValueSet,
    },
    /// The expression is true, neither false nor null.
    Expression(&'a Expression),
}

/// Answer to a [`Conjunct`]: whether and how precisely the source applies it.
///
/// When in doubt, answer [`Superset`](Self::Superset): the SDK filters the rows in any case, so it
/// only costs a pushed-down limit.
///
/// ```
/// use athena_connector_sdk::{Conjunct, Pushed};
///
/// /// Lets the source filter on `id`, and leaves everything else to the SDK.
/// fn push(conjunct: Conjunct<'_>) -> Pushed<String> {
///     match conjunct.key_ranges("id") {
///         Some(ranges) => Pushed::Exact(format!("{ranges:?}")),
///         None => Pushed::Unsupported,
///     }
/// }
/// # let _ = push;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pushed<T> {
    /// The source returns exactly the rows for which the condition is true.
    ///
    /// If it returns others, the SDK removes them and logs a warning, but the read fails with
    /// `Internal` if a limit was pushed down as well: rows beyond the limit would be missing. If
    /// the source drops a row for which the condition is true, the SDK cannot detect it, and the
    /// result is wrong.
    Exact(T),
    /// The source returns at least the rows for which the condition is true.
    Superset(T),
    /// The source does not apply the condition.
    Unsupported,
}

/// Result of [`ReadRecords::push_down`](crate::ReadRecords::push_down) and its siblings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushedDown<T> {
    /// Forms that the author gave to the pushed-down conditions, exact and superset, in the order
    /// in which the conditions were offered.
    pub conjuncts: Vec<T>,
    /// Maximum number of rows that the source needs to return for this read.
    ///
    /// `None` unless every condition was pushed down exactly, the query requests no order, and it
    /// has a limit. Returning more rows is allowed.
    pub limit: Option<u64>,
}

/// Claims of an author about one read, which the SDK checks against the rows.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Whether a limit was pushed down, so that a row removed by the residual predicate would leave
    /// the answer short.
    limit_given: AtomicBool,
    /// Whether at least one condition was offered and all were pushed down exactly, so that the
    /// residual predicate should remove nothing.
    all_exact: AtomicBool,
}

impl Claims {
    pub(crate) fn limit_given(&self) -> bool {
        self.limit_given.load(Ordering::Acquire)
    }

    /// Returns whether the residual predicate should remove nothing; `false` from the second call
    /// on, so that a warning is logged once.
    pub(crate) fn take_all_exact(&self) -> bool {
        self.all_exact.swap(false, Ordering::AcqRel)
    }
}

/// Offers every condition of `constraints` to `push`, and computes the limit.
///
/// By the time a connector is called, a query plan (serde version 6) has been merged into the other
/// constraints. If `constraints` still has one, as in a unit test, its conditions are unknown, and
/// no limit is pushed down.
pub(crate) fn push_down<'a, T>(
    constraints: &'a Constraints,
    mut push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
) -> PushedDown<T> {
    let mut all_exact = constraints.query_plan.is_none();
    let mut pushed = Vec::new();
    let sets = constraints.summary.iter().filter(|(_, set)| !set.is_all());
    let sets = sets.map(|(column, set)| Conjunct::Values { column, set });
    let expressions = conjuncts(&constraints.expressions).into_iter().map(Conjunct::Expression);
    for conjunct in sets.chain(expressions) {
        match push(conjunct) {
            Pushed::Exact(form) => pushed.push(form),
            Pushed::Superset(form) => {
                all_exact = false;
                pushed.push(form);
            }
            Pushed::Unsupported => all_exact = false,
        }
    }
    let limit = constraints.limit.filter(|_| all_exact && constraints.order_by.is_empty());
    PushedDown { conjuncts: pushed, limit }
}

/// Calls [`push_down`] and records the author's claims in `claims`.
pub(crate) fn push_down_claiming<'a, T>(
    constraints: &'a Constraints,
    claims: &Claims,
    mut push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
) -> PushedDown<T> {
    let mut offered = false;
    let mut all_exact = true;
    let pushed = push_down(constraints, |conjunct| {
        let answer = push(conjunct);
        offered = true;
        all_exact &= matches!(answer, Pushed::Exact(_));
        answer
    });
    if offered && all_exact {
        claims.all_exact.store(true, Ordering::Release);
    }
    if pushed.limit.is_some() {
        claims.limit_given.store(true, Ordering::Release);
    }
    pushed
}
