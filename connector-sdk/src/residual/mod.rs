//! Residual constraints: the SDK applies the whole predicate and limit to the rows that a connector
//! returns, so that no claim of the connector can lose or add a row.
//!
//! Values compare as in Trino: -0.0 equals 0.0, NaN equals nothing, strings and binary values
//! compare by bytes, decimals by value regardless of scale, zoned timestamps by instant. Section
//! 7.1 of the protocol describes how Java differs.

mod constant;
mod expression;
mod interval;
mod key;
mod limit;
mod projection;
mod top_n;
mod value_set;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use arrow::{
    array::BooleanArray,
    compute::filter_record_batch,
    datatypes::{DataType, SchemaRef},
    record_batch::RecordBatch,
};
use athena_protocol::predicate::{Constraints, Expression, functions};

use crate::{Error, Result, column_index::ColumnIndex, deadline::TimeLimit};
use expression::{Compiler, Condition, SUPPORTED_FUNCTIONS, Selection, Unevaluated};

pub(crate) use expression::like_prefix;
pub(crate) use limit::RowLimit;
pub(crate) use projection::Projection;
pub(crate) use value_set::ValueTest;

/// Value sets and expressions of one request, compiled for the columns of its batches.
#[derive(Debug)]
pub(crate) struct Residual {
    /// Index of a column, and the test of its values.
    sets: Vec<(usize, ValueTest)>,
    conditions: Vec<Condition>,
    /// Indices and types of all columns that are read.
    columns: Vec<(usize, DataType)>,
    unevaluated: Vec<String>,
    time_limit: TimeLimit,
}

impl Residual {
    /// Compiles `constraints` for batches of `schema`, whose columns have wire types with zoned
    /// timestamps as instants.
    ///
    /// Conditions that cannot be evaluated are left out, so that their rows pass, and named by
    /// [`Self::unevaluated`].
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a value that cannot be decoded, such as a packed timestamp of an unknown
    /// zone.
    pub(crate) fn try_new(constraints: &Constraints, schema: &SchemaRef) -> Result<Self> {
        let index = ColumnIndex::new(schema.fields());
        let mut sets = Vec::new();
        let mut conditions = Vec::new();
        let mut columns = BTreeSet::new();
        let mut unevaluated = BTreeSet::new();
        for (name, set) in &constraints.summary {
            let test = match index.find(name) {
                Some((index, field)) => {
                    ValueTest::try_new(field.data_type(), set)?.map(|test| (index, test))
                }
                None => None,
            };
            match test {
                Some((index, test)) => {
                    columns.insert(index);
                    sets.push((index, test));
                }
                None => {
                    unevaluated.insert(name.clone());
                }
            }
        }
        let mut compiler = Compiler::new(&index);
        for conjunct in conjuncts(&constraints.expressions) {
            match compiler.condition(conjunct) {
                Ok(condition) => conditions.push(condition),
                Err(Unevaluated::Name(name)) => {
                    unevaluated.insert(name);
                }
                Err(Unevaluated::Error(error)) => return Err(error),
            }
        }
        columns.extend(compiler.columns);
        let columns = columns
            .into_iter()
            .map(|index| (index, schema.field(index).data_type().clone()))
            .collect();
        Ok(Self {
            sets,
            conditions,
            columns,
            unevaluated: unevaluated.into_iter().collect(),
            time_limit: TimeLimit::default(),
        })
    }

    /// Makes [`filter`](Self::filter) fail with `Timeout` after `time_limit`.
    pub(crate) fn with_time_limit(self, time_limit: TimeLimit) -> Self {
        Self { time_limit, ..self }
    }

    /// Returns the rows of `batch` that satisfy the constraints, as far as they are evaluated.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if an expression fails, such as by a division by zero, on a row that no other
    /// condition rejects; if some condition is not evaluated and might reject the row, the row
    /// passes instead. `Internal` for a batch of another schema.
    pub(crate) fn filter(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        if batch.num_rows() == 0 || (self.sets.is_empty() && self.conditions.is_empty()) {
            return Ok(batch.clone());
        }
        self.check_schema(batch)?;
        let mut selection = Selection::all(batch.num_rows());
        for (index, test) in &self.sets {
            self.time_limit.check()?;
            selection = selection.and(&Selection::of(test.passes(batch.column(*index))?));
        }
        for condition in &self.conditions {
            if selection.possible().count_set_bits() == 0 {
                break;
            }
            selection = selection.and(&condition.select(batch, self.time_limit)?);
        }
        let kept = match selection.failure() {
            Some(failure) if self.is_complete() => return Err(failure),
            Some(_) => selection.possible(),
            None => selection.kept,
        };
        if kept.count_set_bits() == batch.num_rows() {
            return Ok(batch.clone());
        }
        filter_record_batch(batch, &BooleanArray::new(kept, None))
            .map_err(|e| Error::internal("the rows of a batch cannot be filtered").with_source(e))
    }

    /// Returns whether all constraints are evaluated, so that exactly the requested rows pass.
    pub(crate) fn is_complete(&self) -> bool {
        self.unevaluated.is_empty()
    }

    /// Returns the names of the functions and columns that cannot be evaluated, without duplicates.
    pub(crate) fn unevaluated(&self) -> &[String] {
        &self.unevaluated
    }

    /// Returns the names of the functions that expressions may use.
    pub(crate) fn supported_functions() -> &'static [&'static str] {
        SUPPORTED_FUNCTIONS
    }

    fn check_schema(&self, batch: &RecordBatch) -> Result<()> {
        for (index, data_type) in &self.columns {
            match batch.columns().get(*index) {
                Some(column) if column.data_type() == data_type => {}
                found => {
                    return Err(Error::internal(format!(
                        "column {index} of a batch has type {:?}, but the constraints were compiled \
                         for {data_type}",
                        found.map(arrow::array::Array::data_type)
                    )));
                }
            }
        }
        Ok(())
    }
}

/// Splits expressions that must all be true at every top-level `$and`.
pub(crate) fn conjuncts(expressions: &[Expression]) -> Vec<&Expression> {
    let mut conjuncts = Vec::new();
    for expression in expressions {
        match expression {
            Expression::Call { function, arguments, .. }
                if function == functions::AND && !arguments.is_empty() =>
            {
                conjuncts.extend(self::conjuncts(arguments));
            }
            other => conjuncts.push(other),
        }
    }
    conjuncts
}
