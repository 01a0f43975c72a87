//! Handing parts of a predicate to the source.

mod as_set;
mod bind_value;
mod keys;
mod sql;

#[cfg(test)]
mod tests;

pub use bind_value::BindValue;
pub use keys::KeyRange;
pub use sql::{SqlDialect, SqlFilter, StandardSql};

use std::sync::atomic::{AtomicBool, Ordering};

use athena_protocol::predicate::{Constraints, Expression, ValueSet};

use crate::residual::conjuncts;

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
    /// The source keeps exactly the rows for which the conjunct holds. A false claim makes the read
    /// fail.
    Exact(T),
    /// The source keeps at least those rows.
    Superset(T),
    /// The source does nothing about it.
    Unsupported,
}

/// What [`ReadRecords::push_down`](crate::ReadRecords::push_down) came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushedDown<T> {
    /// The author's form of every conjunct that was pushed down, exactly or as a superset.
    pub conjuncts: Vec<T>,
    /// How many rows the source need yield at most; `None` unless everything was exact and no order
    /// is asked.
    pub limit: Option<u64>,
}

/// What the author claimed of one read, for the SDK to check.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Whether a limit was handed out, so that a row removed by the residual would leave the answer
    /// short.
    limit_given: AtomicBool,
    /// Whether some conjunct was offered and all were said to be exact, so that the residual should
    /// have nothing to remove.
    all_exact: AtomicBool,
}

impl Claims {
    pub(crate) fn limit_given(&self) -> bool {
        self.limit_given.load(Ordering::Acquire)
    }

    /// Whether the residual should have nothing to remove. Asked once: from then on the answer is
    /// no.
    pub(crate) fn take_all_exact(&self) -> bool {
        self.all_exact.swap(false, Ordering::AcqRel)
    }
}

/// Offers every conjunct of `constraints` to `push`, and works out the limit.
///
/// What a query plan (serde version 6) says is among the other members by the time that a connector
/// is asked. Where a plan is there all the same, as in a unit test, nothing is known of it, and no
/// limit is handed out beside it.
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

/// The same, recording in `claims` that the source was told a limit.
pub(crate) fn push_down_claiming<'a, T>(
    constraints: &'a Constraints,
    claims: &Claims,
    mut push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
) -> PushedDown<T> {
    let (mut offered, mut all_exact) = (false, true);
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
