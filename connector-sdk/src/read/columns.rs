//! Columns of a read and of its response.

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

use crate::{
    Error, Result, column_index::ColumnIndex, compact::visible_bytes, deadline::TimeLimit,
    residual::Projection,
};

/// Column that carries the row count if no columns are requested.
///
/// A batch without columns has an empty body, which Java peers cannot read (section 4.6 of the
/// protocol); one bit per row is the smallest alternative.
const ROW_COUNT_COLUMN: &str = "$row";

/// Columns of one read.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    read_schema: SchemaRef,
    response_schema: SchemaRef,
    /// Origin of each requested column.
    origins: Vec<Origin>,
    /// Bytes of the constants that computed columns repeat in every row.
    constant_bytes: usize,
}

/// Origin of a column of the response.
#[derive(Debug, Clone)]
enum Origin {
    /// Column that was read, by index.
    Read(usize),
    /// Column that a query plan computes.
    Computed(Arc<Projection>),
}

impl Columns {
    /// Creates the `requested` columns, and the `additional` ones that the constraints need.
    pub(crate) fn new(
        requested: SchemaRef,
        additional: impl IntoIterator<Item = FieldRef>,
    ) -> Self {
        let fields: Fields = requested.fields().iter().cloned().chain(additional).collect();
        let read_schema = Schema::new_with_metadata(fields, requested.metadata().clone());
        Self {
            read_schema: Arc::new(read_schema),
            origins: (0..requested.fields().len()).map(Origin::Read).collect(),
            response_schema: response_schema(requested),
            constant_bytes: 0,
        }
    }

    /// Creates the `requested` columns, of which a plan computes some, and the `additional` ones
    /// that the computations and constraints need.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a computation that cannot be evaluated.
    pub(crate) fn with_computed(
        requested: SchemaRef,
        computed: &BTreeMap<&str, &Expression>,
        additional: impl IntoIterator<Item = FieldRef>,
    ) -> Result<Self> {
        let plain =
            requested.fields().iter().filter(|field| !computed.contains_key(field.name().as_str()));
        let fields: Fields = plain.cloned().chain(additional).collect();
        let read_schema = Arc::new(Schema::new_with_metadata(fields, requested.metadata().clone()));
        let index = ColumnIndex::new(read_schema.fields());
        let mut origins = Vec::with_capacity(requested.fields().len());
        let mut next_read = 0;
        for field in requested.fields() {
            if let Some(expression) = computed.get(field.name().as_str()) {
                let projection = Projection::try_new(field.name(), expression, &index)?;
                origins.push(Origin::Computed(Arc::new(projection)));
            } else {
                origins.push(Origin::Read(next_read));
                next_read += 1;
            }
        }
        Ok(Self {
            read_schema,
            response_schema: response_schema(requested),
            origins,
            constant_bytes: computed.values().map(|expression| constant_bytes(expression)).sum(),
        })
    }

    /// Returns the columns to request from the connector, in Athena's types.
    pub(crate) fn read_schema(&self) -> &SchemaRef {
        &self.read_schema
    }

    /// Returns an upper bound of the bytes that [`select`](Self::select) adds to each row.
    pub(crate) fn added_row_bytes(&self) -> usize {
        self.constant_bytes
    }

    /// Returns the columns of the response.
    pub(crate) fn response_schema(&self) -> &SchemaRef {
        &self.response_schema
    }

    /// Selects and computes the columns of the response from a batch that was read.
    pub(crate) fn select(&self, batch: &RecordBatch, time_limit: TimeLimit) -> Result<RecordBatch> {
        let columns = if self.origins.is_empty() {
            let rows: ArrayRef =
                Arc::new(BooleanArray::new(BooleanBuffer::new_set(batch.num_rows()), None));
            vec![rows]
        } else {
            let mut columns = Vec::with_capacity(self.origins.len());
            for (origin, field) in self.origins.iter().zip(self.response_schema.fields()) {
                columns.push(match origin {
                    Origin::Read(index) => Arc::clone(batch.column(*index)),
                    Origin::Computed(projection) => {
                        projection.evaluate(batch, field, time_limit)?
                    }
                });
            }
            columns
        };
        RecordBatch::try_new(Arc::clone(&self.response_schema), columns).map_err(|e| {
            Error::internal("the columns of a batch do not fit the response schema").with_source(e)
        })
    }
}

/// Returns the requested columns, or the one that carries the row count if there are none.
fn response_schema(requested: SchemaRef) -> SchemaRef {
    if !requested.fields().is_empty() {
        return requested;
    }
    let row = Field::new(ROW_COUNT_COLUMN, DataType::Boolean, false);
    Arc::new(Schema::new_with_metadata(vec![row], requested.metadata().clone()))
}

/// Returns the names of all columns in the constraints, sorted.
pub(crate) fn constraint_columns(constraints: &Constraints) -> BTreeSet<&str> {
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

/// Returns the bytes of the constant that may be the value of an expression in every row.
fn constant_bytes(expression: &Expression) -> usize {
    match expression {
        Expression::Constant { values: Some(values), .. } => visible_bytes(&values.to_data()),
        Expression::Call { function, arguments, .. } if function == functions::NULLIF => {
            arguments.first().map_or(0, constant_bytes)
        }
        // Other functions return booleans or numbers.
        Expression::Constant { .. } | Expression::Variable { .. } | Expression::Call { .. } => 0,
    }
}
