//! AES-GCM as the wire has it: ciphertext, then the tag of 16 bytes; the nonce travels with the split.

use athena_protocol::{EncryptionKey, Result};

/// Encrypts `block` in place and appends the tag.
///
/// # Errors
///
/// `InvalidInput` for a key that is not 16, 24 or 32 bytes or a nonce that is not 12.
pub fn seal(key: &EncryptionKey, block: &mut Vec<u8>) -> Result<()> {
    let _ = (key, block);
    todo!()
}

/// Decrypts `object` in place and removes the tag.
///
/// # Errors
///
/// `InvalidInput` for a bad key or nonce; `InvalidResponse` for an object that this key does not open.
pub fn open(key: &EncryptionKey, object: &mut Vec<u8>) -> Result<()> {
    let _ = (key, object);
    todo!()
}
