//! Which columns are read, and which of them are answered.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray},
    buffer::BooleanBuffer,
    datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use athena_protocol::predicate::{Constraints, Expression};

use crate::{Error, Result};

/// The column that carries the number of rows where none is asked for. A batch without columns has an empty body, which
/// Java peers cannot read (section 4.6 of the protocol); a bit a row is the least that can be sent.
const ROW_COLUMN: &str = "$row";

/// The columns of one read.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    read: SchemaRef,
    answered: SchemaRef,
    /// How many of the columns read are asked for; they come first.
    asked: usize,
}

impl Columns {
    /// The columns `asked`, and `more` that the constraints need.
    pub(crate) fn new(asked: SchemaRef, more: impl IntoIterator<Item = FieldRef>) -> Self {
        let count = asked.fields().len();
        let fields: Fields = asked.fields().iter().cloned().chain(more).collect();
        let read = Arc::new(Schema::new_with_metadata(fields, asked.metadata().clone()));
        let answered = if count == 0 {
            let row = Field::new(ROW_COLUMN, DataType::Boolean, false);
            Arc::new(Schema::new_with_metadata(vec![row], asked.metadata().clone()))
        } else {
            asked
        };
        Self { read, answered, asked: count }
    }

    /// What the connector is asked for, in the types of the wire.
    pub(crate) fn read(&self) -> &SchemaRef {
        &self.read
    }

    /// What the answer has.
    pub(crate) fn answered(&self) -> &SchemaRef {
        &self.answered
    }

    /// The columns of the answer, of a batch that was read.
    pub(crate) fn select(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = if self.asked == 0 {
            let rows: ArrayRef = Arc::new(BooleanArray::new(BooleanBuffer::new_set(batch.num_rows()), None));
            vec![rows]
        } else {
            batch.columns()[..self.asked].to_vec()
        };
        RecordBatch::try_new(Arc::clone(&self.answered), columns)
            .map_err(|e| Error::internal("the columns of a batch do not make up the answer").with_source(e))
    }
}

/// Every column that the constraints name, sorted.
pub(crate) fn columns_of_constraints(constraints: &Constraints) -> BTreeSet<&str> {
    let mut columns: BTreeSet<&str> = constraints.summary.keys().map(String::as_str).collect();
    if constraints.limit.is_some() {
        columns.extend(constraints.order_by.iter().filter_map(|field| field.column_name.as_deref()));
    }
    let mut rest: Vec<&Expression> = constraints.expressions.iter().collect();
    while let Some(expression) = rest.pop() {
        match expression {
            Expression::Constant { .. } => {}
            Expression::Variable { column, .. } => {
                columns.insert(column);
            }
            Expression::Call { arguments, .. } => rest.extend(arguments),
        }
    }
    columns
}
