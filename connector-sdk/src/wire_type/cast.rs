//! Casts of batches to another schema.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef},
    datatypes::{DataType, Field, SchemaRef},
    record_batch::{RecordBatch, RecordBatchOptions},
};

use super::{nested::cast_array, scalar::Misfit};
use crate::{Error, Result, column_index::ColumnIndex};

/// Returns the columns of `target`, found by exact name, in its order and cast to its types.
///
/// A column that already has the target type is shared, not copied. No value changes silently:
/// numbers become the nearest floating-point or decimal value (decimals round half away from zero,
/// section 6.3 of the protocol), times are floored to a coarser unit, and any other value must
/// survive exactly. A target without columns keeps the row count.
///
/// # Errors
///
/// `Internal` for a column that is missing or whose type cannot become the target type,
/// `InvalidInput` for a value that does not fit. Messages never contain values.
pub(crate) fn cast_batch(batch: &RecordBatch, target: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema_ref() == target {
        return Ok(batch.clone());
    }
    let index = ColumnIndex::new(batch.schema_ref().fields());
    let mut columns = Vec::with_capacity(target.fields().len());
    for field in target.fields() {
        let Some((index, _)) = index.find(field.name()) else {
            return Err(missing_column(field, batch));
        };
        let column = batch.column(index);
        let cast = cast_array(column, field.data_type()).and_then(|cast| {
            let nulls = if field.is_nullable() { 0 } else { cast.logical_null_count() };
            if nulls == 0 { Ok(cast) } else { Err(Misfit::Null) }
        });
        columns.push(cast.map_err(|misfit| misfit.into_error(field, column.data_type()))?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(target), columns, &options).map_err(|e| {
        Error::internal("the columns of a batch do not match the requested schema").with_source(e)
    })
}

fn missing_column(field: &Field, batch: &RecordBatch) -> Error {
    let schema = batch.schema_ref();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    Error::internal(format!(
        "the connector returned a batch without column {:?}; its columns are {names:?}, and names \
         must match exactly",
        field.name()
    ))
}

impl Misfit {
    fn into_error(self, field: &Field, from: &DataType) -> Error {
        let name = field.name();
        let to = field.data_type();
        match self {
            Self::Types => Error::internal(format!(
                "the connector returned column {name:?} as {from}, which cannot be cast to {to}; \
                 return {to}"
            )),
            Self::Value => Error::invalid_input(format!(
                "column {name:?} has a value of type {from} that does not fit {to}; declare a \
                 wider type"
            )),
            Self::Null => Error::invalid_input(format!(
                "column {name:?} of type {to} has a null, but is declared as not nullable; declare \
                 it as nullable"
            )),
        }
    }
}

/// Casts `array` to `to` like [`cast_batch`]; `None` if it cannot be cast.
pub(crate) fn cast_values(array: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    cast_array(array, to).ok()
}
