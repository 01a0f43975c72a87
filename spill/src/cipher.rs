//! AES-GCM in the form of the protocol: ciphertext, then a tag of 16 bytes; the nonce is part of
//! the split.
//!
//! All blocks of a split share one (key, nonce) pair, because the protocol has one (section 5.3).
//! A split with several blocks therefore reuses a GCM nonce: a reader of two objects learns the XOR
//! of their rows and can forge others. Keep spill buckets private; smaller splits, or clear text in
//! a bucket with SSE-KMS, avoid the reuse.

use athena_protocol::{EncryptionKey, Error, Result};

/// Number of bytes that [`encrypt_in_place`] appends.
pub(crate) const TAG_LEN: usize = 16;
const NONCE_LEN: usize = 12;

/// Encrypts `block` in place with AES-GCM and appends the tag of 16 bytes.
///
/// Deterministic: uses the nonce of `key`, and reuses it for every block of a split.
///
/// # Errors
///
/// `InvalidInput` for a key that does not have 16, 24 or 32 bytes, or a nonce that does not have
/// 12;
/// `block` is then unchanged.
pub fn encrypt_in_place(key: &EncryptionKey, block: &mut Vec<u8>) -> Result<()> {
    let nonce = nonce(key)?;
    let tag = backend::encrypt(&key.key, nonce, block)?;
    block.extend_from_slice(&tag);
    Ok(())
}

/// Authenticates and decrypts `object` in place, and removes the tag.
///
/// # Errors
///
/// `InvalidInput` for a key or nonce of the wrong length, with `object` unchanged;
/// `InvalidResponse` if `object` is not authentic, after which its contents are unspecified.
pub fn decrypt_in_place(key: &EncryptionKey, object: &mut Vec<u8>) -> Result<()> {
    let nonce = nonce(key)?;
    let len = object.len();
    if len < TAG_LEN {
        return Err(Error::invalid_response(format!(
            "an encrypted object has {len} bytes, fewer than its tag of {TAG_LEN}: it is \
             truncated, or not encrypted"
        )));
    }
    if !backend::decrypt(&key.key, nonce, object)? {
        return Err(Error::invalid_response(format!(
            "an object of {len} bytes cannot be decrypted with the key of its split: it is \
             modified, truncated, not encrypted, or of another split"
        )));
    }
    object.truncate(len - TAG_LEN);
    Ok(())
}

fn nonce(key: &EncryptionKey) -> Result<&[u8; NONCE_LEN]> {
    key.nonce.as_slice().try_into().map_err(|_| {
        let len = key.nonce.len();
        Error::invalid_input(format!(
            "the nonce of an encryption key has {len} bytes, expected {NONCE_LEN}"
        ))
    })
}

/// AES of AWS-LC, a dependency of the AWS clients: 1.5 times as fast as the other, more with
/// AVX-512.
#[cfg(feature = "aws-lc")]
mod aws_lc;
/// AES in Rust, for builds without AWS-LC; always in tests, to compare the two.
#[cfg(any(test, not(feature = "aws-lc")))]
mod portable;

#[cfg(feature = "aws-lc")]
use aws_lc as backend;
#[cfg(not(feature = "aws-lc"))]
use portable as backend;

fn wrong_key(len: usize) -> Error {
    Error::invalid_input(format!("an encryption key has {len} bytes, expected 16, 24 or 32"))
}

fn too_long(len: usize) -> Error {
    Error::invalid_input(format!("a block of {len} bytes is too long for AES-GCM"))
}

#[cfg(test)]
mod tests {
    use athena_protocol::ErrorKind;

    use super::*;

    /// Appendix C.2 of the protocol: the legacy record batch.
    const PLAIN: &str = "\
        zAAAABQAAAAAAAAADAAWAA4AFQAQAAQADAAAADAAAAAAAAAAAAADABAAAAAAAwoAGAAMAAgABAAKAAAAFAAAAGgA\
        AAACAAAAAAAAAAAAAAAFAAAAAAAAAAAAAAABAAAAAAAAAAgAAAAAAAAACAAAAAAAAAAQAAAAAAAAAAEAAAAAAAAA\
        GAAAAAAAAAAMAAAAAAAAACgAAAAAAAAAAQAAAAAAAAAAAAAAAgAAAAIAAAAAAAAAAAAAAAAAAAACAAAAAAAAAAEA\
        AAAAAAAAAAAAAAMAAAAAAAAAAQAAAAIAAAABAAAAAAAAAAAAAAABAAAAAQAAAAAAAABhAAAAAAAAAA==";
    /// Appendix C.3: the object under a key of 32 bytes.
    const ENCRYPTED_256: &str = "\
        iwLWG9HlwhuNQZeLvelubY3WkjTge1t8NGflhS1pALIBEK78r8ERmGSkf+2IhCI49llsjVLWp9o1lyoZDOP17pg8\
        xnrR0SZhHFSqbu+PDug9islidmNTaP39nsx58LmNy/hZ5qxByBqeHD6yQHUhf7pnYqvzxSWaTf9XzYPmbg67UgDG\
        rNfLUwjhSKEx2kzCNvTjNR0Rk0qMX+h3+9Lp7pOXnhXp/8x+pWPd+t2Ahrudzsoii6tzvGXfwMdzxbfzE0yK+gzd\
        1sk3VtPmukHZhOJ++HY9ALrxcJGax0NIj/pCI9Sv5iADJVJHuAi0EXxRqZO5dZ0wiaV2a2dzi5xCgY0SaRoNhxle\
        ncZNaRD89rU=";
    /// Appendix C.3: the object under a key of 16 bytes.
    const ENCRYPTED_128: &str = "\
        X2ynznIb91RL0mGKOqNmCL0mD+ZD7fn26iHxLSREomyFpNv39IC041D0CefAit2S1J8Y8AyHMnskTnLSvkwW5PIO\
        9U5dTMoeIzBxX3w6CFttrIVrCZydwvb9x9e9SYoIYCVLFB4L33SgX37f++nWG9vTu+CzTQr5Jbyecs3q/HlutIDD\
        p1cimPSohFVTaSduk61zMrKU6cYsvpK4VJU8MpfmeNtqZQ/Kn/4yKY2p9gHVYUcNHwljs0oP8OK+BfWTCFGsDtCh\
        QnGM1qO4EXNW8j+WofebhHTYld6QoWO2wEmjxkepyEDQzGvvptFJ58DmDkrGCcI50MOumzWNp4nC1BJO5W+i9a8n\
        KXXhshchQd8=";

    fn decoded(base64: &str) -> Vec<u8> {
        base64_simd::STANDARD.decode_to_vec(base64).unwrap()
    }

    fn key(len: u8) -> EncryptionKey {
        EncryptionKey { key: (0..len).collect(), nonce: (0..12).collect() }
    }

    #[test]
    fn test_vectors_of_the_protocol_round_trip() {
        for (len, encrypted) in [(32, ENCRYPTED_256), (16, ENCRYPTED_128)] {
            let mut bytes = decoded(PLAIN);
            encrypt_in_place(&key(len), &mut bytes).unwrap();
            assert_eq!(bytes, decoded(encrypted), "key of {len} bytes");
            decrypt_in_place(&key(len), &mut bytes).unwrap();
            assert_eq!(bytes, decoded(PLAIN), "key of {len} bytes");
        }
    }

    #[test]
    fn golden_objects_round_trip() {
        let golden = |name: &str| {
            let path = format!("{}/../tests/golden/spill/{name}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        for (name, key, nonce) in [
            ("aes128", "EBESExQVFhcYGRobHB0eHw==", "dHV2d3h5ent8fX5/"),
            ("aes192", "GBkaGxwdHh8gISIjJCUmJygpKissLS4v", "fH1+f4CBgoOEhYaH"),
            ("aes256", "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=", "hIWGh4iJiouMjY6P"),
        ] {
            let key = EncryptionKey { key: decoded(key), nonce: decoded(nonce) };
            let encrypted = golden(&format!("crypto-{name}.bin"));
            let plain = golden(&format!("crypto-{name}.plain"));
            let mut bytes = encrypted.clone();
            decrypt_in_place(&key, &mut bytes).unwrap();
            assert_eq!(bytes, plain, "{name}");
            encrypt_in_place(&key, &mut bytes).unwrap();
            assert_eq!(bytes, encrypted, "{name}");
        }
    }

    #[test]
    fn every_modification_and_truncation_is_detected() {
        let encrypted = decoded(ENCRYPTED_256);
        for index in 0..encrypted.len() {
            let mut changed = encrypted.clone();
            changed[index] ^= 1;
            assert_eq!(
                decrypt_in_place(&key(32), &mut changed).unwrap_err().kind(),
                ErrorKind::InvalidResponse,
                "byte {index}"
            );
            let mut truncated = encrypted[..index].to_vec();
            assert_eq!(
                decrypt_in_place(&key(32), &mut truncated).unwrap_err().kind(),
                ErrorKind::InvalidResponse,
                "{index} bytes"
            );
        }
    }

    #[test]
    fn keys_and_nonces_of_a_wrong_length_are_rejected() {
        let [no_nonce, long_nonce] =
            [0, 16].map(|len| EncryptionKey { key: vec![7; 32], nonce: vec![0; len] });
        for key in [key(0), key(15), key(20), key(33), no_nonce, long_nonce] {
            let mut block = vec![7; 40];
            assert_eq!(
                encrypt_in_place(&key, &mut block).unwrap_err().kind(),
                ErrorKind::InvalidInput,
                "{key:?}"
            );
            assert_eq!(
                decrypt_in_place(&key, &mut block).unwrap_err().kind(),
                ErrorKind::InvalidInput,
                "{key:?}"
            );
            assert_eq!(block, vec![7; 40], "{key:?}");
        }
    }

    #[cfg(feature = "aws-lc")]
    #[test]
    fn both_implementations_are_interchangeable() {
        for key_len in [16, 24, 32] {
            let key: Vec<u8> = (0..key_len).collect();
            for len in [0, 1, 15, 16, 17, 255, 4_096, 100_003] {
                let plain: Vec<u8> = (0..len).map(|at: u32| at.to_le_bytes()[0]).collect();
                let mut bytes = plain.clone();
                let mut twin = plain.clone();
                let tag = aws_lc::encrypt(&key, &[5; 12], &mut bytes).unwrap();
                assert_eq!(
                    portable::encrypt(&key, &[5; 12], &mut twin).unwrap(),
                    tag,
                    "{key_len}, {len} bytes"
                );
                assert_eq!(bytes, twin, "{key_len}, {len} bytes");
                bytes.extend_from_slice(&tag);
                twin.extend_from_slice(&tag);
                assert!(aws_lc::decrypt(&key, &[5; 12], &mut twin).unwrap());
                assert!(portable::decrypt(&key, &[5; 12], &mut bytes).unwrap());
                assert_eq!(bytes[..plain.len()], plain);
                assert_eq!(twin[..plain.len()], plain);
            }
        }
    }

    #[test]
    fn an_empty_block_encrypts_to_its_tag() {
        let mut block = Vec::new();
        encrypt_in_place(&key(24), &mut block).unwrap();
        assert_eq!(block.len(), TAG_LEN);
        decrypt_in_place(&key(24), &mut block).unwrap();
        assert!(block.is_empty());
    }
}
