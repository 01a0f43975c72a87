//! What is left of the constraints when the rows are there: the SDK applies all of it itself, so
//! that no claim of a connector can lose or add a row.
//!
//! Values compare as in Trino: -0.0 is 0.0, NaN is apart from all others, strings and bytes go by
//! bytes, decimals by value whatever their scale, zoned timestamps by instant. Section 7.1 of the
//! protocol says what Java does instead.

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

use crate::{Error, Result};
use expression::{Compiler, Condition, Rows, SUPPORTED_FUNCTIONS, Unevaluated};

pub(crate) use expression::like_prefix;
pub(crate) use limit::RowLimit;
pub(crate) use projection::Projection;
pub(crate) use value_set::ValueTest;

/// The value sets and expressions of one request, compiled for the columns of its batches.
#[derive(Debug)]
pub(crate) struct Residual {
    /// Place of a column, and which of its values pass.
    sets: Vec<(usize, ValueTest)>,
    conditions: Vec<Condition>,
    /// Places and types of all columns that are read.
    columns: Vec<(usize, DataType)>,
    unevaluated: Vec<String>,
}

impl Residual {
    /// Compiles `constraints` for batches of `schema`: all their columns, in the types of the wire,
    /// zoned timestamps as instants.
    ///
    /// What cannot be evaluated is left out, so that its rows stay, and named by
    /// [`Self::unevaluated`].
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a value that cannot be read, such as a packed timestamp of an unknown
    /// zone.
    pub(crate) fn try_new(constraints: &Constraints, schema: &SchemaRef) -> Result<Self> {
        let (mut sets, mut conditions) = (Vec::new(), Vec::new());
        let (mut columns, mut unevaluated) = (BTreeSet::new(), BTreeSet::new());
        for (name, set) in &constraints.summary {
            let test = match schema.fields().find(name) {
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
        let mut compiler = Compiler::new(schema);
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
        Ok(Self { sets, conditions, columns, unevaluated: unevaluated.into_iter().collect() })
    }

    /// The rows of `batch` that the constraints leave, as far as they are evaluated.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if a row that nothing refuses makes an expression fail, as by a division by
    /// zero; where some condition is not evaluated, which might refuse the row, it stays instead.
    /// `Internal` for a batch of another schema.
    pub(crate) fn filter(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        if batch.num_rows() == 0 || (self.sets.is_empty() && self.conditions.is_empty()) {
            return Ok(batch.clone());
        }
        self.check(batch)?;
        let mut rows = Rows::all(batch.num_rows());
        for (index, test) in &self.sets {
            rows = rows.and(&Rows::of(test.passes(batch.column(*index))?));
        }
        for condition in &self.conditions {
            if rows.possible().count_set_bits() == 0 {
                break;
            }
            rows = rows.and(&condition.select(batch)?);
        }
        let kept = match rows.failure() {
            Some(failure) if self.is_complete() => return Err(failure),
            Some(_) => rows.possible(),
            None => rows.kept,
        };
        if kept.count_set_bits() == batch.num_rows() {
            return Ok(batch.clone());
        }
        filter_record_batch(batch, &BooleanArray::new(kept, None))
            .map_err(|e| Error::internal("the rows of a batch cannot be filtered").with_source(e))
    }

    /// Whether all of the constraints are evaluated, so that exactly the rows asked for are left.
    pub(crate) fn is_complete(&self) -> bool {
        self.unevaluated.is_empty()
    }

    /// Names of the functions and columns that cannot be evaluated, each once.
    pub(crate) fn unevaluated(&self) -> &[String] {
        &self.unevaluated
    }

    /// Names of the functions that expressions may use.
    pub(crate) fn supported_functions() -> &'static [&'static str] {
        SUPPORTED_FUNCTIONS
    }

    fn check(&self, batch: &RecordBatch) -> Result<()> {
        for (index, data_type) in &self.columns {
            match batch.columns().get(*index) {
                Some(column) if column.data_type() == data_type => {}
                found => {
                    return Err(Error::internal(format!(
                        "column {index} of a batch is {:?}, but the constraints were compiled for {data_type}",
                        found.map(arrow::array::Array::data_type)
                    )));
                }
            }
        }
        Ok(())
    }
}

/// The expressions that must each be true, with every `$and` at the top taken apart.
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
