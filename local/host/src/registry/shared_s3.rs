//! The S3 stand-in that all functions of a registry share.

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::local_s3::LocalS3;

/// A [`LocalS3`] that starts on first use. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedS3(Arc<OnceCell<LocalS3>>);

impl SharedS3 {
    /// Returns the store, and starts it if it is not running.
    pub(super) async fn get(&self) -> anyhow::Result<&LocalS3> {
        self.0.get_or_try_init(|| LocalS3::start(None)).await
    }
}
