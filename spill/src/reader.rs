//! Reading of spilled objects: get, decrypt and decode, with prefetch.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use arrow::{buffer::Buffer, datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::{
    EncryptionKey, Error, Result, S3SpillLocation, block::decode_batch_from,
    message::RemoteReadRecordsResponse,
};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::Instrument;

use crate::{ObjectStore, cipher::decrypt_in_place};

/// A reader of spilled blocks.
///
/// # Examples
///
/// Errors name the object, and end the stream:
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::datatypes::Schema;
/// use athena_protocol::{ErrorKind, S3SpillLocation, message::RemoteReadRecordsResponse};
/// use athena_spill::{SpillReader, testing::MemoryStore};
/// use futures::StreamExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let block = S3SpillLocation {
///     bucket: Some("my-spill".to_owned()),
///     key: Some("query/split.0".to_owned()),
///     directory: false,
/// };
/// let response = RemoteReadRecordsResponse {
///     catalog_name: "sales".to_owned(),
///     schema: Arc::new(Schema::empty()),
///     remote_blocks: vec![block.clone(), block],
///     encryption_key: None,
/// };
/// let reader = SpillReader::new(Arc::new(MemoryStore::new()), 4);
/// let blocks: Vec<_> = reader.read(response).collect().await;
/// assert_eq!(blocks.len(), 1);
/// assert_eq!(blocks[0].as_ref().unwrap_err().kind(), ErrorKind::NotFound);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SpillReader {
    store: Arc<dyn ObjectStore>,
    prefetch: usize,
}

impl SpillReader {
    /// Creates a reader that fetches up to `prefetch` blocks before they are polled; 0 for none.
    ///
    /// Memory is bounded by `prefetch + 1` blocks, as objects or as batches.
    pub fn new(store: Arc<dyn ObjectStore>, prefetch: usize) -> Self {
        Self { store, prefetch }
    }

    /// Reads the blocks of `response`, in its order, each with the size of its object in bytes.
    ///
    /// The stream is empty for a response without blocks, and ends with the first error. Fetches
    /// start when the stream is first polled, as tasks of the tokio runtime that polls it; they
    /// progress while the stream is not polled, and dropping it aborts them. Timestamps with a time
    /// zone stay [packed](athena_protocol::timestamp_tz).
    ///
    /// # Errors
    ///
    /// Errors of the store; `InvalidInput` for a key or nonce of the wrong length;
    /// `InvalidResponse`, naming the object, if it is not a block of the response's schema, or the
    /// response's key does not decrypt it.
    pub fn read(
        &self,
        response: RemoteReadRecordsResponse,
    ) -> BoxStream<'static, Result<(RecordBatch, usize)>> {
        let RemoteReadRecordsResponse { catalog_name: _, schema, remote_blocks, encryption_key } =
            response;
        let store = Arc::clone(&self.store);
        let key = Arc::new(encryption_key);
        let fetch = move |location| {
            let fetched =
                fetch(Arc::clone(&store), location, Arc::clone(&key), Arc::clone(&schema));
            // `buffered` polls its futures only while it is polled itself: without tasks, a busy
            // consumer would stall the fetches.
            async { AbortOnDrop(tokio::spawn(fetched.in_current_span())).await }
        };
        let end_with_error = |failed: &mut bool, block: Result<_>| {
            let ended = std::mem::replace(failed, block.is_err());
            std::future::ready((!ended).then_some(block))
        };
        stream::iter(remote_blocks)
            .map(fetch)
            .buffered(self.prefetch.saturating_add(1))
            .scan(false, end_with_error)
            .boxed()
    }
}

async fn fetch(
    store: Arc<dyn ObjectStore>,
    location: S3SpillLocation,
    key: Arc<Option<EncryptionKey>>,
    schema: SchemaRef,
) -> Result<(RecordBatch, usize)> {
    let (Some(bucket), Some(object)) = (&location.bucket, &location.key) else {
        return Err(Error::invalid_response(format!(
            "the location of a spilled block has no bucket or no key: {location:?}"
        )));
    };
    let bytes = store.get(bucket, object).await?;
    let len = bytes.len();
    match spawn_blocking(move || decode_object(bytes, (*key).as_ref(), &schema)).await {
        Ok(Ok(batch)) => Ok((batch, len)),
        Ok(Err(error)) => Err(error.with_context("object", format!("s3://{bucket}/{object}"))),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => {
            Err(Error::internal("the runtime shut down while a block was decoded")
                .with_source(error))
        }
    }
}

/// Decodes one spilled object as a block of `schema` (section 5.2 of the protocol).
///
/// Decrypts in place if `object` is not shared, and the batch keeps its memory. Takes milliseconds
/// of computation: async code should call it on a blocking thread.
///
/// # Errors
///
/// `InvalidInput` for a key or nonce of the wrong length; `InvalidResponse` if `key` does not
/// decrypt the object, or it is not one record batch of `schema`.
pub fn decode_object(
    object: Bytes,
    key: Option<&EncryptionKey>,
    schema: &SchemaRef,
) -> Result<RecordBatch> {
    let message = match key {
        Some(key) => {
            let mut bytes = Vec::from(object);
            decrypt_in_place(key, &mut bytes)?;
            Buffer::from(bytes)
        }
        None => Buffer::from(object),
    };
    if message.is_empty() {
        return Err(Error::invalid_response("a spilled object is empty, expected a record batch"));
    }
    decode_batch_from(&message, schema).map_err(|error| {
        let remedy = if key.is_some() { "" } else { ": if it is encrypted, its key is missing" };
        Error::invalid_response(format!(
            "a spilled object is not a block of the response's schema{remedy}"
        ))
        .with_source(error)
    })
}

/// A task that is aborted when its handle is dropped.
struct AbortOnDrop<T>(JoinHandle<Result<T>>);

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll(context)) {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(Error::internal("the runtime shut down while a block was fetched")
                .with_source(error)),
        })
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
