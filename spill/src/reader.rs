//! Objects to batches: get, decrypt, decode, some ahead of the consumer.

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

/// Reads what a connector spilled.
#[derive(Debug, Clone)]
pub struct SpillReader {
    store: Arc<dyn ObjectStore>,
    ahead: usize,
}

impl SpillReader {
    /// A reader that fetches up to `ahead` blocks before they are asked for.
    pub fn new(store: Arc<dyn ObjectStore>, ahead: usize) -> Self {
        Self { store, ahead }
    }

    /// The blocks of one answer, in its order, each with the size of its object in bytes. Dropping
    /// the stream stops the fetches.
    ///
    /// Fetches begin when the stream is first polled, in tasks of the tokio runtime that polls it.
    /// Zoned timestamps stay packed. The stream ends with the first error.
    ///
    /// # Errors
    ///
    /// Those of the store; `InvalidResponse`, naming the object, for one that is no block of the
    /// answer's schema, or that the answer's key does not open.
    pub fn read(
        &self,
        answer: RemoteReadRecordsResponse,
    ) -> BoxStream<'static, Result<(RecordBatch, usize)>> {
        let RemoteReadRecordsResponse { catalog_name: _, schema, remote_blocks, encryption_key } =
            answer;
        let (store, key) = (Arc::clone(&self.store), Arc::new(encryption_key));
        let fetch = move |location| {
            let fetched =
                fetch(Arc::clone(&store), location, Arc::clone(&key), Arc::clone(&schema));
            // `buffered` polls what it holds only while it is polled itself, so that a busy
            // consumer would stop the fetches.
            async { Task(tokio::spawn(fetched.in_current_span())).await }
        };
        let end_with_error = |failed: &mut bool, block: Result<_>| {
            let ended = std::mem::replace(failed, block.is_err());
            std::future::ready((!ended).then_some(block))
        };
        stream::iter(remote_blocks)
            .map(fetch)
            .buffered(self.ahead.saturating_add(1))
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
            "a spilled block has no bucket or no key: {location:?}"
        )));
    };
    let bytes = store.get(bucket, object).await?;
    let len = bytes.len();
    match spawn_blocking(move || decode_object(bytes, (*key).as_ref(), &schema)).await {
        Ok(Ok(batch)) => Ok((batch, len)),
        Ok(Err(error)) => Err(error.with_context("object", format!("s3://{bucket}/{object}"))),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => {
            Err(Error::internal("the runtime ended while a block was decoded").with_source(error))
        }
    }
}

/// Reads the bytes of one spilled object as a block of `schema` (section 5.2 of the protocol).
///
/// The bytes are decrypted in place if nobody else has them, and the batch keeps them as its
/// memory. Computes for some milliseconds, so that async code should call it on a blocking thread.
///
/// # Errors
///
/// `InvalidInput` for a bad key or nonce; `InvalidResponse` for an object that `key` does not decrypt_in_place,
/// or that is not one record batch of `schema`.
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
        let remedy = if key.is_some() { "" } else { "; if it is encrypted, its key is missing" };
        Error::invalid_response(format!(
            "a spilled object is not a block of the answer's schema{remedy}"
        ))
        .with_source(error)
    })
}

/// A task that ends with the future that waits for it.
struct Task<T>(JoinHandle<Result<T>>);

impl<T> Future for Task<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll(context)) {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => {
                Err(Error::internal("the runtime ended while a block was fetched")
                    .with_source(error))
            }
        })
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
