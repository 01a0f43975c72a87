//! Evaluation of a compiled expression on the rows of a batch.
//!
//! An expression fails on single rows, such as by a division by zero, and only rows whose outcome
//! depends on it count: `x <> 0 AND 1 / x > 2` does not fail on zero, in either order. So a failure
//! is a fourth truth value here: weaker than a value that decides `$and` or `$or`, and stronger
//! than null.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder},
    buffer::{BooleanBuffer, NullBuffer},
    compute::{and_kleene, is_null, not, nullif, or_kleene},
    error::ArrowError,
    record_batch::RecordBatch,
};

use super::{
    Condition, Node, Value,
    arithmetic::negate,
    like::{Clock, LikePattern},
    vector::{FailedRows, Vector, either_failed, remaining, shape},
};
use crate::{Error, Result, deadline::TimeLimit, wire_type::cast_values};

/// Rows of a batch that a condition selects.
#[derive(Debug)]
pub(in super::super) struct Selection {
    /// Rows for which the condition is true.
    pub(in super::super) kept: BooleanBuffer,
    failed: Option<FailedRows>,
}

impl Selection {
    /// Selects all of `rows` rows.
    pub(in super::super) fn all(rows: usize) -> Self {
        Self { kept: BooleanBuffer::new_set(rows), failed: None }
    }

    /// Selects the rows whose bit is set.
    pub(in super::super) fn of(kept: BooleanBuffer) -> Self {
        Self { kept, failed: None }
    }

    /// Intersects two selections, keeping failures of rows that neither rejects.
    pub(in super::super) fn and(&self, other: &Self) -> Self {
        let kept = &self.kept & &other.kept;
        let possible = || &self.possible() & &other.possible();
        let failed = remaining(self.failed.clone(), other.failed.clone(), possible);
        Self { kept, failed }
    }

    /// Returns the rows for which the condition is true or failed.
    pub(in super::super) fn possible(&self) -> BooleanBuffer {
        match &self.failed {
            Some(failed) => &self.kept | &failed.rows,
            None => self.kept.clone(),
        }
    }

    /// Returns the failure of a row that no condition rejects.
    pub(in super::super) fn failure(&self) -> Option<Error> {
        self.failed.as_ref().map(|failed| failed.failure.to_error())
    }
}

/// State of the evaluation of one expression on one batch.
struct Scope {
    /// Values of the enclosing [`Node::Let`]s, outermost first.
    bound: Vec<Vector>,
    time_limit: TimeLimit,
}

impl Scope {
    fn new(time_limit: TimeLimit) -> Self {
        Self { bound: Vec::new(), time_limit }
    }
}

impl Condition {
    /// Selects the rows for which the condition is true.
    pub(in super::super) fn select(
        &self,
        batch: &RecordBatch,
        time_limit: TimeLimit,
    ) -> Result<Selection> {
        let rows = batch.num_rows();
        let vector = self.0.evaluate(batch, &mut Scope::new(time_limit))?;
        let failed = vector.failed(rows);
        let truths = vector.spread(rows)?;
        let truths =
            truths.as_boolean_opt().ok_or_else(|| Error::internal("a condition is not Boolean"))?;
        Ok(Selection { kept: trues(truths), failed })
    }
}

impl Value {
    /// Evaluates the expression on the rows of a batch.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the expression fails on a row, `Timeout` after `time_limit`.
    pub(in super::super) fn evaluate(
        &self,
        batch: &RecordBatch,
        time_limit: TimeLimit,
    ) -> Result<ArrayRef> {
        let vector = self.0.evaluate(batch, &mut Scope::new(time_limit))?;
        match vector.failed(batch.num_rows()) {
            Some(failed) => Err(failed.failure.to_error()),
            None => vector.spread(batch.num_rows()),
        }
    }
}

impl Node {
    /// Evaluates the node on the rows of a batch.
    fn evaluate(&self, batch: &RecordBatch, scope: &mut Scope) -> Result<Vector> {
        scope.time_limit.check()?;
        let rows = batch.num_rows();
        match self {
            Self::Column(index) => Ok(Vector::of_rows(Arc::clone(batch.column(*index)))),
            Self::Constant(value) => {
                Ok(Vector { values: Arc::clone(value), constant: true, failed: None })
            }
            Self::Let(parts) => {
                let [value, body] = &**parts;
                let value = value.evaluate(batch, scope)?;
                scope.bound.push(value);
                let result = body.evaluate(batch, scope);
                scope.bound.pop();
                result
            }
            Self::Bound(depth) => {
                let value = scope.bound.get(*depth).cloned();
                value.ok_or_else(|| {
                    Error::internal("an expression refers to a value that is not bound")
                })
            }
            Self::Cast(value, to) => {
                let value = value.evaluate(batch, scope)?;
                let values = cast_values(&value.values, to).ok_or_else(|| {
                    Error::internal(format!(
                        "a value does not fit {to}, which holds every value of its type"
                    ))
                })?;
                Ok(Vector { values, ..value })
            }
            Self::And(arms) => connect(arms, batch, scope, false),
            Self::Or(arms) => connect(arms, batch, scope, true),
            Self::Not(value) => value.evaluate(batch, scope)?.map(|values| not(boolean(values)?)),
            Self::IsNull(value) => value.evaluate(batch, scope)?.map(|values| is_null(values)),
            Self::Compare(comparison, arguments) => {
                let [left, right] = &**arguments;
                let left = left.evaluate(batch, scope)?;
                let right = right.evaluate(batch, scope)?;
                let (len, constant) = shape(&left, &right, rows);
                let failed = either_failed(left.failed(len), right.failed(len));
                Ok(boolean_vector(comparison.apply(&left, &right, rows)?, constant, failed))
            }
            Self::NullIf(value, equal) => {
                let value = value.evaluate(batch, scope)?;
                let equal = equal.evaluate(batch, scope)?;
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
                let value = value.evaluate(batch, scope)?;
                let found =
                    BooleanArray::new(list.passes(&value.values)?, value.values.logical_nulls());
                Ok(boolean_vector(found, value.constant, value.failed))
            }
            Self::Like(value, pattern) => {
                let value = value.evaluate(batch, scope)?;
                let matches = like(&value.values, pattern, scope.time_limit)?;
                Ok(Vector { values: Arc::new(matches), ..value })
            }
            Self::Arithmetic { operation, arguments, data_type, failure } => {
                let [left, right] = &**arguments;
                operation.apply(
                    [&left.evaluate(batch, scope)?, &right.evaluate(batch, scope)?],
                    rows,
                    data_type,
                    failure,
                )
            }
            Self::Negate(value, failure) => negate(&value.evaluate(batch, scope)?, failure),
        }
    }
}

impl Vector {
    /// Applies `kernel` to the values, and fails on the same rows.
    fn map(self, kernel: impl Fn(&ArrayRef) -> Result<BooleanArray, ArrowError>) -> Result<Self> {
        let values = kernel(&self.values).map_err(kernel_error)?;
        Ok(boolean_vector(values, self.constant, self.failed))
    }
}

/// Evaluates `$and` or `$or` of at least one arm. `decisive` is the truth value that decides the
/// result regardless of the other arms.
fn connect(
    arms: &[Node],
    batch: &RecordBatch,
    scope: &mut Scope,
    decisive: bool,
) -> Result<Vector> {
    let mut result: Option<Vector> = None;
    for arm in arms {
        let next = arm.evaluate(batch, scope)?;
        let Some(left) = result else {
            result = Some(next);
            continue;
        };
        let (len, constant) = shape(&left, &next, batch.num_rows());
        let l = left.spread(len)?;
        let r = next.spread(len)?;
        let kernel = if decisive { or_kleene } else { and_kleene };
        let values = boolean(&l).and_then(|l| kernel(l, boolean(&r)?)).map_err(kernel_error)?;
        // A failed arm is null, so a decided row was decided by the others.
        let undecided = || if decisive { !&trues(&values) } else { !&falses(&values) };
        let failed = remaining(left.failed(len), next.failed(len), undecided);
        result = Some(boolean_vector(values, constant, failed));
    }
    result.ok_or_else(|| Error::internal("a connective was compiled without arguments"))
}

/// Creates a vector of truth values, null where they fail.
fn boolean_vector(values: BooleanArray, constant: bool, failed: Option<FailedRows>) -> Vector {
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

fn like(values: &ArrayRef, pattern: &LikePattern, time_limit: TimeLimit) -> Result<BooleanArray> {
    let strings = values.as_string::<i32>();
    let mut clock = Clock::new(time_limit);
    let mut matches = BooleanBufferBuilder::new(strings.len());
    for row in 0..strings.len() {
        matches.append(pattern.matches(strings.value(row), &mut clock)?);
    }
    Ok(BooleanArray::new(matches.finish(), strings.nulls().cloned()))
}

fn boolean(values: &ArrayRef) -> Result<&BooleanArray, ArrowError> {
    values
        .as_boolean_opt()
        .ok_or_else(|| ArrowError::ComputeError("an argument is not Boolean".to_owned()))
}

fn kernel_error(error: ArrowError) -> Error {
    Error::internal("an expression was compiled for other types").with_source(error)
}
