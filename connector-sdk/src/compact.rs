//! Copies of batches that retain much more memory than their rows need.

use std::collections::BTreeMap;

use arrow::{
    array::{Array, ArrayData, UInt32Array},
    buffer::NullBuffer,
    compute::take_record_batch,
    datatypes::DataType,
    record_batch::RecordBatch,
};

use crate::{Error, Result};

/// Copies the rows of a batch if it retains much more memory than they need, such as the rows
/// outside of a slice or columns that were dropped. Returns other batches as they are.
pub(crate) fn compact(batch: RecordBatch) -> Result<RecordBatch> {
    const SLACK_PER_COLUMN: usize = 4_096;
    let columns: Vec<ArrayData> = batch.columns().iter().map(Array::to_data).collect();
    let visible: usize = columns.iter().map(visible_bytes).sum();
    let slack = SLACK_PER_COLUMN * batch.num_columns();
    if retained_bytes(columns) <= visible.saturating_mul(2).saturating_add(slack) {
        return Ok(batch);
    }
    let rows = u32::try_from(batch.num_rows()).map_err(|e| {
        Error::internal("a batch has more rows than arrow can index").with_source(e)
    })?;
    take_record_batch(&batch, &UInt32Array::from_iter_values(0..rows))
        .map_err(|e| Error::internal("the rows of a batch cannot be copied").with_source(e))
}

/// Returns the bytes that the values of a column take.
pub(crate) fn visible_bytes(column: &ArrayData) -> usize {
    column.get_slice_memory_size().unwrap_or(0)
}

/// Returns the bytes of all buffers that the columns keep alive.
///
/// A buffer that columns share, as those decoded from one message do, counts once. The data buffers
/// of views do not count: how much of them is visible is unknown, and a copy would retain them too.
fn retained_bytes(mut columns: Vec<ArrayData>) -> usize {
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
    fn columns_of_one_buffer_are_not_copied_but_a_small_slice_is() {
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
        assert_eq!(values(&compact(batch.clone()).unwrap()), values(&batch));

        let slice = batch.slice(0, 1_000);
        let copy = compact(slice.clone()).unwrap();
        assert_eq!(copy, slice);
        let retained = retained_bytes(copy.columns().iter().map(Array::to_data).collect());
        assert!(retained < 1_000_000, "{retained} bytes");
    }
}
