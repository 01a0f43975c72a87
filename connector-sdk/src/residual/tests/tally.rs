//! Outcomes of the rows of many predicates, compared with the oracle's verdicts.

use arrow::record_batch::RecordBatch;
use athena_protocol::predicate::{Constraints, Expression};

use super::{
    build::ids,
    oracle::{Value, keeps},
};
use crate::{ErrorKind, residual::Residual};

/// Counts of rows, so that a test can assert its coverage, and the first differences.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) kept: usize,
    pub(super) dropped: usize,
    pub(super) failed: usize,
    /// Rows that the oracle keeps and the evaluator drops.
    pub(super) lost: usize,
    /// Rows that the evaluator keeps and the oracle drops.
    pub(super) extra: usize,
    /// Rows that fail although they must not, or the reverse.
    pub(super) wrongly_failed: usize,
    /// Predicates that are not evaluated, so that all their rows pass.
    pub(super) unevaluated: usize,
    differences: Vec<String>,
}

impl Tally {
    /// Compares every row of `batch`, and panics at one whose outcome differs from the oracle's.
    #[track_caller]
    pub(super) fn check(&mut self, constraints: &Constraints, batch: &RecordBatch) {
        let unevaluated = self.unevaluated;
        self.compare(constraints, batch);
        assert_eq!(self.unevaluated, unevaluated, "not evaluated: {constraints:#?}");
        self.assert_equal();
    }

    /// Compares every row of `batch`; a predicate that is not evaluated must keep all of them.
    pub(super) fn compare(&mut self, constraints: &Constraints, batch: &RecordBatch) {
        let residual =
            Residual::try_new(constraints, batch.schema_ref()).expect("legal constraints");
        if !residual.is_complete() {
            self.unevaluated += 1;
            self.lost += batch.num_rows()
                - residual.filter(batch).expect("nothing that is evaluated fails").num_rows();
            return;
        }
        let verdicts: Vec<Value> =
            (0..batch.num_rows()).map(|row| keeps(constraints, batch, row)).collect();
        let outcomes = outcomes(&residual, batch);
        for (row, (verdict, outcome)) in verdicts.iter().zip(&outcomes).enumerate() {
            match verdict {
                Value::Failure => self.failed += 1,
                Value::Bool(true) => self.kept += 1,
                _ => self.dropped += 1,
            }
            match (verdict, outcome) {
                (Value::Failure, Outcome::Failed)
                | (Value::Bool(true), Outcome::Kept)
                | (Value::Bool(false) | Value::Null, Outcome::Dropped) => continue,
                (Value::Failure, _) | (_, Outcome::Failed) => self.wrongly_failed += 1,
                (_, Outcome::Kept) => self.extra += 1,
                (_, Outcome::Dropped) => self.lost += 1,
            }
            if self.differences.len() < 5 {
                let part = constraints
                    .expressions
                    .iter()
                    .find_map(|condition| smallest_difference(condition, batch));
                let row = batch.slice(row, 1);
                self.differences.push(format!(
                    "{outcome:?} instead of {verdict:?}: {part:#?} in {constraints:#?} on {row:?}"
                ));
            }
        }
    }

    /// Returns the number of compared rows.
    pub(super) fn comparisons(&self) -> usize {
        self.kept + self.dropped + self.failed
    }

    #[track_caller]
    pub(super) fn assert_equal(&self) {
        assert_eq!(
            (self.lost, self.extra, self.wrongly_failed),
            (0, 0, 0),
            "{}",
            self.differences.join("\n")
        );
    }
}

/// Outcome of a row in the evaluator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Kept,
    Dropped,
    Failed,
}

impl Outcome {
    fn of(verdict: &Value) -> Self {
        match verdict {
            Value::Failure => Self::Failed,
            Value::Bool(true) => Self::Kept,
            _ => Self::Dropped,
        }
    }
}

/// Returns the outcome of every row, evaluating row by row if one fails, so that it does not hide
/// the others.
fn outcomes(residual: &Residual, batch: &RecordBatch) -> Vec<Outcome> {
    match residual.filter(batch) {
        Ok(kept) => {
            let mut kept = ids(&kept).into_iter().peekable();
            let outcome = |id: &i64| {
                if kept.next_if_eq(id).is_some() { Outcome::Kept } else { Outcome::Dropped }
            };
            ids(batch).iter().map(outcome).collect()
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            (0..batch.num_rows())
                .map(|row| match residual.filter(&batch.slice(row, 1)) {
                    Err(_) => Outcome::Failed,
                    Ok(kept) if kept.num_rows() == 1 => Outcome::Kept,
                    Ok(_) => Outcome::Dropped,
                })
                .collect()
        }
    }
}

/// Returns the smallest condition within `condition` whose outcome differs from the oracle's, for
/// the message.
fn smallest_difference(
    condition: &Expression,
    batch: &RecordBatch,
) -> Option<(Expression, usize, Value)> {
    let Expression::Call { function, arguments, .. } = condition else { return None };
    if matches!(function.as_str(), "$and" | "$or" | "$not")
        && let Some(part) =
            arguments.iter().find_map(|argument| smallest_difference(argument, batch))
    {
        return Some(part);
    }
    let constraints =
        Constraints { expressions: vec![condition.clone()], ..Constraints::default() };
    let residual = Residual::try_new(&constraints, batch.schema_ref()).expect("legal constraints");
    let verdicts: Vec<Value> =
        (0..batch.num_rows()).map(|row| keeps(&constraints, batch, row)).collect();
    let outcomes = outcomes(&residual, batch);
    let row = (0..verdicts.len()).find(|&row| outcomes[row] != Outcome::of(&verdicts[row]))?;
    Some((condition.clone(), row, verdicts[row].clone()))
}
