//! The whole predicate of a request, on one row.

use athena_protocol::predicate::{Constraints, Expression, ValueSet};

use super::{
    Cell,
    expression::{Evaluation, Outcome},
    value_set::allows,
};

/// What a predicate says of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The row passes: it must be in the answer.
    Keep,
    /// The row does not pass.
    Drop,
    /// The row may be in the answer or not: what it depends on is not defined, or fails the query.
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

/// Value sets and expressions that must all hold, over rows of known columns.
#[derive(Debug)]
pub struct Predicate<'a> {
    names: &'a [String],
    /// Places of columns, and what they may hold.
    sets: Vec<(usize, &'a ValueSet)>,
    expressions: Vec<&'a Expression>,
}

impl<'a> Predicate<'a> {
    /// The predicate of `constraints` on rows of the columns `names`. What is said of other columns
    /// is left out.
    pub fn new(constraints: &'a Constraints, names: &'a [String]) -> Self {
        let place = |column: &String| names.iter().position(|name| name == column);
        Self {
            names,
            sets: constraints
                .summary
                .iter()
                .filter_map(|(column, set)| Some((place(column)?, set)))
                .collect(),
            expressions: constraints.expressions.iter().collect(),
        }
    }

    /// The predicate without the value sets that `keep` refuses.
    #[must_use]
    pub fn with_sets(mut self, keep: impl Fn(&ValueSet) -> bool) -> Self {
        self.sets.retain(|(_, set)| keep(set));
        self
    }

    /// What becomes of `row`, and whether any part of the predicate fails on it, so that a query
    /// may.
    pub fn judge(&self, row: &[Cell]) -> (Verdict, bool) {
        let mut verdict = Verdict::Keep;
        for (place, set) in &self.sets {
            verdict = verdict.and(allows(set, &row[*place]));
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
