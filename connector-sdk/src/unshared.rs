//! Batches that keep alive what they do not show.

use arrow::{
    array::{Array, UInt32Array},
    compute::take_record_batch,
    record_batch::RecordBatch,
};

use crate::{Error, Result};

/// The batch without what it keeps alive but does not show: a slice, or columns that share one buffer.
pub(crate) fn unshared(batch: RecordBatch) -> Result<RecordBatch> {
    const SLACK: usize = 4_096;
    let shown: usize = batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum();
    if batch.get_array_memory_size() <= shown.saturating_mul(2).saturating_add(SLACK * batch.num_columns()) {
        return Ok(batch);
    }
    let rows = u32::try_from(batch.num_rows())
        .map_err(|e| Error::internal("a batch has more rows than arrow can index").with_source(e))?;
    take_record_batch(&batch, &UInt32Array::from_iter_values(0..rows))
        .map_err(|e| Error::internal("the rows of a batch cannot be copied").with_source(e))
}
