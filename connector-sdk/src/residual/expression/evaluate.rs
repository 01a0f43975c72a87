//! Evaluation of a compiled expression on the rows of a batch.
//!
//! An expression fails on single rows, as by a division by zero, and only the rows whose outcome
//! depends on it count: `x <> 0 AND 1 / x > 2` does not fail on zero, in whichever order it is
//! written. So a failure is a fourth truth value here, weaker than what decides `$and` or `$or` and
//! stronger than null.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray},
    buffer::{BooleanBuffer, NullBuffer},
    compute::{and_kleene, is_null, not, nullif, or_kleene},
    error::ArrowError,
    record_batch::RecordBatch,
};

use super::{
    Condition, Node, Value,
    arithmetic::negate,
    like::LikePattern,
    vector::{Failed, Vector, either_failed, remaining, shape},
};
use crate::{Error, Result, wire_type::cast_values};

/// What a condition makes of the rows of a batch.
#[derive(Debug)]
pub(in super::super) struct Rows {
    /// Where it is true.
    pub(in super::super) kept: BooleanBuffer,
    failed: Option<Failed>,
}

impl Rows {
    /// All of `rows` rows.
    pub(in super::super) fn all(rows: usize) -> Self {
        Self { kept: BooleanBuffer::new_set(rows), failed: None }
    }

    /// The rows whose bit is set.
    pub(in super::super) fn of(kept: BooleanBuffer) -> Self {
        Self { kept, failed: None }
    }

    /// The rows that both keep, and the failures of those that neither refuses.
    pub(in super::super) fn and(&self, other: &Self) -> Self {
        let kept = &self.kept & &other.kept;
        let possible = || &self.possible() & &other.possible();
        let failed = remaining(self.failed.clone(), other.failed.clone(), possible);
        Self { kept, failed }
    }

    /// The rows that are true or failed.
    pub(in super::super) fn possible(&self) -> BooleanBuffer {
        match &self.failed {
            Some(failed) => &self.kept | &failed.rows,
            None => self.kept.clone(),
        }
    }

    /// The failure of a row that nothing refuses.
    pub(in super::super) fn failure(&self) -> Option<Error> {
        self.failed.as_ref().map(|failed| failed.failure.to_error())
    }
}

impl Condition {
    /// The rows on which the condition is true.
    pub(in super::super) fn select(&self, batch: &RecordBatch) -> Result<Rows> {
        let rows = batch.num_rows();
        let vector = self.0.evaluate(batch, &mut Vec::new())?;
        let failed = vector.failed(rows);
        let truths = vector.spread(rows)?;
        let truths =
            truths.as_boolean_opt().ok_or_else(|| Error::internal("a condition is not Boolean"))?;
        Ok(Rows { kept: trues(truths), failed })
    }
}

impl Value {
    /// The values on the rows of a batch.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the expression fails on a row.
    pub(in super::super) fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let vector = self.0.evaluate(batch, &mut Vec::new())?;
        match vector.failed(batch.num_rows()) {
            Some(failed) => Err(failed.failure.to_error()),
            None => vector.spread(batch.num_rows()),
        }
    }
}

impl Node {
    /// The values on the rows of a batch; `bound` are those of the [`Node::Let`]s around, outermost
    /// first.
    fn evaluate(&self, batch: &RecordBatch, bound: &mut Vec<Vector>) -> Result<Vector> {
        let rows = batch.num_rows();
        match self {
            Self::Column(index) => Ok(Vector::of_rows(Arc::clone(batch.column(*index)))),
            Self::Constant(value) => {
                Ok(Vector { values: Arc::clone(value), constant: true, failed: None })
            }
            Self::Let(parts) => {
                let [value, body] = &**parts;
                let value = value.evaluate(batch, bound)?;
                bound.push(value);
                let result = body.evaluate(batch, bound);
                bound.pop();
                result
            }
            Self::Bound(around) => {
                let value = bound.get(*around).cloned();
                value.ok_or_else(|| {
                    Error::internal("an expression was compiled with a value that nothing binds")
                })
            }
            Self::Cast(value, to) => {
                let value = value.evaluate(batch, bound)?;
                let values = cast_values(&value.values, to).ok_or_else(|| {
                    Error::internal(format!(
                        "a value does not fit {to}, which holds all of its type"
                    ))
                })?;
                Ok(Vector { values, ..value })
            }
            Self::And(arms) => connect(arms, (batch, bound), false),
            Self::Or(arms) => connect(arms, (batch, bound), true),
            Self::Not(value) => value.evaluate(batch, bound)?.map(|values| not(boolean(values)?)),
            Self::IsNull(value) => value.evaluate(batch, bound)?.map(|values| is_null(values)),
            Self::Compare(comparison, arguments) => {
                let [left, right] = &**arguments;
                let (left, right) = (left.evaluate(batch, bound)?, right.evaluate(batch, bound)?);
                let (len, constant) = shape(&left, &right, rows);
                let failed = either_failed(left.failed(len), right.failed(len));
                Ok(truth(comparison.apply(&left, &right, rows)?, constant, failed))
            }
            Self::NullIf(value, equal) => {
                let (value, equal) = (value.evaluate(batch, bound)?, equal.evaluate(batch, bound)?);
                let (len, constant) = shape(&value, &equal, rows);
                let failed = either_failed(value.failed(len), equal.failed(len));
                let mut values = nullif(&value.spread(len)?, equal.spread(len)?.as_boolean())
                    .map_err(kernel_error)?;
                if let Some(failed) = &failed {
                    values = nullif(&values, &BooleanArray::new(failed.rows.clone(), None))
                        .map_err(kernel_error)?;
                }
                Ok(Vector { values, constant, failed })
            }
            Self::In(value, list) => {
                let value = value.evaluate(batch, bound)?;
                let found =
                    BooleanArray::new(list.passes(&value.values)?, value.values.logical_nulls());
                Ok(truth(found, value.constant, value.failed))
            }
            Self::Like(value, pattern) => {
                value.evaluate(batch, bound)?.map(|values| Ok(like(values, pattern)))
            }
            Self::Arithmetic { operation, arguments, data_type, failure } => {
                let [left, right] = &**arguments;
                operation.apply(
                    (&left.evaluate(batch, bound)?, &right.evaluate(batch, bound)?),
                    rows,
                    data_type,
                    failure,
                )
            }
            Self::Negate(value, failure) => negate(&value.evaluate(batch, bound)?, failure),
        }
    }
}

impl Vector {
    /// The truth values that `kernel` makes of the values, failing where they do.
    fn map(self, kernel: impl Fn(&ArrayRef) -> Result<BooleanArray, ArrowError>) -> Result<Self> {
        let values = kernel(&self.values).map_err(kernel_error)?;
        Ok(truth(values, self.constant, self.failed))
    }
}

/// `$and` or `$or` of at least one arm. `decisive` is the truth value that decides it, whatever the
/// other arms are.
fn connect(
    arms: &[Node],
    (batch, bound): (&RecordBatch, &mut Vec<Vector>),
    decisive: bool,
) -> Result<Vector> {
    let mut result: Option<Vector> = None;
    for arm in arms {
        let next = arm.evaluate(batch, bound)?;
        let Some(left) = result else {
            result = Some(next);
            continue;
        };
        let (len, constant) = shape(&left, &next, batch.num_rows());
        let (l, r) = (left.spread(len)?, next.spread(len)?);
        let kernel = if decisive { or_kleene } else { and_kleene };
        let values = boolean(&l).and_then(|l| kernel(l, boolean(&r)?)).map_err(kernel_error)?;
        // A failed arm is null, so what is decided was decided by the others.
        let undecided = || if decisive { !&trues(&values) } else { !&falses(&values) };
        let failed = remaining(left.failed(len), next.failed(len), undecided);
        result = Some(truth(values, constant, failed));
    }
    result.ok_or_else(|| Error::internal("a connective was compiled without arguments"))
}

/// A vector of truth values, null where they fail.
fn truth(values: BooleanArray, constant: bool, failed: Option<Failed>) -> Vector {
    let values = match &failed {
        Some(failed) => {
            let nulls = NullBuffer::union(values.nulls(), Some(&NullBuffer::new(!&failed.rows)));
            BooleanArray::new(values.values().clone(), nulls)
        }
        None => values,
    };
    Vector { values: Arc::new(values), constant, failed }
}

fn trues(values: &BooleanArray) -> BooleanBuffer {
    match values.nulls() {
        Some(valid) => values.values() & valid.inner(),
        None => values.values().clone(),
    }
}

fn falses(values: &BooleanArray) -> BooleanBuffer {
    match values.nulls() {
        Some(valid) => &!values.values() & valid.inner(),
        None => !values.values(),
    }
}

fn like(values: &ArrayRef, pattern: &LikePattern) -> BooleanArray {
    let strings = values.as_string::<i32>();
    let matches =
        BooleanBuffer::collect_bool(strings.len(), |row| pattern.matches(strings.value(row)));
    BooleanArray::new(matches, strings.nulls().cloned())
}

fn boolean(values: &ArrayRef) -> Result<&BooleanArray, ArrowError> {
    values
        .as_boolean_opt()
        .ok_or_else(|| ArrowError::ComputeError("an argument is not Boolean".to_owned()))
}

fn kernel_error(error: ArrowError) -> Error {
    Error::internal("an expression was compiled for types that it is not evaluated on")
        .with_source(error)
}
