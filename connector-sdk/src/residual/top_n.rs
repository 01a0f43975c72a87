//! Top-N in bounded memory.

use std::{collections::BTreeSet, sync::Arc};

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

use crate::{Error, Result, column_index::ColumnIndex, compact::compact};

/// Excess candidates below which sorting costs more than retaining them.
const MIN_EXCESS_TO_SORT: usize = 8_192;

/// Rows above which sorting takes tens of milliseconds.
const SLOW_ROWS: usize = 65_536;

/// Operator that keeps the `limit` rows that come first in an order.
///
/// NaN follows all numbers and -0.0 equals 0.0, as in Trino. Which of several equal rows are kept
/// is unspecified.
#[derive(Debug)]
pub(super) struct TopN {
    limit: usize,
    cap_bytes: usize,
    order: Vec<(usize, SortOptions)>,
    candidates: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    /// Whether the rows to retain exceed the cap: from then on every row passes.
    passes_all: bool,
}

impl TopN {
    /// Creates the operator, or `None` if the order names an unknown column or a type without an
    /// order.
    pub(super) fn new(
        order: &[OrderByField],
        limit: u64,
        schema: &SchemaRef,
        cap_bytes: usize,
    ) -> Option<Self> {
        let columns = ColumnIndex::new(schema.fields());
        let column = |field: &OrderByField| {
            let (index, column) = columns.find(field.column_name.as_deref()?)?;
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
            order: without_repeats(order.iter().map(column).collect::<Option<_>>()?),
            candidates: Vec::new(),
            rows: 0,
            bytes: 0,
            passes_all: false,
        })
    }

    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>> {
        if self.passes_all {
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

    /// Returns the retained rows, in order unless other rows have passed.
    pub(super) fn finish(self) -> Result<Vec<RecordBatch>> {
        if self.passes_all || self.candidates.is_empty() {
            return Ok(self.candidates);
        }
        Ok(vec![self.first_of(&self.candidates)?])
    }

    /// Returns whether [`push`](Self::push) of `batch`, or [`finish`](Self::finish), sorts many
    /// rows.
    pub(super) fn is_slow(&self, batch: Option<&RecordBatch>) -> bool {
        let rows = self.rows + batch.map_or(0, RecordBatch::num_rows);
        let bytes = self.bytes + batch.map_or(0, RecordBatch::get_array_memory_size);
        !self.passes_all && rows > SLOW_ROWS && (batch.is_none() || self.is_full(rows, bytes))
    }

    /// Returns whether so many candidates are worth sorting.
    fn is_full(&self, rows: usize, bytes: usize) -> bool {
        bytes > self.cap_bytes
            || rows.saturating_sub(self.limit) >= self.limit.max(MIN_EXCESS_TO_SORT)
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
        self.passes_all = self.bytes > self.cap_bytes / 2;
        Ok(())
    }

    /// Returns the first `limit` rows of all `batches`, in order.
    fn first_of(&self, batches: &[RecordBatch]) -> Result<RecordBatch> {
        let mut columns = Vec::with_capacity(self.order.len());
        for (index, options) in &self.order {
            let parts: Vec<&dyn Array> =
                batches.iter().map(|batch| batch.column(*index).as_ref()).collect();
            let values = concat(&parts).map_err(sort_error)?;
            columns.push(SortColumn { values: normalize_floats(values), options: Some(*options) });
        }
        let indices = lexsort_to_indices(&columns, Some(self.limit)).map_err(sort_error)?;
        if let [batch] = batches {
            return take_record_batch(batch, &indices).map_err(sort_error);
        }
        let places = places(&indices, batches);
        interleave_record_batch(&batches.iter().collect::<Vec<_>>(), &places).map_err(sort_error)
    }
}

/// Removes columns that an earlier entry orders by: they decide nothing, and each would be copied.
fn without_repeats(order: Vec<(usize, SortOptions)>) -> Vec<(usize, SortOptions)> {
    let mut seen = BTreeSet::new();
    order.into_iter().filter(|(column, _)| seen.insert(*column)).collect()
}

/// Returns the batch and row of every index into the concatenated batches.
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

fn sort_error(error: ArrowError) -> Error {
    Error::internal("the rows of a batch cannot be sorted").with_source(error)
}

fn has_order(data_type: &DataType) -> bool {
    !data_type.is_nested()
        && !matches!(
            data_type,
            DataType::Null | DataType::Interval(_) | DataType::RunEndEncoded(_, _)
        )
}

/// Normalizes floats so that Arrow's total order equals Trino's order of the values.
fn normalize_floats(values: ArrayRef) -> ArrayRef {
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
