//! The S3 calls that spilling needs.

use async_trait::async_trait;
use athena_protocol::Result;
use bytes::Bytes;

/// A place for objects: S3 by way of [`aws`](crate::aws), or a fake in tests.
///
/// Errors name bucket, key and, where it is that, the missing permission. Retrying what is safe to
/// retry is the store's own business: an error is final.
#[async_trait]
pub trait ObjectStore: Send + Sync + std::fmt::Debug + 'static {
    /// Writes one object. The body is complete or absent afterwards.
    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<()>;

    /// Reads one object whole. `NotFound` if there is none.
    async fn get(&self, bucket: &str, key: &str) -> Result<Bytes>;

    /// Checks that the bucket is there and may be used.
    async fn check_bucket(&self, bucket: &str) -> Result<()>;
}
