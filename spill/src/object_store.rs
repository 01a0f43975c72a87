//! The S3 operations of spilling.

use async_trait::async_trait;
use athena_protocol::Result;
use bytes::Bytes;

/// A store of immutable objects: S3 with `S3Store` of feature `aws`, or a fake in tests.
///
/// # Contract
///
/// - **Errors** are final: the store retries everything that is safe to retry. They name bucket and
///   key and, for [`AccessDenied`](athena_protocol::ErrorKind::AccessDenied), the missing
///   permission.
/// - **Concurrency**: calls run concurrently and in any order. Keys are unique for each write, so
///   overwriting need not be supported.
/// - **Consistency**: an object is visible to `get` as soon as its `put` returns.
/// - **Cancellation**: dropping a future cancels the call and leaves no task behind. The object of
///   a cancelled `put` is complete or absent.
///
/// # Examples
///
/// A wrapper that limits the size of objects:
///
/// ```
/// use athena_protocol::{Error, Result};
/// use athena_spill::ObjectStore;
/// use bytes::Bytes;
///
/// #[derive(Debug)]
/// struct Limited<S>(S);
///
/// #[async_trait::async_trait]
/// impl<S: ObjectStore> ObjectStore for Limited<S> {
///     async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<()> {
///         if body.len() > 64 << 20 {
///             let text = format!("s3://{bucket}/{key} has {} bytes, limit 64 MiB", body.len());
///             return Err(Error::invalid_input(text));
///         }
///         self.0.put(bucket, key, body).await
///     }
///
///     async fn get(&self, bucket: &str, key: &str) -> Result<Bytes> {
///         self.0.get(bucket, key).await
///     }
///
///     async fn check_bucket(&self, bucket: &str) -> Result<()> {
///         self.0.check_bucket(bucket).await
///     }
/// }
/// ```
#[async_trait]
pub trait ObjectStore: Send + Sync + std::fmt::Debug + 'static {
    /// Writes an object, which is complete or absent afterwards. `body` may be empty.
    ///
    /// A store that does not keep `body` should release it before it returns: [`SpillWriter`]
    /// reuses its memory.
    ///
    /// [`SpillWriter`]: crate::SpillWriter
    ///
    /// # Errors
    ///
    /// `NotFound` for a missing bucket; `AccessDenied`, `InvalidCredentials`, `Throttled` or
    /// `Timeout` from the service.
    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<()>;

    /// Reads an entire object.
    ///
    /// # Errors
    ///
    /// `NotFound` for a missing bucket or object, and otherwise as [`put`](Self::put). A service
    /// may report a missing object as `AccessDenied`.
    async fn get(&self, bucket: &str, key: &str) -> Result<Bytes>;

    /// Checks that the bucket exists and is accessible. Writes nothing.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    async fn check_bucket(&self, bucket: &str) -> Result<()>;
}
