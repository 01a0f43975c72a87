//! Intermediate results: a value per row or one for all rows, and the rows on which an expression
//! has none.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, Datum, Scalar, UInt32Array},
    buffer::{BooleanBuffer, NullBuffer},
    compute::take,
};

use crate::{Error, Result};

/// The value of an expression on the rows of a batch.
#[derive(Debug, Clone)]
pub(super) struct Vector {
    /// One value per row; exactly one if `constant`.
    pub(super) values: ArrayRef,
    /// Whether the one value stands for every row.
    pub(super) constant: bool,
    /// Where the expression fails; the value there is null.
    pub(super) failed: Option<Failed>,
}

/// The rows on which an expression fails, of which there is at least one.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    pub(super) rows: BooleanBuffer,
    pub(super) failure: Arc<Failure>,
}

/// What fails, for the message.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) function: &'static str,
    /// Columns among the arguments.
    pub(super) columns: Vec<String>,
}

impl Failure {
    pub(super) fn to_error(&self) -> Error {
        Error::invalid_input(format!(
            "{} of {:?} divides by zero or leaves the range of its type; guard it in the query or use a wider type",
            self.function, self.columns
        ))
    }
}

impl Vector {
    pub(super) fn of_rows(values: ArrayRef) -> Self {
        Self { values, constant: false, failed: None }
    }

    /// The place of the value of a row.
    #[inline]
    pub(super) fn index(&self, row: usize) -> usize {
        if self.constant { 0 } else { row }
    }

    /// The values, one for each of `rows` rows.
    pub(super) fn spread(&self, rows: usize) -> Result<ArrayRef> {
        if !self.constant || rows == self.values.len() {
            return Ok(Arc::clone(&self.values));
        }
        take(&self.values, &UInt32Array::from_value(0, rows), None)
            .map_err(|e| Error::internal("a constant cannot be repeated").with_source(e))
    }

    /// The nulls among `rows` rows.
    pub(super) fn nulls(&self, rows: usize) -> Option<NullBuffer> {
        let nulls = self.values.logical_nulls()?;
        if !self.constant || rows == nulls.len() {
            return Some(nulls);
        }
        // A constant may say of its one value that it is not null, which is nothing to say of all
        // rows.
        (nulls.null_count() > 0).then(|| NullBuffer::new_null(rows))
    }

    /// The failures among `rows` rows.
    pub(super) fn failed(&self, rows: usize) -> Option<Failed> {
        let failed = self.failed.clone()?;
        if !self.constant || rows == failed.rows.len() {
            return Some(failed);
        }
        Some(Failed { rows: BooleanBuffer::new_set(rows), ..failed })
    }

    /// The values for a kernel of arrow, which takes a constant as a scalar unless both are.
    pub(super) fn datum(&self, other: &Self) -> Box<dyn Datum> {
        if self.constant && !other.constant {
            Box::new(Scalar::new(Arc::clone(&self.values)))
        } else {
            Box::new(Arc::clone(&self.values))
        }
    }
}

/// The length of what two vectors make, on a batch of `rows` rows, and whether it is a constant.
pub(super) fn shape(left: &Vector, right: &Vector, rows: usize) -> (usize, bool) {
    let constant = left.constant && right.constant;
    (if constant { 1 } else { rows }, constant)
}

/// Where either is null, among `len` values.
pub(super) fn either_null(left: &Vector, right: &Vector, len: usize) -> Option<NullBuffer> {
    NullBuffer::union(left.nulls(len).as_ref(), right.nulls(len).as_ref())
}

/// Where either fails, given buffers of one length.
pub(super) fn either_failed(left: Option<Failed>, right: Option<Failed>) -> Option<Failed> {
    match (left, right) {
        (Some(left), Some(right)) => Some(Failed { rows: &left.rows | &right.rows, ..left }),
        (left, right) => left.or(right),
    }
}

/// The failures of either among the rows that `counted` gives; it is not asked where there are
/// none.
pub(super) fn remaining(
    left: Option<Failed>,
    right: Option<Failed>,
    counted: impl FnOnce() -> BooleanBuffer,
) -> Option<Failed> {
    if left.is_none() && right.is_none() {
        return None;
    }
    let counted = counted();
    let among = |failed: Failed| {
        let rows = &failed.rows & &counted;
        (rows.count_set_bits() > 0).then_some(Failed { rows, ..failed })
    };
    either_failed(left.and_then(among), right.and_then(among))
}
