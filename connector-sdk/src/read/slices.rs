//! Batches of bounded size, whatever size the connector's are.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, GenericListViewArray, OffsetSizeTrait, make_array},
    buffer::OffsetBuffer,
    datatypes::DataType,
    record_batch::RecordBatch,
};

/// Most rows of a slice: what a filter is fast with, and few enough to notice a full limit soon.
const ROWS: usize = 64 * 1024;

/// About how many bytes of values a slice has at most, so that filtering one copies no more than that.
const BYTES: usize = 4 << 20;

/// The batch in slices of at most [`ROWS`] rows, without copying.
///
/// What is stored once for many rows is written out for each when the types of the wire are made: slices are so short that it
/// takes no more than [`BYTES`], or one row. `more` bytes come to each row beside.
pub(super) fn by_rows(batch: RecordBatch, more: usize) -> impl Iterator<Item = RecordBatch> {
    let fits = move |batch: &RecordBatch| {
        let written_out: usize = batch.columns().iter().map(written_out).sum();
        batch.num_rows() <= 1 || more.saturating_mul(batch.num_rows()).saturating_add(written_out) <= BYTES
    };
    every(batch, ROWS).flat_map(move |rows| {
        let mut rest = vec![rows];
        std::iter::from_fn(move || {
            let mut rows = rest.pop()?;
            while !fits(&rows) {
                let half = rows.num_rows() / 2;
                rest.push(rows.slice(half, rows.num_rows() - half));
                rows = rows.slice(0, half);
            }
            Some(rows)
        })
    })
}

/// Bytes that the values of `column` take once each row has its own, where rows may share them.
fn written_out(column: &ArrayRef) -> usize {
    let of_text = |lens: usize| lens.saturating_add(size_of::<i32>() * column.len());
    match column.data_type() {
        DataType::Dictionary(_, _) => {
            let dictionary = column.as_any_dictionary();
            let lens = lens_of_each(dictionary.values());
            if lens.is_empty() { 0 } else { dictionary.normalized_keys().iter().map(|&key| lens[key]).sum() }
        }
        DataType::RunEndEncoded(_, _) => {
            let longest = lens_of_each(&make_array(column.to_data().child_data()[1].clone())).into_iter().max();
            longest.unwrap_or(0).saturating_mul(column.len())
        }
        DataType::Utf8View => of_text(column.as_string_view().lengths().map(|len| len as usize).sum()),
        DataType::BinaryView => of_text(column.as_binary_view().lengths().map(|len| len as usize).sum()),
        DataType::Struct(_) => column.as_struct().columns().iter().map(written_out).sum(),
        DataType::List(_) => written_out(&between(column.as_list::<i32>().values(), column.as_list::<i32>().offsets())),
        DataType::LargeList(_) => {
            written_out(&between(column.as_list::<i64>().values(), column.as_list::<i64>().offsets()))
        }
        DataType::FixedSizeList(_, _) => written_out(column.as_fixed_size_list().values()),
        DataType::Map(_, _) => {
            let entries: ArrayRef = Arc::new(column.as_map().entries().clone());
            written_out(&between(&entries, column.as_map().offsets()))
        }
        DataType::ListView(_) => of_views(column.as_list_view::<i32>()),
        DataType::LargeListView(_) => of_views(column.as_list_view::<i64>()),
        _ => 0,
    }
}

fn lens_of_each(values: &ArrayRef) -> Vec<usize> {
    let len = |value: ArrayRef| written_out(&value).max(value.to_data().get_slice_memory_size().unwrap_or(0));
    (0..values.len()).map(|at| len(values.slice(at, 1))).collect()
}

/// The elements of all lists of a slice.
fn between<O: OffsetSizeTrait>(values: &ArrayRef, offsets: &OffsetBuffer<O>) -> ArrayRef {
    let (first, last) = (offsets[0].as_usize(), offsets[offsets.len() - 1].as_usize());
    values.slice(first, last - first)
}

/// Lists may share elements: of each, the average is counted.
fn of_views<O: OffsetSizeTrait>(lists: &GenericListViewArray<O>) -> usize {
    let values = lists.values();
    let bytes = written_out(values).max(values.to_data().get_slice_memory_size().unwrap_or(0));
    let elements: usize = lists.sizes().iter().map(|size| size.as_usize()).sum();
    elements.saturating_mul(bytes.div_ceil(values.len().max(1)))
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
    use arrow::{
        array::{DictionaryArray, Int32Array, Int64Array, ListArray, RunArray, StringArray, StringViewArray},
        datatypes::{Field, Int32Type},
    };

    use super::*;
    use crate::ReadRecords;

    #[test]
    fn slices_hold_every_row_in_order() {
        for rows in [0, 1, ROWS - 1, ROWS, ROWS + 1, 3 * ROWS + 7] {
            let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..i64::try_from(rows).unwrap()));
            let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
            let slices: Vec<_> = by_rows(batch.clone(), 0).collect();
            assert!(slices.iter().all(|slice| slice.num_rows() <= ROWS));
            assert_eq!(arrow::compute::concat_batches(&batch.schema(), &slices).unwrap(), batch);
        }
    }

    #[test]
    fn slices_without_columns_keep_the_row_count() {
        let slices: Vec<_> = by_rows(ReadRecords::rows_without_columns(2 * ROWS + 1), 0).collect();
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

    #[test]
    fn values_that_rows_share_make_slices_that_fit_when_each_has_its_own() {
        const LEN: usize = 20_000;
        let long: ArrayRef = Arc::new(StringArray::from_iter_values(["x".repeat(LEN), "y".to_owned()]));
        let rows = i32::try_from(ROWS).unwrap();
        let keys = Int32Array::from_iter_values((0..rows).map(|row| i32::from(row % 10 != 0)));
        let dictionary: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::clone(&long)));
        let runs: ArrayRef = Arc::new(RunArray::<Int32Type>::try_new(&Int32Array::from(vec![7, rows]), &long).unwrap());
        let mut views = StringViewArray::from_iter_values(["x".repeat(LEN)]);
        views = StringViewArray::new(
            std::iter::repeat_n(views.views()[0], ROWS).collect(),
            views.data_buffers().to_vec(),
            None,
        );
        let views: ArrayRef = Arc::new(views);
        let item = Arc::new(Field::new_list_field(views.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(2, ROWS / 2));
        let lists: ArrayRef = Arc::new(ListArray::new(item, offsets, Arc::clone(&views), None));
        for column in [dictionary, runs, views, lists] {
            let batch = RecordBatch::try_from_iter([("s", column)]).unwrap();
            let slices: Vec<_> = by_rows(batch.clone(), 0).collect();
            assert!(slices.iter().all(|slice| written_out(slice.column(0)) <= BYTES), "{}", batch.schema());
            assert!(slices.iter().any(|slice| slice.num_rows() > BYTES / LEN / 4), "{}", batch.schema());
            let mut start = 0;
            for slice in slices {
                assert_eq!(slice, batch.slice(start, slice.num_rows()));
                start += slice.num_rows();
            }
            assert_eq!(start, batch.num_rows());
        }
    }

    #[test]
    fn what_comes_to_each_row_makes_slices_shorter() {
        let slices: Vec<_> = by_rows(ReadRecords::rows_without_columns(1_000), BYTES / 10).collect();
        assert!(slices.iter().all(|slice| slice.num_rows() <= 10) && slices.len() < 200);
        assert_eq!(slices.iter().map(RecordBatch::num_rows).sum::<usize>(), 1_000);
        assert_eq!(by_rows(ReadRecords::rows_without_columns(3), usize::MAX).count(), 3);
    }
}
