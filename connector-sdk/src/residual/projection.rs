//! Columns that are computed from others.

use arrow::{
    array::{Array, ArrayRef},
    datatypes::Field,
    record_batch::RecordBatch,
};
use athena_protocol::predicate::Expression;

use super::expression::{Compiler, Unevaluated, Value};
use crate::{
    Error, Result, column_index::ColumnIndex, deadline::TimeLimit, wire_type::cast_values,
};

/// Expression, compiled for the columns of a read, that computes a column of the answer.
#[derive(Debug)]
pub(crate) struct Projection {
    value: Value,
    name: String,
}

impl Projection {
    /// Compiles the column `name` for batches of `columns`.
    ///
    /// # Errors
    ///
    /// `Unsupported` for an expression that cannot be evaluated, `InvalidInput` for a value that
    /// cannot be decoded.
    pub(crate) fn try_new(
        name: &str,
        expression: &Expression,
        columns: &ColumnIndex<'_>,
    ) -> Result<Self> {
        match Compiler::new(columns).value(expression) {
            Ok(value) => Ok(Self { value, name: name.to_owned() }),
            Err(Unevaluated::Name(part)) => Err(Error::unsupported(format!(
                "the query plan computes column {name:?} with {part}, which is not supported on \
                 these types; select the columns from which it is computed"
            ))),
            Err(Unevaluated::Error(error)) => Err(error),
        }
    }

    /// Computes the values of the answer's column `field` for the rows of `batch`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the expression fails on a row, such as by a division by zero, or a value
    /// does not fit the column; `Timeout` after `time_limit`.
    pub(crate) fn evaluate(
        &self,
        batch: &RecordBatch,
        field: &Field,
        time_limit: TimeLimit,
    ) -> Result<ArrayRef> {
        let values = self.value.evaluate(batch, time_limit)?;
        if !field.is_nullable() && values.logical_null_count() > 0 {
            return Err(Error::invalid_input(format!(
                "column {:?}, which the query plan computes, has a null, but is requested as not \
                 nullable",
                self.name
            )));
        }
        let data_type = field.data_type();
        cast_values(&values, data_type).ok_or_else(|| {
            Error::invalid_input(format!(
                "column {:?}, which the query plan computes as {}, has a value that does not fit \
                 the requested type {data_type}",
                self.name,
                values.data_type()
            ))
        })
    }
}
