//! The object store that a function spills to.

use std::sync::Arc;

use async_trait::async_trait;
use athena_protocol::{Error, Result};
use athena_spill::{ObjectStore, SpillSettings, aws::S3Store};
use bytes::Bytes;
use tokio::sync::OnceCell;

use super::shared_s3::SharedS3;

/// The store of one function's spilled objects: the S3 stand-in or S3 in AWS. Opened on first use.
#[derive(Debug)]
pub(super) struct SpillStore {
    hosted: bool,
    s3: SharedS3,
    store: OnceCell<Arc<dyn ObjectStore>>,
}

impl SpillStore {
    /// Creates the store of a function that is `hosted` here, and uses the stand-in, or is not.
    pub(super) fn new(hosted: bool, s3: SharedS3) -> Self {
        Self { hosted, s3, store: OnceCell::new() }
    }

    async fn store(&self) -> Result<&Arc<dyn ObjectStore>> {
        self.store.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<Arc<dyn ObjectStore>> {
        if !self.hosted {
            return Ok(Arc::new(S3Store::new(&SpillSettings::default())));
        }
        let s3 =
            self.s3.get().await.map_err(|error| {
                Error::internal(format!("cannot start the local S3: {error:#}"))
            })?;
        Ok(s3.store())
    }
}

#[async_trait]
impl ObjectStore for SpillStore {
    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<()> {
        self.store().await?.put(bucket, key, body).await
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Bytes> {
        self.store().await?.get(bucket, key).await
    }

    async fn check_bucket(&self, bucket: &str) -> Result<()> {
        self.store().await?.check_bucket(bucket).await
    }
}
