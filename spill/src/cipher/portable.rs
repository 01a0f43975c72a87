//! AES-GCM in Rust.

use aes_gcm::{
    AesGcm, KeyInit,
    aead::AeadInOut,
    aes::{
        Aes128, Aes192, Aes256, Block,
        cipher::{BlockCipherEncrypt, BlockSizeUser, consts::U12},
    },
};
use athena_protocol::Result;

use super::{NONCE_LEN, TAG_LEN, too_long, wrong_key};

/// Runs `$body` with the cipher for the length of `$key`. The ciphers zero the key schedule on
/// drop.
macro_rules! with_cipher {
    ($key:expr, |$cipher:ident| $body:expr) => {{
        const LENGTH: &str = "the length is matched";
        match $key.len() {
            16 => with_cipher!(AesGcm::<Aes128, U12>, $key, |$cipher| $body),
            24 => with_cipher!(AesGcm::<Aes192, U12>, $key, |$cipher| $body),
            32 => with_cipher!(AesGcm::<Aes256, U12>, $key, |$cipher| $body),
            len => Err(wrong_key(len)),
        }
    }};
    ($kind:ty, $key:expr, |$cipher:ident| $body:expr) => {{
        let $cipher = <$kind>::new_from_slice($key).expect(LENGTH);
        $body
    }};
}

/// Encrypts `data` and returns its tag.
pub(super) fn encrypt(
    key: &[u8],
    nonce: &[u8; NONCE_LEN],
    data: &mut [u8],
) -> Result<[u8; TAG_LEN]> {
    with_cipher!(key, |cipher| encrypt_with(&cipher, nonce, data))
}

/// Decrypts `object`, which ends with its tag; returns `false` if it is not authentic.
pub(super) fn decrypt(key: &[u8], nonce: &[u8; NONCE_LEN], object: &mut [u8]) -> Result<bool> {
    let Some((data, tag)) = object.split_last_chunk_mut::<TAG_LEN>() else { return Ok(false) };
    with_cipher!(key, |cipher| Ok(cipher
        .decrypt_inout_detached(&(*nonce).into(), &[], data.into(), &(*tag).into())
        .is_ok()))
}

fn encrypt_with<Aes>(
    cipher: &AesGcm<Aes, U12>,
    nonce: &[u8; NONCE_LEN],
    data: &mut [u8],
) -> Result<[u8; TAG_LEN]>
where
    Aes: BlockCipherEncrypt + BlockSizeUser<BlockSize = <Aes128 as BlockSizeUser>::BlockSize>,
{
    let len = data.len();
    let tag = cipher
        .encrypt_inout_detached(&(*nonce).into(), &[], data.into())
        .map_err(|_| too_long(len))?;
    Ok(tag.into())
}

const _: () = assert!(size_of::<Block>() == TAG_LEN, "a tag is one AES block");
