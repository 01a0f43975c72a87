//! The rows of one spilled object, as slices of the source's batches.

use arrow::{compute::concat_batches, datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::{
    Error, Result,
    block::{BlockLen, Framing, encode_batches},
};

/// The rows of one spilled object: one or more batches of one schema, encoded like their
/// concatenation.
///
/// From [`BlockBuilder`](crate::BlockBuilder), or from one batch with `try_from`.
#[derive(Debug, Clone)]
pub struct Block {
    batches: Vec<RecordBatch>,
    len: BlockLen,
}

impl Block {
    /// Creates a block of `batches`, at least one, of length `len`.
    pub(crate) fn new(batches: Vec<RecordBatch>, len: BlockLen) -> Self {
        Self { batches, len }
    }

    /// Returns the batches in row order.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// Returns the number of rows in all batches.
    pub fn num_rows(&self) -> usize {
        self.len.rows()
    }

    /// Returns the length of the record batch message in bytes, without encryption.
    pub fn encoded_len(&self, framing: Framing) -> usize {
        self.len.bytes(framing)
    }

    /// Appends the contents of the object, without encryption, to `out`.
    ///
    /// # Errors
    ///
    /// As [`encode_batches`].
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        encode_batches(&self.batches, Framing::Legacy, out)
    }

    /// Returns the rows as one batch. Copies them if there are several batches.
    ///
    /// # Errors
    ///
    /// `Internal` if a column exceeds the size of one array.
    pub fn into_batch(self) -> Result<RecordBatch> {
        match <[RecordBatch; 1]>::try_from(self.batches) {
            Ok([batch]) => Ok(batch),
            Err(batches) => concat(&batches[0].schema(), &batches),
        }
    }
}

impl TryFrom<RecordBatch> for Block {
    type Error = Error;

    /// Creates a block of one batch, without a limit on its size.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a type without a wire form, naming the column.
    fn try_from(batch: RecordBatch) -> Result<Self> {
        let len = BlockLen::default().plus(&batch, batch.num_rows())?;
        Ok(Self { batches: vec![batch], len })
    }
}

/// Concatenates `batches` to one batch of `schema`.
pub(crate) fn concat(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch> {
    concat_batches(schema, batches).map_err(|error| {
        Error::internal("the batches of a block cannot be concatenated").with_source(error)
    })
}
