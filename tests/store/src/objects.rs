//! Objects of a store, and decoding of spilled blocks.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use athena_protocol::{Error, Result, S3SpillLocation, message::RemoteReadRecordsResponse};
use athena_spill::decode_object;
use bytes::Bytes;

/// Objects by bucket and key, as `bucket/key`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Objects(pub(crate) BTreeMap<String, Bytes>);

impl Objects {
    /// Returns the number of objects.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no objects.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the total size in bytes.
    pub fn bytes(&self) -> usize {
        self.0.values().map(Bytes::len).sum()
    }

    /// Returns the size of the largest object in bytes.
    pub fn largest(&self) -> usize {
        self.0.values().map(Bytes::len).max().unwrap_or(0)
    }

    /// Returns the object at `location`.
    pub fn get(&self, location: &S3SpillLocation) -> Option<&Bytes> {
        let (bucket, key) = location.bucket.as_ref().zip(location.key.as_ref())?;
        self.0.get(&format!("{bucket}/{key}"))
    }

    /// Decrypts and decodes the blocks of `answer`, in order.
    ///
    /// # Errors
    ///
    /// `NotFound` for a missing block, `InvalidResponse` for one that cannot be decoded.
    pub fn blocks<'a>(
        &'a self,
        answer: &'a RemoteReadRecordsResponse,
    ) -> impl Iterator<Item = Result<RecordBatch>> + use<'a> {
        answer.remote_blocks.iter().map(|location| {
            let object = self.get(location).ok_or_else(|| {
                Error::not_found(format!(
                    "the answer names a block that was not written: {location:?}"
                ))
            })?;
            decode_object(object.clone(), answer.encryption_key.as_ref(), &answer.schema)
        })
    }
}
