//! Rows and masks of one read, compiled for its columns.

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::predicate::Constraints;

use super::{Access, Mask};
use crate::{Error, Result, deadline::TimeLimit, residual::Residual};

/// Filter of the rows that a caller may see, and the masks of their columns.
#[derive(Debug)]
pub(crate) struct AccessFilter {
    rows: Residual,
    /// Indices of masked columns.
    masks: Vec<(usize, Mask)>,
}

impl AccessFilter {
    /// Compiles `access` for batches of `schema`.
    ///
    /// # Errors
    ///
    /// `Internal` for a condition that cannot be evaluated: its rows must not pass. `InvalidInput`
    /// if the request has a masked column as not nullable.
    pub(crate) fn try_new(
        access: &Access,
        schema: &SchemaRef,
        time_limit: TimeLimit,
    ) -> Result<Self> {
        let conditions = Constraints { expressions: access.rows.clone(), ..Constraints::default() };
        let rows = Residual::try_new(&conditions, schema)?.with_time_limit(time_limit);
        if !rows.is_complete() {
            return Err(Error::internal(format!(
                "the access rule restricts rows by {:?}, which the SDK cannot evaluate on this \
                 table; use columns of the table and functions of the capabilities",
                rows.unevaluated()
            )));
        }
        let mut masks = Vec::new();
        for (index, field) in schema.fields().iter().enumerate() {
            let Some(mask) = access.masks.get(&field.name().to_lowercase()) else { continue };
            if !field.is_nullable() {
                return Err(Error::invalid_input(format!(
                    "column {:?} is masked and requested as not nullable; describe the table again",
                    field.name()
                )));
            }
            masks.push((index, mask.clone()));
        }
        Ok(Self { rows, masks })
    }

    /// Returns the rows of `batch` that the caller may see, with masked values.
    pub(crate) fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let batch = self.rows.filter(batch)?;
        if self.masks.is_empty() {
            return Ok(batch);
        }
        let schema = batch.schema();
        let mut columns = batch.columns().to_vec();
        for (index, mask) in &self.masks {
            columns[*index] = mask.apply(schema.field(*index).name(), &columns[*index])?;
        }
        RecordBatch::try_new(schema, columns)
            .map_err(|e| Error::internal("masked columns do not make a batch").with_source(e))
    }
}
