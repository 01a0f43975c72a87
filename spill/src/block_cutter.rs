//! Cutting a stream of batches into blocks of bounded encoded size.
//!
//! Blocks are measured as they will be written ([`encoded_len`]), which costs a look at each column. Two facts make that
//! cheap enough to be exact without measuring every row: gathered batches never take more than they take apart, so their
//! sum says when there is nothing to do yet; and a batch that is cut shorter never takes more, so the last row that fits
//! is found by bisection.

use std::sync::Arc;

use arrow::{
    compute::concat_batches,
    datatypes::SchemaRef,
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_protocol::{
    Error, Result,
    block::{Framing, encoded_len},
};

/// What a block has for a body when there is nothing to put there (section 4.6 of the protocol).
const EMPTY_BODY: usize = 8;
/// The longest block and the most rows that peers read.
const MAX_BLOCK: usize = 0x7FFF_FFFF;
/// Batches below this part of a block are gathered into pieces first, so that a block of many small batches is put
/// together from few pieces, and no row is copied for each of them.
const SMALL: usize = 32;
/// The most small batches that wait: a batch has columns to keep even where it has few bytes.
const MAX_SMALL: usize = 4_096;
/// A block that lacks less than this part is full: the last rows are not worth another copy of all of them.
const FULL: usize = 256;

/// Gathers small batches and slices large ones, so that every block is as large as it may be and not larger.
///
/// Blocks keep the order of the rows. A block that comes from one batch is a slice of it, without a copy; rows of several
/// batches are copied once, rows of small ones twice. At most one block of rows waits here, beside the batch that is
/// pushed.
#[derive(Debug)]
pub struct BlockCutter {
    schema: SchemaRef,
    max_bytes: usize,
    /// What a block takes beside its body.
    header: Option<usize>,
    /// The rows that wait, in order: large batches, then small ones.
    pending: Vec<RecordBatch>,
    /// Where the small ones begin.
    small: usize,
    /// Rows of all that waits.
    rows: usize,
    /// Bytes of the bodies of all that waits, each for itself: never less than of one body with all of it.
    bytes: usize,
    /// Those of the small ones.
    small_bytes: usize,
}

impl BlockCutter {
    /// A cutter of batches of `schema` into blocks whose encoded form takes at most `max_bytes`.
    ///
    /// The encoded form is that of spilled objects, without encryption.
    pub fn new(schema: SchemaRef, max_bytes: usize) -> Self {
        let max_bytes = max_bytes.min(MAX_BLOCK);
        Self { schema, max_bytes, header: None, pending: Vec::new(), small: 0, rows: 0, bytes: 0, small_bytes: 0 }
    }

    /// Adds `batch` and returns the blocks that are complete by it, in row order.
    ///
    /// A block is complete when there is a row that does not fit into it any more, so that whatever fits into one block
    /// comes out of [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a single row larger than a block, with its size; `Unsupported` for a column of a type without a
    /// wire form; `Internal` for a batch of another schema.
    pub fn push(&mut self, batch: RecordBatch) -> Result<Vec<RecordBatch>> {
        let mut blocks = Vec::new();
        let whole = batch.num_rows();
        let mut rest = self.under_schema(batch)?;
        while rest.num_rows() > 0 {
            if self.fits(&rest)? || (self.gather_small()? && self.fits(&rest)?) {
                self.keep(rest, whole)?;
                break;
            }
            rest = self.cut(rest, &mut blocks)?;
        }
        Ok(blocks)
    }

    /// What is left, if anything.
    pub fn finish(mut self) -> Result<Option<RecordBatch>> {
        let pending = std::mem::take(&mut self.pending);
        match <[RecordBatch; 1]>::try_from(pending) {
            Ok([batch]) => Ok(Some(batch)),
            Err(pending) if pending.is_empty() => Ok(None),
            Err(pending) => self.joined(&pending).map(Some),
        }
    }

    /// At most how many bytes the rows that wait take as a block; 0 if none wait.
    ///
    /// Exact when they came in one batch, otherwise a few bytes per batch and column too many.
    pub fn pending_len(&self) -> usize {
        if self.rows == 0 { 0 } else { self.header.unwrap_or_default() + self.bytes }
    }

    fn under_schema(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if Arc::ptr_eq(batch.schema_ref(), &self.schema) || batch.schema_ref() == &self.schema {
            return Ok(batch);
        }
        // Metadata and nullability may differ from batch to batch; all blocks of an answer have one schema.
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), batch.columns().to_vec(), &options).map_err(
            |error| {
                let (expected, found) = (&self.schema, batch.schema_ref());
                Error::internal(format!("a batch has the schema {found}, expected {expected}")).with_source(error)
            },
        )
    }

    fn header(&mut self) -> Result<usize> {
        if let Some(header) = self.header {
            return Ok(header);
        }
        let empty = encoded_len(&RecordBatch::new_empty(Arc::clone(&self.schema)), Framing::Legacy)?;
        Ok(*self.header.insert(empty - EMPTY_BODY))
    }

    fn body_len(&mut self, batch: &RecordBatch) -> Result<usize> {
        Ok(encoded_len(batch, Framing::Legacy)? - self.header()?)
    }

    /// Whether a block of what waits and `batch` is surely not too large.
    fn fits(&mut self, batch: &RecordBatch) -> Result<bool> {
        let bytes = self.header()? + self.bytes + self.body_len(batch)?;
        Ok(bytes <= self.max_bytes && batch.num_rows() <= MAX_BLOCK - self.rows)
    }

    /// Adds `rest`, the last rows of a batch that had `whole`, to what waits.
    fn keep(&mut self, rest: RecordBatch, whole: usize) -> Result<()> {
        // A slice keeps the memory of the whole batch. If that is much more than the slice needs, it is copied, so that the
        // batch can go when its successor comes.
        let rest = if rest.num_rows() < whole / 2 { self.joined(&[rest.slice(0, 0), rest])? } else { rest };
        let bytes = self.body_len(&rest)?;
        self.rows += rest.num_rows();
        self.bytes += bytes;
        if bytes < self.max_bytes / SMALL {
            self.pending.push(rest);
            self.small_bytes += bytes;
            if self.small_bytes >= self.max_bytes / SMALL || self.pending.len() - self.small >= MAX_SMALL {
                self.gather_small()?;
            }
        } else {
            self.gather_small()?;
            self.pending.push(rest);
            self.small = self.pending.len();
        }
        Ok(())
    }

    /// Makes one piece of the small batches, and says whether there was anything to do.
    fn gather_small(&mut self) -> Result<bool> {
        let small = &self.pending[self.small..];
        let gathers = small.len() > 1;
        if gathers {
            let piece = self.joined(small)?;
            self.bytes = self.bytes - self.small_bytes + self.body_len(&piece)?;
            self.pending.truncate(self.small);
            self.pending.push(piece);
        }
        self.small = self.pending.len();
        self.small_bytes = 0;
        Ok(gathers)
    }

    /// Takes rows from the front of `rest`, which do not surely fit, to fill what waits, and returns the others.
    fn cut(&mut self, rest: RecordBatch, blocks: &mut Vec<RecordBatch>) -> Result<RecordBatch> {
        let Self { max_bytes, rows: waiting, .. } = *self;
        let all = rest.num_rows();
        if waiting == 0 {
            let rows = rows_within(&rest, max_bytes)?;
            if rows == 0 {
                return Err(self.too_large(&rest.slice(0, 1)));
            }
            blocks.push(rest.slice(0, rows));
            return Ok(rest.slice(rows, all - rows));
        }
        if self.pending.len() == 1 && max_bytes - self.pending_len() < max_bytes / FULL {
            blocks.extend(self.take());
            return Ok(rest);
        }
        // Where two batches meet, a buffer loses less than 16 bytes of padding, bitmap and offset. The header has 16 bytes
        // for each buffer. So these are all the rows that can fit, and a few more.
        let header = self.header()?;
        let limit = max_bytes + header + EMPTY_BODY + header * self.pending.len() - self.bytes;
        let wanted = rows_within(&rest, limit)?.min(MAX_BLOCK - waiting);
        self.pending.push(rest.slice(0, wanted));
        let joined = self.joined(&self.pending)?;
        self.take();
        let rows = rows_within(&joined, max_bytes)?;
        if rows == joined.num_rows() && wanted == all {
            self.keep(joined, rows)?;
            return Ok(rest.slice(all, 0));
        }
        // What waited fits alone, so that the cut is never in it.
        blocks.push(joined.slice(0, rows));
        let taken = rows - waiting;
        Ok(rest.slice(taken, all - taken))
    }

    fn joined(&self, batches: &[RecordBatch]) -> Result<RecordBatch> {
        concat_batches(&self.schema, batches)
            .map_err(|error| Error::internal("the batches of a block cannot be joined").with_source(error))
    }

    /// All that waits; nothing waits then.
    fn take(&mut self) -> Vec<RecordBatch> {
        (self.small, self.rows, self.bytes, self.small_bytes) = (0, 0, 0, 0);
        std::mem::take(&mut self.pending)
    }

    fn too_large(&self, row: &RecordBatch) -> Error {
        let size = encoded_len(row, Framing::Legacy).unwrap_or_default();
        Error::invalid_input(format!(
            "one row takes {size} bytes, a block may have {}, and a row cannot be split: raise MAX_BLOCK_SIZE_BYTES if the \
             request says less than Athena takes, or select fewer or shorter columns",
            self.max_bytes
        ))
    }
}

/// How many rows from the front of `batch` make a block of at most `limit` bytes.
fn rows_within(batch: &RecordBatch, limit: usize) -> Result<usize> {
    let len = |rows: usize| encoded_len(&batch.slice(0, rows), Framing::Legacy);
    let most = batch.num_rows().min(MAX_BLOCK);
    let (mut fits, mut over) = ((0, len(0)?), (most, len(most)?));
    if over.1 <= limit {
        return Ok(over.0);
    }
    if fits.1 > limit {
        return Ok(0);
    }
    // Rows of like size are found at once by proportion; bisection every other time bounds the steps for all others.
    let mut halve = false;
    while over.0 - fits.0 > 1 {
        let between = over.0 - fits.0;
        let step = if halve { between / 2 } else { between * (limit - fits.1) / (over.1 - fits.1) };
        let rows = fits.0 + step.clamp(1, between - 1);
        let bytes = len(rows)?;
        *(if bytes <= limit { &mut fits } else { &mut over }) = (rows, bytes);
        halve = !halve;
    }
    Ok(fits.0)
}

#[cfg(test)]
mod tests;
