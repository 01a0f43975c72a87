//! Cutting a stream of batches into blocks of bounded encoded size.

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::Result;

/// Gathers small batches and slices large ones, so that every block is as large as it may be and not larger.
#[derive(Debug)]
pub struct BlockCutter {
    schema: SchemaRef,
    max_bytes: usize,
}

impl BlockCutter {
    /// A cutter of batches of `schema` into blocks whose encoded form takes at most `max_bytes`.
    pub fn new(schema: SchemaRef, max_bytes: usize) -> Self {
        Self { schema, max_bytes }
    }

    /// Adds `batch` and returns the blocks that are complete by it, in row order.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a single row larger than a block, with its size.
    pub fn push(&mut self, batch: RecordBatch) -> Result<Vec<RecordBatch>> {
        let _ = (batch, &self.schema, self.max_bytes);
        todo!()
    }

    /// What is left, if anything.
    pub fn finish(self) -> Result<Option<RecordBatch>> {
        todo!()
    }
}
