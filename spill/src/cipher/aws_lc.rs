//! AES-GCM of AWS-LC.

use athena_protocol::{Error, Result};
use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{NONCE_LEN, TAG_LEN, too_long, wrong_key};

/// Encrypts `data` and returns its tag.
pub(super) fn encrypt(
    key: &[u8],
    nonce: &[u8; NONCE_LEN],
    data: &mut [u8],
) -> Result<[u8; TAG_LEN]> {
    let len = data.len();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let tag = cipher(key)?
        .seal_in_place_separate_tag(nonce, Aad::empty(), data)
        .map_err(|_| too_long(len))?;
    Ok(tag.as_ref().try_into().expect("a GCM tag is one AES block"))
}

/// Decrypts `object`, which ends with its tag; returns `false` if it is not authentic.
pub(super) fn decrypt(key: &[u8], nonce: &[u8; NONCE_LEN], object: &mut [u8]) -> Result<bool> {
    let nonce = Nonce::assume_unique_for_key(*nonce);
    Ok(cipher(key)?.open_in_place(nonce, Aad::empty(), object).is_ok())
}

/// Creates the cipher for the length of `key`. AWS-LC zeroes the key schedule on drop.
fn cipher(key: &[u8]) -> Result<LessSafeKey> {
    let algorithm = match key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        32 => &AES_256_GCM,
        len => return Err(wrong_key(len)),
    };
    let key = UnboundKey::new(algorithm, key)
        .map_err(|_| Error::internal("AWS-LC rejected an encryption key"))?;
    Ok(LessSafeKey::new(key))
}
