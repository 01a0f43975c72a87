//! Cutting a stream of batches into blocks of bounded encoded size.
//!
//! Blocks are measured as they will be written ([`BlockLen`]), which costs a look at each column of
//! a batch, and the last row that fits is found by bisection. A block is a list of pieces, slices
//! of the batches that came: rows are not copied before they are written, but for those of small
//! batches and of the ends that a block leaves over.

use std::{mem, sync::Arc};

use arrow::{
    datatypes::SchemaRef,
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_protocol::{
    Error, Result,
    block::{BlockLen, Framing, encoded_len},
};

use crate::block::{Block, joined};

/// The longest block and the most rows that peers read.
const MAX_BLOCK: usize = 0x7FFF_FFFF;
/// Batches below this part of a block are gathered into pieces first: a batch has columns to keep
/// and to walk over, also where it has few bytes.
const SMALL: usize = 32;
/// The most small batches that wait, and the most columns of them.
const MAX_SMALL: usize = 4_096;
const MAX_SMALL_COLUMNS: usize = 32_768;
/// About what a column of a batch takes beside its values, in bytes: many batches of few rows are
/// mostly that.
const COLUMN: usize = 256;
/// Up to so many bytes of that do not matter.
const FEW: usize = 8 << 20;

/// Gathers batches and slices them, so that every block is as large as it may be and not larger.
///
/// Blocks keep the order of the rows, and are made of slices of the batches; rows of small batches
/// are copied once, and again where there are so many columns that they would take more memory than
/// the rows. At most one block of rows waits here, and as much or 8 MiB around them, beside the
/// batch that is pushed.
#[derive(Debug)]
pub struct BlockBuilder {
    schema: SchemaRef,
    max_bytes: usize,
    /// The rows that wait, in order: large batches, then small ones.
    pending: Vec<RecordBatch>,
    /// How long a block they are.
    len: BlockLen,
    /// Where the small ones begin.
    small: usize,
    /// How long a block the small ones are.
    small_len: BlockLen,
}

impl BlockBuilder {
    /// A cutter of batches of `schema` into blocks whose encoded form takes at most `max_bytes`.
    ///
    /// The encoded form is that of spilled objects, without encryption.
    pub fn new(schema: SchemaRef, max_bytes: usize) -> Self {
        let max_bytes = max_bytes.min(MAX_BLOCK);
        let (len, small_len) = Default::default();
        Self { schema, max_bytes, pending: Vec::new(), len, small: 0, small_len }
    }

    /// Adds `batch` and returns the blocks that are complete by it, in row order.
    ///
    /// A block is complete when there is a row that does not fit into it any more, so that whatever
    /// fits into one block comes out of [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a single row larger than a block, with its size; `Unsupported` for a
    /// column of a type without a wire form; `Internal` for a batch of another schema.
    pub fn push(&mut self, batch: RecordBatch) -> Result<Vec<Block>> {
        let mut blocks = Vec::new();
        let whole = batch.num_rows();
        let mut rest = self.under_schema(batch)?;
        while rest.num_rows() > 0 {
            let (rows, len) = self.fitting(&rest)?;
            if rows == rest.num_rows() {
                self.keep(rest, len, whole)?;
                break;
            }
            if rows > 0 {
                self.pending.push(rest.slice(0, rows));
                self.len = len;
            }
            let Some(block) = self.take() else { return Err(self.too_large(&rest.slice(0, 1))) };
            blocks.push(block);
            rest = rest.slice(rows, rest.num_rows() - rows);
        }
        Ok(blocks)
    }

    /// What is left, if anything.
    pub fn finish(mut self) -> Option<Block> {
        self.take()
    }

    /// How many bytes the rows that wait take as a block; 0 if none wait.
    pub fn pending_len(&self) -> usize {
        self.len.bytes(Framing::Legacy)
    }

    fn under_schema(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if Arc::ptr_eq(batch.schema_ref(), &self.schema) || batch.schema_ref() == &self.schema {
            return Ok(batch);
        }
        // Metadata and nullability may differ from batch to batch; all blocks of an answer have one
        // schema.
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            batch.columns().to_vec(),
            &options,
        )
        .map_err(|error| {
            let (expected, found) = (&self.schema, batch.schema_ref());
            Error::internal(format!("a batch has the schema {found}, expected {expected}"))
                .with_source(error)
        })
    }

    /// How many rows from the front of `batch` come into the block of what waits, and how long it
    /// is with them.
    fn fitting(&self, batch: &RecordBatch) -> Result<(usize, BlockLen)> {
        let most = batch.num_rows().min(MAX_BLOCK - self.len.rows());
        let with = |rows: usize| -> Result<(usize, usize, BlockLen)> {
            let len = self.len.plus(batch, rows)?;
            Ok((rows, len.bytes(Framing::Legacy), len))
        };
        let (mut fits, mut over) = (with(0)?, with(most)?);
        if over.1 <= self.max_bytes {
            return Ok((over.0, over.2));
        }
        if fits.1 > self.max_bytes {
            return Ok((0, fits.2));
        }
        // Rows of like size are found at once by proportion; bisection every other time bounds the
        // steps for all others.
        let mut halve = false;
        while over.0 - fits.0 > 1 {
            let between = over.0 - fits.0;
            let step = if halve {
                between / 2
            } else {
                between * (self.max_bytes - fits.1) / (over.1 - fits.1)
            };
            let probe = with(fits.0 + step.clamp(1, between - 1))?;
            let end = if probe.1 <= self.max_bytes { &mut fits } else { &mut over };
            *end = probe;
            halve = !halve;
        }
        Ok((fits.0, fits.2))
    }

    /// Adds `rest`, the last rows of a batch that had `whole`, to what waits, which is `len` with
    /// them.
    fn keep(&mut self, rest: RecordBatch, len: BlockLen, whole: usize) -> Result<()> {
        // A slice keeps the memory of the whole batch. If that is much more than the slice needs,
        // it is copied, so that the batch can go when its successor comes.
        let rest = if rest.num_rows() < whole / 2 {
            joined(&self.schema, &[rest.slice(0, 0), rest])?
        } else {
            rest
        };
        self.len = len;
        let is_small = encoded_len(&rest, Framing::Legacy)? < self.max_bytes / SMALL;
        if is_small {
            self.small_len = self.small_len.plus(&rest, rest.num_rows())?;
        } else {
            self.gather_small()?;
        }
        self.pending.push(rest);
        if !is_small {
            self.small = self.pending.len();
        } else if self.small_len.bytes(Framing::Legacy) >= self.max_bytes / SMALL
            || self.pending.len() - self.small
                >= MAX_SMALL.min(MAX_SMALL_COLUMNS / self.schema.fields().len().max(1))
        {
            self.gather_small()?;
        }
        if self.pending.len() > 1
            && self.pending.len() * self.schema.fields().len() > self.max_bytes.max(FEW) / COLUMN
        {
            self.small = 0;
            self.gather_small()?;
        }
        Ok(())
    }

    /// Makes one piece of the small batches.
    fn gather_small(&mut self) -> Result<()> {
        let small = &self.pending[self.small..];
        if small.len() > 1 {
            let piece = joined(&self.schema, small)?;
            self.pending.truncate(self.small);
            self.pending.push(piece);
        }
        self.small = self.pending.len();
        self.small_len = BlockLen::default();
        Ok(())
    }

    /// The block of all that waits, if anything does; nothing waits then.
    fn take(&mut self) -> Option<Block> {
        let (batches, len) = (mem::take(&mut self.pending), mem::take(&mut self.len));
        self.small = 0;
        self.small_len = BlockLen::default();
        (!batches.is_empty()).then(|| Block::new(batches, len))
    }

    fn too_large(&self, row: &RecordBatch) -> Error {
        let size = encoded_len(row, Framing::Legacy).unwrap_or_default();
        Error::invalid_input(format!(
            "one row takes {size} bytes, a block may have {}, and a row cannot be split: raise MAX_BLOCK_SIZE_BYTES, and the \
             memory of the function, of which a block is an eighth at most, or select fewer or shorter columns",
            self.max_bytes
        ))
    }
}

#[cfg(test)]
mod tests;
