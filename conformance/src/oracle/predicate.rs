//! Predicates of requests, evaluated on single rows.

use athena_protocol::predicate::{Constraints, Expression, ValueSet};

use super::{Cell, expression::Evaluation, outcome::Outcome, value_set::CellSet};

/// Verdict of a predicate on one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The row passes, and must be in the response.
    Keep,
    /// The row does not pass.
    Drop,
    /// The row may be in the response or not: the semantics are not specified, or the query may
    /// fail on the row.
    Either,
}

impl Verdict {
    pub(super) fn of(passes: bool) -> Self {
        if passes { Self::Keep } else { Self::Drop }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Drop, _) | (_, Self::Drop) => Self::Drop,
            (Self::Either, _) | (_, Self::Either) => Self::Either,
            (Self::Keep, Self::Keep) => Self::Keep,
        }
    }
}

/// Conjunction of value sets and expressions, for rows of known columns.
#[derive(Debug)]
pub struct Predicate<'a> {
    names: &'a [String],
    /// Value sets by the indices of their columns.
    sets: Vec<(usize, &'a ValueSet, CellSet)>,
    expressions: Vec<&'a Expression>,
}

impl<'a> Predicate<'a> {
    /// Creates the predicate of `constraints` for rows with the columns `names`.
    ///
    /// Value sets on other columns are ignored. An expression on another column makes the verdict
    /// [`Verdict::Either`], unless the rest of the predicate decides it.
    pub fn new(constraints: &'a Constraints, names: &'a [String]) -> Self {
        Self {
            names,
            sets: constraints
                .summary
                .iter()
                .filter_map(|(column, set)| {
                    let index = names.iter().position(|name| name == column)?;
                    Some((index, set, CellSet::new(set)))
                })
                .collect(),
            expressions: constraints.expressions.iter().collect(),
        }
    }

    /// Removes the value sets for which `keep` returns false.
    #[must_use]
    pub fn with_sets(mut self, keep: impl Fn(&ValueSet) -> bool) -> Self {
        self.sets.retain(|(_, set, _)| keep(set));
        self
    }

    /// Returns the verdict on `row`.
    ///
    /// # Panics
    ///
    /// If `row` has fewer values than the predicate has columns.
    pub fn judge(&self, row: &[Cell]) -> Verdict {
        self.evaluate(row).0
    }

    /// Returns the verdict on `row`, and true if a part of the predicate fails on it, so that a
    /// query may fail too.
    pub(crate) fn evaluate(&self, row: &[Cell]) -> (Verdict, bool) {
        let mut verdict = Verdict::Keep;
        for (column, _, set) in &self.sets {
            verdict = verdict.and(set.allows(&row[*column]));
            if verdict == Verdict::Drop {
                break;
            }
        }
        let mut evaluation = Evaluation { names: self.names, row, failed: false };
        for expression in &self.expressions {
            verdict = verdict.and(match evaluation.evaluate(expression) {
                Outcome::Is(Cell::Bool(value)) => Verdict::of(value),
                Outcome::Is(Cell::Null) => Verdict::Drop,
                Outcome::Is(_) | Outcome::Fails | Outcome::Unknown => Verdict::Either,
            });
        }
        (verdict, evaluation.failed)
    }
}
