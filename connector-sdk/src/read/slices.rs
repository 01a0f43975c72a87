//! Batches of bounded size, whatever size the connector's are.

use arrow::{array::Array, record_batch::RecordBatch};

use super::written_out::written_out;
use crate::unshared::shown;

/// Most rows of a slice: what a filter is fast with, and few enough to notice a full limit soon.
const ROWS: usize = 64 * 1024;

/// About how many bytes of values a slice has at most, so that filtering one copies no more than
/// that.
const BYTES: usize = 4 << 20;

/// The batch in slices of at most [`ROWS`] rows, without copying.
///
/// What is stored once for many rows is written out for each when the types of the wire are made:
/// slices are so short that it takes no more than [`BYTES`], or one row. `more` bytes come to each
/// row beside.
pub(super) fn by_rows(batch: RecordBatch, more: usize) -> impl Iterator<Item = RecordBatch> {
    let fits = move |batch: &RecordBatch| {
        let written_out = || batch.columns().iter().map(|column| written_out(column)).sum();
        batch.num_rows() <= 1
            || more.saturating_mul(batch.num_rows()).saturating_add(written_out()) <= BYTES
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

/// The batch in slices of about [`BYTES`] bytes, or one row, without copying.
///
/// Only the average row is looked at: a block is measured exactly later, when it is cut.
pub(super) fn by_bytes(batch: RecordBatch) -> impl Iterator<Item = RecordBatch> {
    let bytes: usize = batch.columns().iter().map(|column| shown(&column.to_data())).sum();
    let rows = if bytes <= BYTES {
        usize::MAX
    } else {
        (BYTES / (bytes / batch.num_rows().max(1)).max(1)).max(1)
    };
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

    use arrow::{
        array::{
            ArrayRef, DictionaryArray, Int32Array, Int64Array, ListArray, ListViewArray, MapArray,
            NullArray, RunArray, StringArray, StringViewArray, StructArray,
        },
        buffer::{NullBuffer, OffsetBuffer, ScalarBuffer},
        datatypes::{DataType, Field, Int32Type, Schema},
    };

    use super::*;
    use crate::{
        stream::batch_without_columns,
        wire_type::{cast_batch, wire_schema},
    };

    #[test]
    fn slices_hold_every_row_in_order() {
        for rows in [0, 1, ROWS - 1, ROWS, ROWS + 1, 3 * ROWS + 7] {
            let column: ArrayRef =
                Arc::new(Int64Array::from_iter_values(0..i64::try_from(rows).unwrap()));
            let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
            let slices: Vec<_> = by_rows(batch.clone(), 0).collect();
            assert!(slices.iter().all(|slice| slice.num_rows() <= ROWS));
            assert_eq!(arrow::compute::concat_batches(&batch.schema(), &slices).unwrap(), batch);
        }
    }

    #[test]
    fn slices_without_columns_keep_the_row_count() {
        let slices: Vec<_> = by_rows(batch_without_columns(2 * ROWS + 1), 0).collect();
        assert_eq!(slices.iter().map(RecordBatch::num_rows).sum::<usize>(), 2 * ROWS + 1);
        assert_eq!(slices.len(), 3);
    }

    #[test]
    fn large_values_make_slices_of_few_rows() {
        let column: ArrayRef =
            Arc::new(StringArray::from_iter_values((0..10).map(|_| "x".repeat(BYTES / 2))));
        let batch = RecordBatch::try_from_iter([("s", column)]).unwrap();
        let slices: Vec<_> = by_bytes(batch).collect();
        assert!(slices.iter().all(|slice| slice.num_rows() <= 2), "{slices:?}");
        assert_eq!(slices.iter().map(RecordBatch::num_rows).sum::<usize>(), 10);
    }

    /// Columns of [`ROWS`] rows and what they become; written out, each has far more than
    /// [`BYTES`].
    fn shared() -> Vec<(ArrayRef, DataType)> {
        const LEN: usize = 2_000;
        let rows = i32::try_from(ROWS).unwrap();
        let long: ArrayRef =
            Arc::new(StringArray::from_iter_values(["y".to_owned(), "x".repeat(LEN)]));
        // Every tenth row is short, and some are null.
        let keys: Int32Array =
            (0..rows).map(|row| (row % 7 != 0).then(|| i32::from(row % 10 != 0))).collect();
        let dictionary: ArrayRef =
            Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::clone(&long)));
        let runs = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![7, rows]), &long).unwrap();
        let view = StringViewArray::from_iter_values(["x".repeat(LEN)]);
        let views: ScalarBuffer<u128> = std::iter::repeat_n(view.views()[0], ROWS).collect();
        let views: ArrayRef =
            Arc::new(StringViewArray::new(views, view.data_buffers().to_vec(), None));
        let item = Arc::new(Field::new_list_field(DataType::Utf8View, true));
        let pairs = OffsetBuffer::from_lengths(std::iter::repeat_n(1, ROWS));
        let lists = ListArray::new(item, pairs.clone(), Arc::clone(&views), None);
        let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
        let same = |number| std::iter::repeat_n(number, ROWS).collect::<ScalarBuffer<i32>>();
        let list_views = ListViewArray::new(item, same(1), same(1), Arc::clone(&long), None);
        let child = Arc::new(Field::new("d", dictionary.data_type().clone(), true));
        let structs = StructArray::new(vec![child].into(), vec![Arc::clone(&dictionary)], None);
        let names: ArrayRef =
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n("k", ROWS)));
        let entries = [("keys", names, false), ("values", Arc::clone(&views), true)];
        let entries = StructArray::from(
            entries
                .map(|(name, values, nullable)| {
                    (Arc::new(Field::new(name, values.data_type().clone(), nullable)), values)
                })
                .to_vec(),
        );
        let field = Arc::new(Field::new("entries", entries.data_type().clone(), false));
        let maps = MapArray::new(field, pairs, entries, None, false);
        let columns: [ArrayRef; 8] = [
            dictionary,
            Arc::new(runs),
            views,
            Arc::new(lists),
            Arc::new(list_views),
            Arc::new(structs),
            Arc::new(maps),
            Arc::new(NullArray::new(ROWS)),
        ];
        let on_the_wire = |column: ArrayRef| {
            let wire = match column.data_type() {
                DataType::Null => DataType::Decimal128(38, 0),
                other => {
                    let schema = Schema::new(vec![Field::new("s", other.clone(), true)]);
                    wire_schema(&schema).unwrap().field(0).data_type().clone()
                }
            };
            (column, wire)
        };
        columns.into_iter().map(on_the_wire).collect()
    }

    #[test]
    fn values_that_rows_share_make_slices_that_fit_when_each_has_its_own() {
        for (column, wire) in shared() {
            let batch = RecordBatch::try_from_iter_with_nullable([("s", column, true)]).unwrap();
            let target = Arc::new(Schema::new(vec![Field::new("s", wire, true)]));
            let slices: Vec<_> = by_rows(batch.clone(), 0).collect();
            let mut start = 0;
            for slice in &slices {
                assert_eq!(*slice, batch.slice(start, slice.num_rows()));
                start += slice.num_rows();
                let cast = cast_batch(slice, &target).unwrap();
                let bytes = cast.column(0).to_data().get_slice_memory_size().unwrap();
                // Offsets, bitmaps and names come on top.
                assert!(
                    bytes <= BYTES + 32 * slice.num_rows(),
                    "{bytes} bytes of {}",
                    batch.schema()
                );
            }
            assert_eq!(start, batch.num_rows());
            let (shortest, bytes) =
                (slices.iter().map(RecordBatch::num_rows).min().unwrap(), BYTES / 2_000);
            assert!(
                slices.len() == 1 || shortest > bytes / 4,
                "{shortest} rows of {}",
                batch.schema()
            );
        }
    }

    #[test]
    fn a_long_value_makes_no_slices_of_others_short() {
        let rows = i32::try_from(ROWS).unwrap();
        let values: ArrayRef = Arc::new(StringArray::from_iter_values(
            (0..ROWS)
                .map(|row| if row == 100 { "x".repeat(BYTES) } else { format!("value {row}") }),
        ));
        let keys = Int32Array::new((0..rows).collect(), Some(NullBuffer::new_valid(ROWS)));
        let dictionary: ArrayRef =
            Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::clone(&values)));
        let runs: ArrayRef = Arc::new(
            RunArray::<Int32Type>::try_new(&Int32Array::from_iter_values(1..=rows), &values)
                .unwrap(),
        );
        for column in [dictionary, runs] {
            let batch = RecordBatch::try_from_iter([("s", column)]).unwrap();
            let slices = by_rows(batch, 0).count();
            assert!(slices < 40, "{slices} slices");
        }
    }

    #[test]
    fn what_comes_to_each_row_makes_slices_shorter() {
        let slices: Vec<_> = by_rows(batch_without_columns(1_000), BYTES / 10).collect();
        assert!(slices.iter().all(|slice| slice.num_rows() <= 10) && slices.len() < 200);
        assert_eq!(slices.iter().map(RecordBatch::num_rows).sum::<usize>(), 1_000);
        assert_eq!(by_rows(batch_without_columns(3), usize::MAX).count(), 3);
    }
}
