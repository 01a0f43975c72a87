//! Where the keys of splits come from.

use async_trait::async_trait;
use athena_protocol::{EncryptionKey, Error, Result};
use rand::{TryRng, rngs::SysRng};

/// Bytes of the keys that are made here; keys of 16 and 24 are read all the same.
const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;

/// Makes the key of one split.
#[async_trait]
pub trait KeyFactory: Send + Sync + std::fmt::Debug + 'static {
    /// A fresh key and nonce.
    async fn create(&self) -> Result<EncryptionKey>;
}

/// Keys of 256 bits from the operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalKeyFactory;

#[async_trait]
impl KeyFactory for LocalKeyFactory {
    async fn create(&self) -> Result<EncryptionKey> {
        let nonce = fresh_nonce()?;
        Ok(EncryptionKey { key: random(KEY_LEN)?, nonce })
    }
}

/// A nonce that no other split has.
pub(crate) fn fresh_nonce() -> Result<Vec<u8>> {
    random(NONCE_LEN)
}

fn random(len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| {
        Error::internal("the operating system gives no random bytes for a key").with_source(error)
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_two_local_keys_share_anything() {
        let (a, b) =
            (LocalKeyFactory.create().await.unwrap(), LocalKeyFactory.create().await.unwrap());
        assert_eq!((a.key.len(), a.nonce.len()), (32, 12));
        assert_ne!(a.key, b.key);
        assert_ne!(a.nonce, b.nonce);
    }
}
