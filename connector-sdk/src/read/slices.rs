//! Batches of bounded size, whatever size the connector's are.

use arrow::{array::Array, record_batch::RecordBatch};

/// Most rows of a slice: what a filter is fast with, and few enough to notice a full limit soon.
const ROWS: usize = 64 * 1024;

/// About how many bytes of values a slice has at most, so that filtering one copies no more than that.
const BYTES: usize = 4 << 20;

/// The batch in slices of at most [`ROWS`] rows, without copying.
pub(super) fn by_rows(batch: RecordBatch) -> impl Iterator<Item = RecordBatch> {
    every(batch, ROWS)
}

/// The batch in slices of about [`BYTES`] bytes, or one row, without copying.
///
/// Only the average row is looked at: a block is measured exactly later, when it is cut.
pub(super) fn by_bytes(batch: RecordBatch) -> impl Iterator<Item = RecordBatch> {
    let size = |column: &dyn Array| column.to_data().get_slice_memory_size().unwrap_or(0);
    let bytes: usize = batch.columns().iter().map(|column| size(column.as_ref())).sum();
    let rows = if bytes <= BYTES { usize::MAX } else { (BYTES / (bytes / batch.num_rows().max(1)).max(1)).max(1) };
    every(batch, rows)
}

fn every(batch: RecordBatch, rows: usize) -> impl Iterator<Item = RecordBatch> {
    let mut start = 0;
    std::iter::from_fn(move || {
        // Also a batch without rows is passed on: it may be all that there is.
        if start > 0 && start >= batch.num_rows() {
            return None;
        }
        if start == 0 && batch.num_rows() <= rows {
            start = batch.num_rows().max(1);
            return Some(batch.clone());
        }
        let slice = batch.slice(start, rows.min(batch.num_rows() - start));
        start += slice.num_rows();
        Some(slice)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;
    use crate::ReadRecords;

    #[test]
    fn slices_hold_every_row_in_order() {
        for rows in [0, 1, ROWS - 1, ROWS, ROWS + 1, 3 * ROWS + 7] {
            let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..i64::try_from(rows).unwrap()));
            let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
            let slices: Vec<_> = by_rows(batch.clone()).collect();
            assert!(slices.iter().all(|slice| slice.num_rows() <= ROWS));
            assert_eq!(arrow::compute::concat_batches(&batch.schema(), &slices).unwrap(), batch);
        }
    }

    #[test]
    fn slices_without_columns_keep_the_row_count() {
        let slices: Vec<_> = by_rows(ReadRecords::rows_without_columns(2 * ROWS + 1)).collect();
        assert_eq!(slices.iter().map(RecordBatch::num_rows).sum::<usize>(), 2 * ROWS + 1);
        assert_eq!(slices.len(), 3);
    }

    #[test]
    fn large_values_make_slices_of_few_rows() {
        let column: ArrayRef = Arc::new(StringArray::from_iter_values((0..10).map(|_| "x".repeat(BYTES / 2))));
        let batch = RecordBatch::try_from_iter([("s", column)]).unwrap();
        let slices: Vec<_> = by_bytes(batch).collect();
        assert!(slices.iter().all(|slice| slice.num_rows() <= 2), "{slices:?}");
        assert_eq!(slices.iter().map(RecordBatch::num_rows).sum::<usize>(), 10);
    }
}
