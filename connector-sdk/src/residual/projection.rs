//! Columns that are computed from others.

use arrow::{
    array::{Array, ArrayRef},
    datatypes::{Field, SchemaRef},
    record_batch::RecordBatch,
};
use athena_protocol::predicate::Expression;

use super::expression::{Compiler, Unevaluated, Value};
use crate::{Error, Result, wire_type::cast_values};

/// An expression, compiled for the columns of a read, whose values are a column of the answer.
#[derive(Debug)]
pub(crate) struct Projection {
    value: Value,
    name: String,
}

impl Projection {
    /// Compiles the column `name` for batches of `schema`.
    ///
    /// # Errors
    ///
    /// `Unsupported` for an expression that cannot be evaluated, `InvalidInput` for a value that
    /// cannot be read.
    pub(crate) fn try_new(name: &str, expression: &Expression, schema: &SchemaRef) -> Result<Self> {
        match Compiler::new(schema).value(expression) {
            Ok(value) => Ok(Self { value, name: name.to_owned() }),
            Err(Unevaluated::Name(what)) => Err(Error::unsupported(format!(
                "the query plan computes column {name:?} with {what}, which this connector cannot evaluate on these types; \
                 select the columns it is computed from"
            ))),
            Err(Unevaluated::Error(error)) => Err(error),
        }
    }

    /// The values on the rows of `batch`, as values of the column `field` of the answer.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if a row has no value, as by a division by zero, or one that does not fit.
    pub(crate) fn evaluate(&self, batch: &RecordBatch, field: &Field) -> Result<ArrayRef> {
        let values = self.value.evaluate(batch)?;
        if !field.is_nullable() && values.logical_null_count() > 0 {
            return Err(Error::invalid_input(format!(
                "the query plan computes column {:?}, and a value is null, which the query does not allow there",
                self.name
            )));
        }
        let data_type = field.data_type();
        cast_values(&values, data_type).ok_or_else(|| {
            Error::invalid_input(format!(
                "the query plan computes column {:?} of type {}, and a value is not one of {data_type}, which the query asks for",
                self.name,
                values.data_type()
            ))
        })
    }
}
