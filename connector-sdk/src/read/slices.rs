//! Slices of bounded size, whatever the size of a connector's batches.

use arrow::{array::Array, record_batch::RecordBatch};

use super::expanded_size::expanded_bytes;
use crate::compact::visible_bytes;

/// Largest number of rows of a slice: efficient for a filter, and small enough to notice soon that
/// the limit is reached.
const MAX_ROWS: usize = 64 * 1024;

/// Approximate largest size of a slice's values, in bytes, which bounds the memory that a filter
/// copies.
const MAX_BYTES: usize = 4 << 20;

/// Splits a batch into slices of at most [`MAX_ROWS`] rows, without copying.
///
/// Casting to Athena's types expands values that are stored once for many rows. A slice takes at
/// most [`MAX_BYTES`] when expanded, or has one row. `added_row_bytes` are added to each row.
pub(super) fn slice_by_rows(
    batch: RecordBatch,
    added_row_bytes: usize,
) -> impl Iterator<Item = RecordBatch> {
    slices_of(batch, MAX_ROWS).flat_map(move |rows| {
        let mut rest = vec![rows];
        std::iter::from_fn(move || {
            let mut rows = rest.pop()?;
            while !fits(&rows, added_row_bytes) {
                let half = rows.num_rows() / 2;
                rest.push(rows.slice(half, rows.num_rows() - half));
                rows = rows.slice(0, half);
            }
            Some(rows)
        })
    })
}

/// Returns whether a batch takes at most [`MAX_BYTES`] when expanded, or has one row.
fn fits(batch: &RecordBatch, added_row_bytes: usize) -> bool {
    if batch.num_rows() <= 1 {
        return true;
    }
    let expanded = batch.columns().iter().map(|column| expanded_bytes(column)).sum();
    added_row_bytes.saturating_mul(batch.num_rows()).saturating_add(expanded) <= MAX_BYTES
}

/// Splits a batch into slices of about [`MAX_BYTES`] bytes, or one row, without copying.
///
/// Considers only the average row; blocks are measured exactly when they are built.
pub(super) fn slice_by_bytes(batch: RecordBatch) -> impl Iterator<Item = RecordBatch> {
    let bytes: usize = batch.columns().iter().map(|column| visible_bytes(&column.to_data())).sum();
    let rows = if bytes <= MAX_BYTES {
        usize::MAX
    } else {
        (MAX_BYTES / (bytes / batch.num_rows().max(1)).max(1)).max(1)
    };
    slices_of(batch, rows)
}

/// Splits a batch into slices of `rows` rows; a batch without rows is one slice.
fn slices_of(batch: RecordBatch, rows: usize) -> impl Iterator<Item = RecordBatch> {
    let mut start = 0;
    std::iter::from_fn(move || {
        // A batch without rows is passed on, since it may be the only one.
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
        for rows in [0, 1, MAX_ROWS - 1, MAX_ROWS, MAX_ROWS + 1, 3 * MAX_ROWS + 7] {
            let column: ArrayRef =
                Arc::new(Int64Array::from_iter_values(0..i64::try_from(rows).unwrap()));
            let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
            let slices: Vec<_> = slice_by_rows(batch.clone(), 0).collect();
            assert!(slices.iter().all(|slice| slice.num_rows() <= MAX_ROWS));
            assert_eq!(arrow::compute::concat_batches(&batch.schema(), &slices).unwrap(), batch);
        }
    }

    #[test]
    fn slices_without_columns_keep_the_row_count() {
        let slices: Vec<_> = slice_by_rows(batch_without_columns(2 * MAX_ROWS + 1), 0).collect();
        assert_eq!(slices.iter().map(RecordBatch::num_rows).sum::<usize>(), 2 * MAX_ROWS + 1);
        assert_eq!(slices.len(), 3);
    }

    #[test]
    fn slices_of_large_values_have_few_rows() {
        let column: ArrayRef =
            Arc::new(StringArray::from_iter_values((0..10).map(|_| "x".repeat(MAX_BYTES / 2))));
        let batch = RecordBatch::try_from_iter([("s", column)]).unwrap();
        let slices: Vec<_> = slice_by_bytes(batch).collect();
        assert!(slices.iter().all(|slice| slice.num_rows() <= 2), "{slices:?}");
        assert_eq!(slices.iter().map(RecordBatch::num_rows).sum::<usize>(), 10);
    }

    /// Columns of [`MAX_ROWS`] rows with their wire types; expanded, each has far more than
    /// [`MAX_BYTES`].
    fn columns_with_shared_values() -> Vec<(ArrayRef, DataType)> {
        const LEN: usize = 2_000;
        let rows = i32::try_from(MAX_ROWS).unwrap();
        let long: ArrayRef =
            Arc::new(StringArray::from_iter_values(["y".to_owned(), "x".repeat(LEN)]));
        // Every tenth row is short, and some are null.
        let keys: Int32Array =
            (0..rows).map(|row| (row % 7 != 0).then(|| i32::from(row % 10 != 0))).collect();
        let dictionary: ArrayRef =
            Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::clone(&long)));
        let runs = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![7, rows]), &long).unwrap();
        let view = StringViewArray::from_iter_values(["x".repeat(LEN)]);
        let views: ScalarBuffer<u128> = std::iter::repeat_n(view.views()[0], MAX_ROWS).collect();
        let views: ArrayRef =
            Arc::new(StringViewArray::new(views, view.data_buffers().to_vec(), None));
        let item = Arc::new(Field::new_list_field(DataType::Utf8View, true));
        let pairs = OffsetBuffer::from_lengths(std::iter::repeat_n(1, MAX_ROWS));
        let lists = ListArray::new(item, pairs.clone(), Arc::clone(&views), None);
        let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
        let same = |number| std::iter::repeat_n(number, MAX_ROWS).collect::<ScalarBuffer<i32>>();
        let list_views = ListViewArray::new(item, same(1), same(1), Arc::clone(&long), None);
        let child = Arc::new(Field::new("d", dictionary.data_type().clone(), true));
        let structs = StructArray::new(vec![child].into(), vec![Arc::clone(&dictionary)], None);
        let names: ArrayRef =
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n("k", MAX_ROWS)));
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
            Arc::new(NullArray::new(MAX_ROWS)),
        ];
        let with_wire_type = columns.map(|column| {
            let wire_type = wire_type(column.data_type());
            (column, wire_type)
        });
        with_wire_type.into()
    }

    fn wire_type(data_type: &DataType) -> DataType {
        if data_type.is_null() {
            return DataType::Decimal128(38, 0);
        }
        let schema = Schema::new(vec![Field::new("s", data_type.clone(), true)]);
        wire_schema(&schema).unwrap().field(0).data_type().clone()
    }

    #[test]
    fn slices_of_shared_values_are_bounded_when_expanded() {
        for (column, wire) in columns_with_shared_values() {
            let batch = RecordBatch::try_from_iter_with_nullable([("s", column, true)]).unwrap();
            let target = Arc::new(Schema::new(vec![Field::new("s", wire, true)]));
            let slices: Vec<_> = slice_by_rows(batch.clone(), 0).collect();
            let mut start = 0;
            for slice in &slices {
                assert_eq!(*slice, batch.slice(start, slice.num_rows()));
                start += slice.num_rows();
                let cast = cast_batch(slice, &target).unwrap();
                let bytes = cast.column(0).to_data().get_slice_memory_size().unwrap();
                // Offsets, bitmaps and names are not included.
                assert!(
                    bytes <= MAX_BYTES + 32 * slice.num_rows(),
                    "{bytes} bytes of {}",
                    batch.schema()
                );
            }
            assert_eq!(start, batch.num_rows());
            let shortest = slices.iter().map(RecordBatch::num_rows).min().unwrap();
            assert!(
                slices.len() == 1 || shortest > MAX_BYTES / 2_000 / 4,
                "{shortest} rows of {}",
                batch.schema()
            );
        }
    }

    #[test]
    fn a_long_value_does_not_shorten_slices_of_other_values() {
        let rows = i32::try_from(MAX_ROWS).unwrap();
        let values: ArrayRef =
            Arc::new(StringArray::from_iter_values((0..MAX_ROWS).map(|row| {
                if row == 100 { "x".repeat(MAX_BYTES) } else { format!("value {row}") }
            })));
        let keys = Int32Array::new((0..rows).collect(), Some(NullBuffer::new_valid(MAX_ROWS)));
        let dictionary: ArrayRef =
            Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::clone(&values)));
        let runs: ArrayRef = Arc::new(
            RunArray::<Int32Type>::try_new(&Int32Array::from_iter_values(1..=rows), &values)
                .unwrap(),
        );
        for column in [dictionary, runs] {
            let batch = RecordBatch::try_from_iter([("s", column)]).unwrap();
            let slices = slice_by_rows(batch, 0).count();
            assert!(slices < 40, "{slices} slices");
        }
    }

    #[test]
    fn bytes_added_to_each_row_make_slices_shorter() {
        let slices: Vec<_> = slice_by_rows(batch_without_columns(1_000), MAX_BYTES / 10).collect();
        assert!(slices.iter().all(|slice| slice.num_rows() <= 10) && slices.len() < 200);
        assert_eq!(slices.iter().map(RecordBatch::num_rows).sum::<usize>(), 1_000);
        assert_eq!(slice_by_rows(batch_without_columns(3), usize::MAX).count(), 3);
    }
}
