//! Division of a stream of batches into blocks of bounded encoded size.
//!
//! Blocks are measured exactly ([`BlockLen`]), at a cost per column of a batch, and the last row
//! that fits is found by bisection. A block is a list of slices of the batches: rows are not copied
//! before they are encoded, except those of small batches and of the remainder after a block.

use std::{mem, sync::Arc};

use arrow::{
    datatypes::SchemaRef,
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_protocol::{
    Error, Result,
    block::{BlockLen, Framing, encoded_len},
};

use crate::block::{Block, concat};

/// Maximum length of a block in bytes, and number of its rows, that peers accept.
const MAX_BLOCK: usize = 0x7FFF_FFFF;
/// Batches below this fraction of a block are concatenated first: every batch has a cost per
/// column, even with few bytes.
const SMALL: usize = 32;
/// Maximum number of pending small batches, and of their columns.
const MAX_SMALL: usize = 4_096;
const MAX_SMALL_COLUMNS: usize = 32_768;
/// Approximate memory of a column of a batch without its values, in bytes: it dominates in many
/// batches of few rows.
const COLUMN_OVERHEAD: usize = 256;
/// Such memory that is always tolerated, in bytes.
const TOLERATED_OVERHEAD: usize = 8 << 20;

/// A builder of blocks that are as large as the limit permits.
///
/// Blocks keep the order of the rows and consist of slices of the batches. Rows of small batches
/// are copied once, and again if the columns of many batches would take more memory than the rows.
/// Memory: at most one block of pending rows, with an overhead of as much or 8 MiB, in addition to
/// the pushed batch.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::{array::{ArrayRef, Int64Array}, record_batch::RecordBatch};
/// use athena_protocol::block::Framing;
/// use athena_spill::BlockBuilder;
///
/// let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10_000));
/// let batch = RecordBatch::try_from_iter([("id", ids)]).expect("one column");
/// let mut builder = BlockBuilder::new(batch.schema(), 30_000);
/// let full = builder.push(batch)?;
/// assert_eq!(full.len(), 2);
/// assert!(full.iter().all(|block| block.encoded_len(Framing::Legacy) <= 30_000));
/// // The rest waits for more rows.
/// assert!(builder.finish().is_some());
/// # Ok::<(), athena_protocol::Error>(())
/// ```
#[derive(Debug)]
pub struct BlockBuilder {
    schema: SchemaRef,
    max_bytes: usize,
    /// Pending rows in order: large batches, then small ones.
    pending: Vec<RecordBatch>,
    /// Length of all pending rows as a block.
    len: BlockLen,
    /// Index of the first small batch.
    small: usize,
    /// Length of the small batches as a block.
    small_len: BlockLen,
}

impl BlockBuilder {
    /// Creates a builder of blocks of `schema` with at most `max_bytes` bytes, encoded as spilled
    /// objects but without encryption.
    pub fn new(schema: SchemaRef, max_bytes: usize) -> Self {
        Self {
            schema,
            max_bytes: max_bytes.min(MAX_BLOCK),
            pending: Vec::new(),
            len: BlockLen::default(),
            small: 0,
            small_len: BlockLen::default(),
        }
    }

    /// Adds `batch` and returns the completed blocks, in row order.
    ///
    /// A block is complete when the next row does not fit, so rows that fit into one block are
    /// returned only by [`finish`](Self::finish). Batches without rows are ignored. The metadata
    /// and nullability of the schema may differ from the builder's, which applies to all blocks.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a row larger than a block, with its size; `Unsupported` for a type
    /// without a wire form; `Internal` for a batch with other columns. Rows are lost then:
    /// discard the builder.
    pub fn push(&mut self, batch: RecordBatch) -> Result<Vec<Block>> {
        let mut blocks = Vec::new();
        let whole = batch.num_rows();
        let mut rest = self.with_schema(batch)?;
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

    /// Returns the last block; `None` if there are no pending rows.
    pub fn finish(mut self) -> Option<Block> {
        self.take()
    }

    /// Returns the length of the pending rows as a block, in bytes; 0 if there are none.
    pub fn pending_len(&self) -> usize {
        self.len.bytes(Framing::Legacy)
    }

    /// Replaces the schema of `batch` by the builder's.
    fn with_schema(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if Arc::ptr_eq(batch.schema_ref(), &self.schema) || batch.schema_ref() == &self.schema {
            return Ok(batch);
        }
        // Metadata and nullability may differ between batches; all blocks of a response have one
        // schema.
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            batch.columns().to_vec(),
            &options,
        )
        .map_err(|error| {
            let expected = &self.schema;
            let found = batch.schema_ref();
            Error::internal(format!("a batch has the schema {found}, expected {expected}"))
                .with_source(error)
        })
    }

    /// Returns how many rows at the front of `batch` fit into the pending block, and its length
    /// with them.
    fn fitting(&self, batch: &RecordBatch) -> Result<(usize, BlockLen)> {
        let most = batch.num_rows().min(MAX_BLOCK - self.len.rows());
        let with = |rows: usize| -> Result<(usize, usize, BlockLen)> {
            let len = self.len.plus(batch, rows)?;
            Ok((rows, len.bytes(Framing::Legacy), len))
        };
        let mut fits = with(0)?;
        let mut over = with(most)?;
        if over.1 <= self.max_bytes {
            return Ok((over.0, over.2));
        }
        if fits.1 > self.max_bytes {
            return Ok((0, fits.2));
        }
        // Interpolation finds rows of similar size at once; bisection in every other step bounds
        // the number of steps for all others.
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

    /// Adds `rest`, the last rows of a batch of `whole` rows, to the pending rows, whose length
    /// then is `len`.
    fn keep(&mut self, rest: RecordBatch, len: BlockLen, whole: usize) -> Result<()> {
        // A slice retains the memory of the whole batch. A copy of a small slice lets the batch be
        // freed.
        let rest = if rest.num_rows() < whole / 2 {
            concat(&self.schema, &[rest.slice(0, 0), rest])?
        } else {
            rest
        };
        self.len = len;
        let is_small = encoded_len(&rest, Framing::Legacy)? < self.max_bytes / SMALL;
        if is_small {
            self.small_len = self.small_len.plus(&rest, rest.num_rows())?;
        } else {
            self.concat_small()?;
        }
        self.pending.push(rest);
        if !is_small {
            self.small = self.pending.len();
        } else if self.small_len.bytes(Framing::Legacy) >= self.max_bytes / SMALL
            || self.pending.len() - self.small
                >= MAX_SMALL.min(MAX_SMALL_COLUMNS / self.schema.fields().len().max(1))
        {
            self.concat_small()?;
        }
        if self.pending.len() > 1
            && self.pending.len() * self.schema.fields().len()
                > self.max_bytes.max(TOLERATED_OVERHEAD) / COLUMN_OVERHEAD
        {
            self.small = 0;
            self.concat_small()?;
        }
        Ok(())
    }

    /// Concatenates the small batches.
    fn concat_small(&mut self) -> Result<()> {
        let small = &self.pending[self.small..];
        if small.len() > 1 {
            let piece = concat(&self.schema, small)?;
            self.pending.truncate(self.small);
            self.pending.push(piece);
        }
        self.small = self.pending.len();
        self.small_len = BlockLen::default();
        Ok(())
    }

    /// Takes all pending rows as a block; `None` if there are none.
    fn take(&mut self) -> Option<Block> {
        let batches = mem::take(&mut self.pending);
        let len = mem::take(&mut self.len);
        self.small = 0;
        self.small_len = BlockLen::default();
        (!batches.is_empty()).then(|| Block::new(batches, len))
    }

    fn too_large(&self, row: &RecordBatch) -> Error {
        let size = encoded_len(row, Framing::Legacy).unwrap_or_default();
        Error::invalid_input(format!(
            "one row has {size} bytes, a block at most {}, and rows cannot be split: increase \
             MAX_BLOCK_SIZE_BYTES and the memory of the function, of which a block is at most an \
             eighth, or select fewer or shorter columns",
            self.max_bytes
        ))
    }
}

#[cfg(test)]
mod tests;
