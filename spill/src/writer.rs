//! Blocks to objects: encode, encrypt, put, several at a time.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use athena_protocol::{EncryptionKey, Result, S3SpillLocation};

use crate::ObjectStore;

/// Where and how the blocks of one split are written.
#[derive(Debug, Clone)]
pub struct SpillTarget {
    /// Bucket of the split's location.
    pub bucket: String,
    /// Key of the split's location, the prefix of every block's.
    pub key: String,
    /// The split's key; `None` writes clear text.
    pub encryption_key: Option<EncryptionKey>,
}

/// Writes blocks in order, at most `in_flight` of them encoded, encrypted or on their way at any time.
#[derive(Debug)]
pub struct SpillWriter {
    _store: Arc<dyn ObjectStore>,
    _target: SpillTarget,
}

impl SpillWriter {
    /// A writer to `target` with at most `in_flight` blocks in memory.
    pub fn new(store: Arc<dyn ObjectStore>, target: SpillTarget, in_flight: usize) -> Self {
        let _ = in_flight;
        Self { _store: store, _target: target }
    }

    /// Writes one block; waits while too many are on their way.
    ///
    /// # Errors
    ///
    /// The first failure of any block so far. Nothing is written after it.
    pub async fn write(&mut self, block: RecordBatch) -> Result<()> {
        let _ = block;
        todo!()
    }

    /// Waits for every block and says where they are, in row order.
    ///
    /// # Errors
    ///
    /// The first failure of any block.
    pub async fn finish(self) -> Result<Vec<S3SpillLocation>> {
        todo!()
    }
}
