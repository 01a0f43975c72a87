//! Factories of encryption keys for splits.

use async_trait::async_trait;
use athena_protocol::{EncryptionKey, Error, Result};
use rand::{TryRng, rngs::SysRng};

/// Length of generated keys in bytes; keys of 16 and 24 bytes can be read too.
const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;

/// A factory of encryption keys.
///
/// # Examples
///
/// ```
/// use athena_spill::{KeyFactory, LocalKeyFactory, decrypt_in_place, encrypt_in_place};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> athena_protocol::Result<()> {
/// let key = LocalKeyFactory.create().await?;
/// let mut block = b"rows".to_vec();
/// encrypt_in_place(&key, &mut block)?;
/// decrypt_in_place(&key, &mut block)?;
/// assert_eq!(block, b"rows");
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait KeyFactory: Send + Sync + std::fmt::Debug + 'static {
    /// Creates the key of one split: an AES key of 16, 24 or 32 bytes and a nonce of 12 bytes.
    ///
    /// Called concurrently. Key and nonce must be unpredictable, and must never be returned twice:
    /// with AES-GCM, a repeated pair reveals the rows of both splits.
    ///
    /// # Errors
    ///
    /// Any kind; an error fails the request for splits. Errors are final: the factory retries
    /// everything that is safe to retry.
    async fn create(&self) -> Result<EncryptionKey>;
}

/// A factory of 256-bit keys from the operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalKeyFactory;

#[async_trait]
impl KeyFactory for LocalKeyFactory {
    async fn create(&self) -> Result<EncryptionKey> {
        let nonce = fresh_nonce()?;
        Ok(EncryptionKey { key: random(KEY_LEN)?, nonce })
    }
}

/// Generates a nonce from the operating system's random source.
pub(crate) fn fresh_nonce() -> Result<Vec<u8>> {
    random(NONCE_LEN)
}

fn random(len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| {
        Error::internal("the operating system returned no random bytes for a key")
            .with_source(error)
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn local_keys_and_nonces_are_unique() {
        let a = LocalKeyFactory.create().await.unwrap();
        let b = LocalKeyFactory.create().await.unwrap();
        assert_eq!((a.key.len(), a.nonce.len()), (32, 12));
        assert_ne!(a.key, b.key);
        assert_ne!(a.nonce, b.nonce);
    }
}
