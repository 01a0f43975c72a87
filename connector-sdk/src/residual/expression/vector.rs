//! Intermediate results: one value per row or one for all rows, and the rows on which an expression
//! fails.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, Datum, Scalar, UInt32Array},
    buffer::{BooleanBuffer, NullBuffer},
    compute::take,
};

use crate::{Error, Result};

/// Result of an expression on the rows of a batch.
#[derive(Debug, Clone)]
pub(super) struct Vector {
    /// One value per row, or exactly one if `constant`.
    pub(super) values: ArrayRef,
    /// Whether one value stands for every row.
    pub(super) constant: bool,
    /// Rows on which the expression fails; their values are null.
    pub(super) failed: Option<FailedRows>,
}

/// Rows on which an expression fails, at least one.
#[derive(Debug, Clone)]
pub(super) struct FailedRows {
    pub(super) rows: BooleanBuffer,
    pub(super) failure: Arc<Failure>,
}

/// Failing function, for the error message.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) function: &'static str,
    /// Columns among the arguments.
    pub(super) columns: Vec<String>,
}

impl Failure {
    pub(super) fn to_error(&self) -> Error {
        Error::invalid_input(format!(
            "{} of columns {:?} divides by zero or overflows its type; guard it in the query or use \
             a wider type",
            self.function, self.columns
        ))
    }
}

impl Vector {
    pub(super) fn of_rows(values: ArrayRef) -> Self {
        Self { values, constant: false, failed: None }
    }

    /// Returns the index of the value of a row.
    #[inline]
    pub(super) fn index(&self, row: usize) -> usize {
        if self.constant { 0 } else { row }
    }

    /// Returns one value for each of `rows` rows.
    pub(super) fn spread(&self, rows: usize) -> Result<ArrayRef> {
        if !self.constant || rows == self.values.len() {
            return Ok(Arc::clone(&self.values));
        }
        take(&self.values, &UInt32Array::from_value(0, rows), None)
            .map_err(|e| Error::internal("a constant cannot be repeated").with_source(e))
    }

    /// Returns the nulls among `rows` rows.
    pub(super) fn nulls(&self, rows: usize) -> Option<NullBuffer> {
        let nulls = self.values.logical_nulls()?;
        if !self.constant || rows == nulls.len() {
            return Some(nulls);
        }
        // A constant may have a null buffer without nulls, which need not be repeated.
        (nulls.null_count() > 0).then(|| NullBuffer::new_null(rows))
    }

    /// Returns the failures among `rows` rows.
    pub(super) fn failed(&self, rows: usize) -> Option<FailedRows> {
        let failed = self.failed.clone()?;
        if !self.constant || rows == failed.rows.len() {
            return Some(failed);
        }
        Some(FailedRows { rows: BooleanBuffer::new_set(rows), ..failed })
    }

    /// Returns the operand of an Arrow kernel: a constant becomes a scalar unless both are
    /// constants.
    pub(super) fn datum(&self, other: &Self) -> Box<dyn Datum> {
        if self.constant && !other.constant {
            Box::new(Scalar::new(Arc::clone(&self.values)))
        } else {
            Box::new(Arc::clone(&self.values))
        }
    }
}

/// Returns the length of the result of two vectors on a batch of `rows` rows, and whether it is
/// constant.
pub(super) fn shape(left: &Vector, right: &Vector, rows: usize) -> (usize, bool) {
    let constant = left.constant && right.constant;
    (if constant { 1 } else { rows }, constant)
}

/// Returns the rows among `len` for which either is null.
pub(super) fn either_null(left: &Vector, right: &Vector, len: usize) -> Option<NullBuffer> {
    NullBuffer::union(left.nulls(len).as_ref(), right.nulls(len).as_ref())
}

/// Returns the rows for which either fails, given buffers of the same length.
pub(super) fn either_failed(
    left: Option<FailedRows>,
    right: Option<FailedRows>,
) -> Option<FailedRows> {
    match (left, right) {
        (Some(left), Some(right)) => Some(FailedRows { rows: &left.rows | &right.rows, ..left }),
        (left, right) => left.or(right),
    }
}

/// Restricts the failures of both to the rows of `relevant`, which is not called without failures.
pub(super) fn remaining(
    left: Option<FailedRows>,
    right: Option<FailedRows>,
    relevant: impl FnOnce() -> BooleanBuffer,
) -> Option<FailedRows> {
    if left.is_none() && right.is_none() {
        return None;
    }
    let relevant = relevant();
    let among = |failed: FailedRows| {
        let rows = &failed.rows & &relevant;
        (rows.count_set_bits() > 0).then_some(FailedRows { rows, ..failed })
    };
    either_failed(left.and_then(among), right.and_then(among))
}
