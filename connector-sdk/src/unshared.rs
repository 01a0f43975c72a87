//! Batches that keep alive what they do not show.

use std::collections::BTreeMap;

use arrow::{
    array::{Array, ArrayData, UInt32Array},
    buffer::NullBuffer,
    compute::take_record_batch,
    datatypes::DataType,
    record_batch::RecordBatch,
};

use crate::{Error, Result};

/// The batch without what it keeps alive but does not show: rows outside of a slice, columns that
/// were dropped.
pub(crate) fn unshared(batch: RecordBatch) -> Result<RecordBatch> {
    const SLACK: usize = 4_096;
    let columns: Vec<ArrayData> = batch.columns().iter().map(Array::to_data).collect();
    let shown: usize = columns.iter().map(shown).sum();
    if held(columns) <= shown.saturating_mul(2).saturating_add(SLACK * batch.num_columns()) {
        return Ok(batch);
    }
    let rows = u32::try_from(batch.num_rows()).map_err(|e| {
        Error::internal("a batch has more rows than arrow can index").with_source(e)
    })?;
    take_record_batch(&batch, &UInt32Array::from_iter_values(0..rows))
        .map_err(|e| Error::internal("the rows of a batch cannot be copied").with_source(e))
}

/// Bytes of the values that a column shows.
pub(crate) fn shown(column: &ArrayData) -> usize {
    column.get_slice_memory_size().unwrap_or(0)
}

/// Bytes of all buffers that the columns keep alive. Columns that came in one message share one,
/// which counts once; what views point to does not count, since it cannot be told what of it they
/// show, and a copy of them would keep it too.
fn held(mut columns: Vec<ArrayData>) -> usize {
    let mut buffers = BTreeMap::new();
    while let Some(data) = columns.pop() {
        let nulls = data.nulls().map(NullBuffer::buffer);
        let own = match data.data_type() {
            DataType::Utf8View | DataType::BinaryView => &data.buffers()[..1],
            _ => data.buffers(),
        };
        buffers
            .extend(own.iter().chain(nulls).map(|buffer| (buffer.data_ptr(), buffer.capacity())));
        columns.extend_from_slice(data.child_data());
    }
    buffers.values().sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, AsArray, Int64Array},
        buffer::{Buffer, ScalarBuffer},
        datatypes::Int64Type,
    };

    use super::*;

    #[test]
    fn columns_of_one_buffer_are_not_copied_and_a_small_slice_is() {
        let body = Buffer::from_vec((0..1_000_000_i64).collect());
        let column = |number: usize| -> ArrayRef {
            Arc::new(Int64Array::new(
                ScalarBuffer::new(body.clone(), number * 100_000, 100_000),
                None,
            ))
        };
        let columns = (0..10).map(|number| (format!("c{number}"), column(number)));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let values =
            |batch: &RecordBatch| batch.column(0).as_primitive::<Int64Type>().values().as_ptr();
        assert_eq!(values(&unshared(batch.clone()).unwrap()), values(&batch));

        let slice = batch.slice(0, 1_000);
        let copy = unshared(slice.clone()).unwrap();
        assert_eq!(copy, slice);
        let held = held(copy.columns().iter().map(Array::to_data).collect());
        assert!(held < 1_000_000, "{held} bytes");
    }
}
