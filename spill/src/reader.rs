//! Objects to batches: get, decrypt, decode, some ahead of the consumer.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use athena_protocol::{Result, message::RemoteReadRecordsResponse};
use futures::stream::BoxStream;

use crate::ObjectStore;

/// Reads what a connector spilled.
#[derive(Debug, Clone)]
pub struct SpillReader {
    _store: Arc<dyn ObjectStore>,
    _ahead: usize,
}

impl SpillReader {
    /// A reader that fetches up to `ahead` blocks before they are asked for.
    pub fn new(store: Arc<dyn ObjectStore>, ahead: usize) -> Self {
        Self { _store: store, _ahead: ahead }
    }

    /// The blocks of one answer, in its order, each with the size of its object in bytes. Dropping the stream stops the fetches.
    pub fn read(&self, answer: RemoteReadRecordsResponse) -> BoxStream<'static, Result<(RecordBatch, usize)>> {
        let _ = answer;
        todo!()
    }
}
