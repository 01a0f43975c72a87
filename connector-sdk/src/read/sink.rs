//! Consumer side of a read: a single small block goes into the response, others are spilled.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use athena_protocol::{
    MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, S3SpillLocation, base64_len,
    block::{Framing, encode_schema},
};
use athena_spill::{Block, BlockBuilder, SpillTarget, SpillWriter};
use tokio::{sync::mpsc, task::JoinSet};
use tracing::Instrument;

use super::{CHANNEL_CAPACITY, Columns, SplitReader};
use crate::{Context, Error, Result, Setting, Settings, spilling::Spilling};

/// Upper bound of the JSON around the rows of an inline response, in bytes.
const JSON_OVERHEAD: usize = 1_024;

/// Limits of one read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Largest block, encoded, before encryption, in bytes.
    pub(crate) max_block_size: usize,
    /// Size from which a block is spilled, in bytes.
    pub(crate) max_inline_size: usize,
    /// Bytes of JSON that the response takes in addition to its block and [`JSON_OVERHEAD`].
    pub(crate) json_overhead: usize,
    /// Framing of Arrow messages in the response.
    pub(crate) framing: Framing,
    /// Largest number of blocks that are spilled at a time.
    pub(crate) in_flight: usize,
}

/// Result of one read.
#[derive(Debug)]
pub(crate) enum ReadOutcome {
    /// Rows for the response.
    Inline(RecordBatch),
    /// Locations of the spilled blocks, in row order.
    Spilled(Vec<S3SpillLocation>),
}

/// Consumer of the rows of one read.
pub(crate) struct Sink<'a> {
    pub(crate) spilling: &'a Spilling,
    pub(crate) settings: &'a Settings,
    pub(crate) context: &'a Context,
    /// Target of spilled blocks; `None` if the split has no spill location.
    pub(crate) target: Option<SpillTarget>,
    pub(crate) limits: Limits,
    pub(crate) columns: Columns,
}

impl Sink<'_> {
    /// Consumes all rows of `reader`. Dropping the future aborts it.
    ///
    /// Rows are either all inline or all spilled (section 5.5 of the protocol): once a block is
    /// spilled, the last one is too.
    pub(crate) async fn consume(&self, reader: SplitReader) -> Result<ReadOutcome> {
        let (sender, mut receiver) = mpsc::channel(CHANNEL_CAPACITY);
        let mut reading = JoinSet::new();
        reading.spawn(reader.run(sender).in_current_span());
        let schema = self.columns.response_schema();
        let mut builder = BlockBuilder::new(Arc::clone(schema), self.limits.max_block_size);
        let mut writer: Option<SpillWriter> = None;
        loop {
            // A failed upload must end the read even while no block is complete.
            let batch = match &mut writer {
                None => receiver.recv().await,
                Some(writer) => tokio::select! {
                    batch = receiver.recv() => batch,
                    error = writer.failure() => return Err(self.failed_upload(error)),
                },
            };
            let Some(batch) = batch else { break };
            self.context.counters.add_rows(batch.num_rows());
            for block in builder.push(batch)? {
                self.spill(&mut writer, block).await?;
            }
        }
        // The channel is closed, so the task has ended.
        match reading.join_next().await {
            Some(Ok(result)) => result?,
            Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Some(Err(error)) => {
                return Err(Error::internal("the reading task ended early").with_source(error));
            }
            None => return Err(Error::internal("the reading task does not exist")),
        }
        let last = builder.finish();
        if writer.is_none() && self.fits_inline(last.as_ref())? {
            let rows = match last {
                Some(block) => block.into_batch()?,
                None => RecordBatch::new_empty(Arc::clone(schema)),
            };
            return Ok(ReadOutcome::Inline(rows));
        }
        if let Some(block) = last {
            self.spill(&mut writer, block).await?;
        }
        match writer {
            Some(writer) => {
                let locations = writer.finish().await;
                locations.map(ReadOutcome::Spilled).map_err(|error| self.failed_upload(error))
            }
            None => Ok(ReadOutcome::Spilled(Vec::new())),
        }
    }

    /// Returns whether the response can hold `block`, or no rows: it must be smaller than the size
    /// that the caller set, and as base64 in JSON it must not exceed the payload limit of Lambda.
    fn fits_inline(&self, block: Option<&Block>) -> Result<bool> {
        let framing = self.limits.framing;
        let bytes = block.map_or(0, |block| block.encoded_len(framing));
        let schema = encode_schema(self.columns.response_schema(), framing)?.len();
        let base64 = base64_len(bytes) + base64_len(schema);
        let json = base64 + self.limits.json_overhead + JSON_OVERHEAD;
        Ok(bytes < self.limits.max_inline_size
            && bytes <= MAX_INLINE_BYTES
            && json <= MAX_PAYLOAD_BYTES)
    }

    async fn spill(&self, writer: &mut Option<SpillWriter>, block: Block) -> Result<()> {
        let writer = if let Some(writer) = writer {
            writer
        } else {
            let Some(target) = self.target.clone() else { return Err(self.no_spill_location()) };
            let store = self.spilling.store(self.settings).await?;
            writer.insert(SpillWriter::new(Arc::clone(store), target, self.limits.in_flight))
        };
        self.context.counters.add_block(block.encoded_len(Framing::Legacy));
        writer.write(block).await.map_err(|error| self.failed_upload(error))
    }

    /// Notes that the read failed because of the object store.
    fn failed_upload(&self, error: Error) -> Error {
        self.context.counters.set_spill_failed();
        error
    }

    fn no_spill_location(&self) -> Error {
        let Limits { max_block_size, max_inline_size, .. } = self.limits;
        Error::invalid_input(format!(
            "the rows do not fit into the response (at most {MAX_INLINE_BYTES} bytes; the request \
             allows {max_inline_size} inline, in a block of {max_block_size}), and the split has \
             no spill location; set {} on the function that lists the splits",
            Setting::SpillBucket.variable()
        ))
    }
}
