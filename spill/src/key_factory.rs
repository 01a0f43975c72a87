//! Where the keys of splits come from.

use async_trait::async_trait;
use athena_protocol::{EncryptionKey, Result};

/// Makes the key of one split.
#[async_trait]
pub trait KeyFactory: Send + Sync + std::fmt::Debug + 'static {
    /// A fresh key and nonce.
    async fn create(&self) -> Result<EncryptionKey>;
}

/// Keys of 256 bits from the operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalKeyFactory;
