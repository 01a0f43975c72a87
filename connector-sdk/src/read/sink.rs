//! Answering: blocks that go inline if they are one and fit, and to S3 otherwise.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use athena_protocol::{
    MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, S3SpillLocation, base64_len,
    block::{Framing, encode_schema},
};
use athena_spill::{Block, BlockBuilder, SpillTarget, SpillWriter};
use tokio::{sync::mpsc, task::JoinSet};
use tracing::Instrument;

use super::{AHEAD, Columns, Rows};
use crate::{Context, Error, Result, Setting, Settings, spilling::Spilling};

/// Members and quotes around the rows of an inline answer, with room to spare.
const JSON_AROUND: usize = 1_024;

/// How large things may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Largest block, encoded and before encryption, in bytes.
    pub(crate) max_block_size: usize,
    /// An answer of this size or more is spilled, in bytes.
    pub(crate) max_inline_size: usize,
    /// Bytes of JSON that the answer takes beside its block.
    pub(crate) json_around: usize,
    /// Framing of Arrow messages in the response.
    pub(crate) framing: Framing,
    /// Blocks on their way to S3 at a time.
    pub(crate) in_flight: usize,
}

/// Where the rows went.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Into the answer.
    Inline(RecordBatch),
    /// Into these objects, in row order.
    Spilled(Vec<S3SpillLocation>),
}

/// What takes the rows of one read.
pub(crate) struct Sink<'a> {
    pub(crate) spilling: &'a Spilling,
    pub(crate) settings: &'a Settings,
    pub(crate) context: &'a Context,
    /// Where blocks are spilled to, if they can be.
    pub(crate) target: Option<SpillTarget>,
    pub(crate) limits: Limits,
    pub(crate) columns: Columns,
}

impl Sink<'_> {
    /// Takes all of `rows`. Dropping the future stops them.
    ///
    /// All or nothing (section 5.5 of the protocol): once a block is spilled, the last one is too.
    pub(crate) async fn fill(&self, rows: Rows) -> Result<Outcome> {
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let mut reading = JoinSet::new();
        reading.spawn(rows.send(sender).in_current_span());
        let mut cutter =
            BlockBuilder::new(Arc::clone(self.columns.answered()), self.limits.max_block_size);
        let mut writer: Option<SpillWriter> = None;
        loop {
            // A put that fails while no block is complete would go unnoticed until the source ends.
            let batch = match &mut writer {
                None => receiver.recv().await,
                Some(writer) => tokio::select! {
                    batch = receiver.recv() => batch,
                    error = writer.failure() => return Err(error),
                },
            };
            let Some(batch) = batch else { break };
            self.context.counters.add_rows(batch.num_rows());
            for block in cutter.push(batch)? {
                self.spill(&mut writer, block).await?;
            }
        }
        // The channel is closed: the task has ended, well or not.
        match reading.join_next().await {
            Some(Ok(outcome)) => outcome?,
            Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Some(Err(error)) => {
                return Err(Error::internal("the reading task ended early").with_source(error));
            }
            None => return Err(Error::internal("the reading task is gone")),
        }
        let last = cutter.finish();
        if writer.is_none() && self.fits_inline(last.as_ref())? {
            let none = || Ok(RecordBatch::new_empty(Arc::clone(self.columns.answered())));
            return Ok(Outcome::Inline(last.map_or_else(none, Block::into_batch)?));
        }
        if let Some(block) = last {
            self.spill(&mut writer, block).await?;
        }
        match writer {
            Some(writer) => Ok(Outcome::Spilled(writer.finish().await?)),
            None => Ok(Outcome::Spilled(Vec::new())),
        }
    }

    /// Whether the answer may be `block` itself, or no rows: below the size that the caller asked
    /// for, and not larger than Lambda lets through once it is base64 in JSON.
    fn fits_inline(&self, block: Option<&Block>) -> Result<bool> {
        let framing = self.limits.framing;
        let bytes = block.map_or(0, |block| block.encoded_len(framing));
        let schema = encode_schema(self.columns.answered(), framing)?.len();
        let json = base64_len(bytes) + base64_len(schema) + self.limits.json_around + JSON_AROUND;
        Ok(bytes < self.limits.max_inline_size
            && bytes <= MAX_INLINE_BYTES
            && json <= MAX_PAYLOAD_BYTES)
    }

    async fn spill(&self, writer: &mut Option<SpillWriter>, block: Block) -> Result<()> {
        let writer = if let Some(writer) = writer {
            writer
        } else {
            let Some(target) = self.target.clone() else { return Err(self.nowhere()) };
            let store = self.spilling.store(self.settings).await?;
            writer.insert(SpillWriter::new(Arc::clone(store), target, self.limits.in_flight))
        };
        self.context.counters.add_block(block.encoded_len(Framing::Legacy));
        writer.write(block).await
    }

    fn nowhere(&self) -> Error {
        let Limits { max_block_size, max_inline_size, .. } = self.limits;
        Error::invalid_input(format!(
            "the rows do not fit into the answer (at most {MAX_INLINE_BYTES} bytes; the request allows {max_inline_size} \
             inline, in a block of {max_block_size}), and the split has no spill location: set {} on the function \
             that makes the splits",
            Setting::SpillBucket.variable()
        ))
    }
}
