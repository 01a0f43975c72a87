//! The rows of one object, in as many pieces as they came in.

use arrow::{compute::concat_batches, datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::{
    Error, Result,
    block::{BlockLen, Framing, encode_batches},
};

/// The rows of one object: batches of one schema, at least one, which are written as if they were
/// one.
#[derive(Debug, Clone)]
pub struct Block {
    batches: Vec<RecordBatch>,
    len: BlockLen,
}

impl Block {
    /// The batches of `len`, which are not none.
    pub(crate) fn new(batches: Vec<RecordBatch>, len: BlockLen) -> Self {
        Self { batches, len }
    }

    /// Its rows, in the pieces that they are in.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// How many rows it has.
    pub fn num_rows(&self) -> usize {
        self.len.rows()
    }

    /// How long its message is, in bytes.
    pub fn encoded_len(&self, framing: Framing) -> usize {
        self.len.bytes(framing)
    }

    /// Appends it to `out` as an object has it, without encryption.
    ///
    /// # Errors
    ///
    /// As [`encode_batches`].
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        encode_batches(&self.batches, Framing::Legacy, out)
    }

    /// Its rows as one batch, which copies them if they are in pieces.
    ///
    /// # Errors
    ///
    /// `Internal` if there are more bytes of a column than one array can have.
    pub fn into_batch(self) -> Result<RecordBatch> {
        match <[RecordBatch; 1]>::try_from(self.batches) {
            Ok([batch]) => Ok(batch),
            Err(batches) => joined(&batches[0].schema(), &batches),
        }
    }
}

impl TryFrom<RecordBatch> for Block {
    type Error = Error;

    /// `Unsupported` for a column of a type without a wire form.
    fn try_from(batch: RecordBatch) -> Result<Self> {
        let len = BlockLen::default().plus(&batch, batch.num_rows())?;
        Ok(Self { batches: vec![batch], len })
    }
}

pub(crate) fn joined(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch> {
    concat_batches(schema, batches).map_err(|error| {
        Error::internal("the batches of a block cannot be joined").with_source(error)
    })
}
