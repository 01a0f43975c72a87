//! The first rows in an order, in bounded memory.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, UInt32Array},
    compute::{
        SortColumn, SortOptions, concat, interleave_record_batch, lexsort_to_indices,
        take_record_batch,
    },
    datatypes::{DataType, Float32Type, Float64Type, SchemaRef},
    error::ArrowError,
    record_batch::RecordBatch,
};
use athena_protocol::predicate::OrderByField;

use crate::{Error, Result, compact::compact};

/// Sorting fewer candidates than this at once costs more than keeping them.
const WORTH_SORTING: usize = 8_192;

/// Sorting more takes tens of milliseconds and more.
const LARGE: usize = 65_536;

/// Keeps the `limit` rows that come first in an order.
///
/// NaN comes after all numbers and -0.0 with 0.0, as in Trino. Which of several equal rows are kept
/// is not defined.
#[derive(Debug)]
pub(super) struct TopN {
    limit: usize,
    cap_bytes: usize,
    order: Vec<(usize, SortOptions)>,
    candidates: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    /// Whether the rows to keep exceed the cap: from then on every row passes.
    given_up: bool,
}

impl TopN {
    /// `None` where the order names a column that `schema` lacks or that has no order.
    pub(super) fn new(
        order: &[OrderByField],
        limit: u64,
        schema: &SchemaRef,
        cap_bytes: usize,
    ) -> Option<Self> {
        let column = |field: &OrderByField| {
            let (index, column) = schema.fields().find(field.column_name.as_deref()?)?;
            let direction = field.direction;
            let options = SortOptions {
                descending: direction.descending(),
                nulls_first: direction.nulls_first(),
            };
            has_order(column.data_type()).then_some((index, options))
        };
        Some(Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            cap_bytes,
            order: order.iter().map(column).collect::<Option<_>>()?,
            candidates: Vec::new(),
            rows: 0,
            bytes: 0,
            given_up: false,
        })
    }

    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>> {
        if self.given_up {
            return Ok(Some(batch));
        }
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        let batch =
            if batch.num_rows() > self.limit { self.first_of(&[batch])? } else { compact(batch)? };
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        self.candidates.push(batch);
        if self.is_full(self.rows, self.bytes) {
            self.compact()?;
        }
        Ok(None)
    }

    /// The rows kept, in order unless they are part of a result that was not kept.
    pub(super) fn finish(self) -> Result<Vec<RecordBatch>> {
        if self.given_up || self.candidates.is_empty() {
            return Ok(self.candidates);
        }
        Ok(vec![self.first_of(&self.candidates)?])
    }

    /// Whether [`push`](Self::push) of `batch`, or [`finish`](Self::finish), orders many rows.
    pub(super) fn is_slow(&self, batch: Option<&RecordBatch>) -> bool {
        let rows = self.rows + batch.map_or(0, RecordBatch::num_rows);
        let bytes = self.bytes + batch.map_or(0, RecordBatch::get_array_memory_size);
        !self.given_up && rows > LARGE && (batch.is_none() || self.is_full(rows, bytes))
    }

    /// Whether so many candidates are worth sorting.
    fn is_full(&self, rows: usize, bytes: usize) -> bool {
        bytes > self.cap_bytes || rows.saturating_sub(self.limit) >= self.limit.max(WORTH_SORTING)
    }

    #[cfg(test)]
    pub(super) fn kept_bytes(&self) -> usize {
        self.candidates.iter().map(RecordBatch::get_array_memory_size).sum()
    }

    fn compact(&mut self) -> Result<()> {
        if self.rows > self.limit {
            let first = self.first_of(&self.candidates)?;
            (self.rows, self.bytes) = (first.num_rows(), first.get_array_memory_size());
            self.candidates = vec![first];
        }
        // With less than half of the cap to spare, every few batches would sort all candidates
        // again.
        self.given_up = self.bytes > self.cap_bytes / 2;
        Ok(())
    }

    /// The first `limit` rows of all of `batches`, in order.
    fn first_of(&self, batches: &[RecordBatch]) -> Result<RecordBatch> {
        let failed =
            |e: ArrowError| Error::internal("the rows of a batch cannot be ordered").with_source(e);
        let mut columns = Vec::with_capacity(self.order.len());
        for (index, options) in &self.order {
            let parts: Vec<&dyn Array> =
                batches.iter().map(|batch| batch.column(*index).as_ref()).collect();
            let values = concat(&parts).map_err(failed)?;
            columns.push(SortColumn { values: in_order_of_trino(values), options: Some(*options) });
        }
        let indices = lexsort_to_indices(&columns, Some(self.limit)).map_err(failed)?;
        if let [batch] = batches {
            return take_record_batch(batch, &indices).map_err(failed);
        }
        let places = places(&indices, batches);
        interleave_record_batch(&batches.iter().collect::<Vec<_>>(), &places).map_err(failed)
    }
}

/// Batch and row of every index into the rows of all batches.
fn places(indices: &UInt32Array, batches: &[RecordBatch]) -> Vec<(usize, usize)> {
    let mut starts = Vec::with_capacity(batches.len());
    let mut start = 0;
    for batch in batches {
        starts.push(start);
        start += batch.num_rows();
    }
    let place = |&index: &u32| {
        let index = index as usize;
        let batch = starts.partition_point(|&start| start <= index) - 1; // the first starts at 0
        (batch, index - starts[batch])
    };
    indices.values().iter().map(place).collect()
}

fn has_order(data_type: &DataType) -> bool {
    !data_type.is_nested()
        && !matches!(
            data_type,
            DataType::Null | DataType::Interval(_) | DataType::RunEndEncoded(_, _)
        )
}

/// Floats such that their total order, which arrow sorts by, is the order of their values.
fn in_order_of_trino(values: ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Float32 => {
            Arc::new(values.as_primitive::<Float32Type>().unary::<_, Float32Type>(|value| {
                if value.is_nan() { f32::NAN } else { value + 0.0 }
            }))
        }
        DataType::Float64 => {
            Arc::new(values.as_primitive::<Float64Type>().unary::<_, Float64Type>(|value| {
                if value.is_nan() { f64::NAN } else { value + 0.0 }
            }))
        }
        _ => values,
    }
}
