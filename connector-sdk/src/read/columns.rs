//! Which columns are read, and which of them are answered.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use arrow::{
    array::{ArrayRef, BooleanArray},
    buffer::BooleanBuffer,
    datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use athena_protocol::predicate::{Constraints, Expression, functions};

use crate::{Error, Result, residual::Projection, unshared::shown};

/// The column that carries the number of rows where none is asked for. A batch without columns has
/// an empty body, which Java peers cannot read (section 4.6 of the protocol); a bit a row is the
/// least that can be sent.
const ROW_COLUMN: &str = "$row";

/// The columns of one read.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    read: SchemaRef,
    answered: SchemaRef,
    /// Where each column asked for comes from.
    asked: Vec<Origin>,
    /// Bytes of the constants that computed columns have in every row.
    constants: usize,
}

/// Where a column of the answer comes from.
#[derive(Debug, Clone)]
enum Origin {
    /// The column of this place among those that were read.
    Read(usize),
    /// A query plan says that it is computed.
    Computed(Arc<Projection>),
}

impl Columns {
    /// The columns `asked`, and `more` that the constraints need.
    pub(crate) fn new(asked: SchemaRef, more: impl IntoIterator<Item = FieldRef>) -> Self {
        let fields: Fields = asked.fields().iter().cloned().chain(more).collect();
        let read = Arc::new(Schema::new_with_metadata(fields, asked.metadata().clone()));
        let origins = (0..asked.fields().len()).map(Origin::Read).collect();
        Self { read, answered: answered(asked), asked: origins, constants: 0 }
    }

    /// The columns `asked`, of which a plan computes some, and `more` that the computations and
    /// constraints need.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a computation that cannot be evaluated.
    pub(crate) fn computing(
        asked: SchemaRef,
        computed: &BTreeMap<&str, &Expression>,
        more: impl IntoIterator<Item = FieldRef>,
    ) -> Result<Self> {
        let plain =
            asked.fields().iter().filter(|field| !computed.contains_key(field.name().as_str()));
        let fields: Fields = plain.cloned().chain(more).collect();
        let read = Arc::new(Schema::new_with_metadata(fields, asked.metadata().clone()));
        let mut places = 0..;
        let origin = |field: &FieldRef| match computed.get(field.name().as_str()) {
            Some(expression) => {
                let projection = Projection::try_new(field.name(), expression, &read)?;
                Ok(Origin::Computed(Arc::new(projection)))
            }
            None => Ok(Origin::Read(places.next().expect("there is no last number"))),
        };
        let origins = asked.fields().iter().map(origin).collect::<Result<_>>()?;
        let constants = computed.values().map(|expression| len_of_constant(expression)).sum();
        Ok(Self { read, answered: answered(asked), asked: origins, constants })
    }

    /// What the connector is asked for, in the types of the wire.
    pub(crate) fn read(&self) -> &SchemaRef {
        &self.read
    }

    /// How many bytes [`select`](Self::select) adds to each row at most, beside those of its
    /// columns.
    pub(crate) fn row_len(&self) -> usize {
        self.constants
    }

    /// What the answer has.
    pub(crate) fn answered(&self) -> &SchemaRef {
        &self.answered
    }

    /// The columns of the answer, of a batch that was read.
    pub(crate) fn select(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = if self.asked.is_empty() {
            let rows: ArrayRef =
                Arc::new(BooleanArray::new(BooleanBuffer::new_set(batch.num_rows()), None));
            vec![rows]
        } else {
            let column = |(origin, field): (&Origin, &FieldRef)| match origin {
                Origin::Read(place) => Ok(Arc::clone(batch.column(*place))),
                Origin::Computed(projection) => projection.evaluate(batch, field),
            };
            self.asked.iter().zip(self.answered.fields()).map(column).collect::<Result<_>>()?
        };
        RecordBatch::try_new(Arc::clone(&self.answered), columns).map_err(|e| {
            Error::internal("the columns of a batch do not make up the answer").with_source(e)
        })
    }
}

/// The columns asked for, or the one that carries the number of rows.
fn answered(asked: SchemaRef) -> SchemaRef {
    if !asked.fields().is_empty() {
        return asked;
    }
    let row = Field::new(ROW_COLUMN, DataType::Boolean, false);
    Arc::new(Schema::new_with_metadata(vec![row], asked.metadata().clone()))
}

/// Every column that the constraints name, sorted.
pub(crate) fn columns_of_constraints(constraints: &Constraints) -> BTreeSet<&str> {
    let mut columns: BTreeSet<&str> = constraints.summary.keys().map(String::as_str).collect();
    if constraints.limit.is_some() {
        columns
            .extend(constraints.order_by.iter().filter_map(|field| field.column_name.as_deref()));
    }
    for expression in &constraints.expressions {
        columns.extend(expression.columns());
    }
    columns
}

/// Bytes of the constant that an expression may have the value of in every row.
fn len_of_constant(expression: &Expression) -> usize {
    match expression {
        Expression::Constant { values: Some(values), .. } => shown(&values.to_data()),
        Expression::Call { function, arguments, .. } if function == functions::NULLIF => {
            arguments.first().map_or(0, len_of_constant)
        }
        // What others make is true, false or a number.
        Expression::Constant { .. } | Expression::Variable { .. } | Expression::Call { .. } => 0,
    }
}
