//! AES-GCM as the wire has it: ciphertext, then the tag of 16 bytes; the nonce travels with the
//! split.
//!
//! One (key, nonce) pair serves all blocks of a split, because the wire has one (section 5.3 of the
//! protocol). That reuses a GCM nonce as soon as a split has two blocks: whoever can read two
//! objects learns the XOR of their rows, and can forge others. A spill bucket must be private all
//! the same; smaller splits, or clear objects in a bucket with SSE-KMS, avoid it.

use athena_protocol::{EncryptionKey, Error, Result};

/// How many bytes [`encrypt_in_place`] appends.
pub(crate) const TAG_LEN: usize = 16;
const NONCE_LEN: usize = 12;

/// Encrypts `block` in place and appends the tag.
///
/// # Errors
///
/// `InvalidInput` for a key that is not 16, 24 or 32 bytes or a nonce that is not 12. `block` is
/// unchanged then.
pub fn encrypt_in_place(key: &EncryptionKey, block: &mut Vec<u8>) -> Result<()> {
    let nonce = nonce(key)?;
    let tag = backend::seal(&key.key, nonce, block)?;
    block.extend_from_slice(&tag);
    Ok(())
}

/// Decrypts `object` in place and removes the tag.
///
/// # Errors
///
/// `InvalidInput` for a bad key or nonce, with `object` unchanged; `InvalidResponse` for an object
/// that this key does not open, after which what `object` holds is of no use.
pub fn decrypt_in_place(key: &EncryptionKey, object: &mut Vec<u8>) -> Result<()> {
    let nonce = nonce(key)?;
    let len = object.len();
    if len < TAG_LEN {
        return Err(Error::invalid_response(format!(
            "an encrypted object has {len} bytes, fewer than its tag of {TAG_LEN}: it was cut short, or not encrypted"
        )));
    }
    if !backend::open(&key.key, nonce, object)? {
        return Err(Error::invalid_response(format!(
            "an object of {len} bytes does not open with the key of its split: it was changed, cut short, not encrypted, \
             or belongs to another split"
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

/// AES of AWS-LC, which the clients of AWS bring for TLS anyway: half as fast again as the other,
/// and more with AVX-512.
#[cfg(feature = "aws-lc")]
mod aws_lc;
/// AES in Rust, where there is no AWS-LC; in tests always, so that each is proved by the other.
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
    const PLAIN: &str = "zAAAABQAAAAAAAAADAAWAA4AFQAQAAQADAAAADAAAAAAAAAAAAADABAAAAAAAwoAGAAMAAgABAAKAAAAFAAAAGgAAAACAAAAAAAAAAAAAAAF\
        AAAAAAAAAAAAAAABAAAAAAAAAAgAAAAAAAAACAAAAAAAAAAQAAAAAAAAAAEAAAAAAAAAGAAAAAAAAAAMAAAAAAAAACgAAAAAAAAAAQAAAAAA\
        AAAAAAAAAgAAAAIAAAAAAAAAAAAAAAAAAAACAAAAAAAAAAEAAAAAAAAAAAAAAAMAAAAAAAAAAQAAAAIAAAABAAAAAAAAAAAAAAABAAAAAQAA\
        AAAAAABhAAAAAAAAAA==";
    /// Appendix C.3: the object under a key of 32 bytes.
    const SEALED_256: &str = "iwLWG9HlwhuNQZeLvelubY3WkjTge1t8NGflhS1pALIBEK78r8ERmGSkf+2IhCI49llsjVLWp9o1lyoZDOP17pg8xnrR0SZhHFSqbu+PDug9\
        islidmNTaP39nsx58LmNy/hZ5qxByBqeHD6yQHUhf7pnYqvzxSWaTf9XzYPmbg67UgDGrNfLUwjhSKEx2kzCNvTjNR0Rk0qMX+h3+9Lp7pOX\
        nhXp/8x+pWPd+t2Ahrudzsoii6tzvGXfwMdzxbfzE0yK+gzd1sk3VtPmukHZhOJ++HY9ALrxcJGax0NIj/pCI9Sv5iADJVJHuAi0EXxRqZO5\
        dZ0wiaV2a2dzi5xCgY0SaRoNhxlencZNaRD89rU=";
    /// Appendix C.3: the object under a key of 16 bytes.
    const SEALED_128: &str = "X2ynznIb91RL0mGKOqNmCL0mD+ZD7fn26iHxLSREomyFpNv39IC041D0CefAit2S1J8Y8AyHMnskTnLSvkwW5PIO9U5dTMoeIzBxX3w6CFtt\
        rIVrCZydwvb9x9e9SYoIYCVLFB4L33SgX37f++nWG9vTu+CzTQr5Jbyecs3q/HlutIDDp1cimPSohFVTaSduk61zMrKU6cYsvpK4VJU8Mpfm\
        eNtqZQ/Kn/4yKY2p9gHVYUcNHwljs0oP8OK+BfWTCFGsDtChQnGM1qO4EXNW8j+WofebhHTYld6QoWO2wEmjxkepyEDQzGvvptFJ58DmDkrG\
        CcI50MOumzWNp4nC1BJO5W+i9a8nKXXhshchQd8=";

    fn decoded(base64: &str) -> Vec<u8> {
        base64_simd::STANDARD.decode_to_vec(base64).unwrap()
    }

    fn key(len: u8) -> EncryptionKey {
        EncryptionKey { key: (0..len).collect(), nonce: (0..12).collect() }
    }

    #[test]
    fn the_vectors_of_the_protocol_are_sealed_and_opened() {
        for (len, sealed) in [(32, SEALED_256), (16, SEALED_128)] {
            let mut bytes = decoded(PLAIN);
            encrypt_in_place(&key(len), &mut bytes).unwrap();
            assert_eq!(bytes, decoded(sealed), "key of {len} bytes");
            decrypt_in_place(&key(len), &mut bytes).unwrap();
            assert_eq!(bytes, decoded(PLAIN), "key of {len} bytes");
        }
    }

    #[test]
    fn the_golden_objects_are_sealed_and_opened() {
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
            let (sealed, plain) =
                (golden(&format!("crypto-{name}.bin")), golden(&format!("crypto-{name}.plain")));
            let mut bytes = sealed.clone();
            decrypt_in_place(&key, &mut bytes).unwrap();
            assert_eq!(bytes, plain, "{name}");
            encrypt_in_place(&key, &mut bytes).unwrap();
            assert_eq!(bytes, sealed, "{name}");
        }
    }

    #[test]
    fn no_changed_byte_and_no_missing_byte_passes() {
        let sealed = decoded(SEALED_256);
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(
                decrypt_in_place(&key(32), &mut changed).unwrap_err().kind(),
                ErrorKind::InvalidResponse,
                "byte {index}"
            );
            let mut cut = sealed[..index].to_vec();
            assert_eq!(
                decrypt_in_place(&key(32), &mut cut).unwrap_err().kind(),
                ErrorKind::InvalidResponse,
                "{index} bytes"
            );
        }
    }

    #[test]
    fn a_key_or_nonce_of_a_wrong_length_is_refused() {
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
    fn both_implementations_make_and_open_the_same_bytes() {
        for key_len in [16, 24, 32] {
            let key: Vec<u8> = (0..key_len).collect();
            for len in [0, 1, 15, 16, 17, 255, 4_096, 100_003] {
                let plain: Vec<u8> = (0..len).map(|at: u32| at.to_le_bytes()[0]).collect();
                let mut bytes = plain.clone();
                let mut twin = plain.clone();
                let tag = aws_lc::seal(&key, &[5; 12], &mut bytes).unwrap();
                assert_eq!(
                    portable::seal(&key, &[5; 12], &mut twin).unwrap(),
                    tag,
                    "{key_len}, {len} bytes"
                );
                assert_eq!(bytes, twin, "{key_len}, {len} bytes");
                bytes.extend_from_slice(&tag);
                twin.extend_from_slice(&tag);
                assert!(aws_lc::open(&key, &[5; 12], &mut twin).unwrap());
                assert!(portable::open(&key, &[5; 12], &mut bytes).unwrap());
                assert_eq!(bytes[..plain.len()], plain);
                assert_eq!(twin[..plain.len()], plain);
            }
        }
    }

    #[test]
    fn an_empty_block_is_its_tag() {
        let mut block = Vec::new();
        encrypt_in_place(&key(24), &mut block).unwrap();
        assert_eq!(block.len(), TAG_LEN);
        decrypt_in_place(&key(24), &mut block).unwrap();
        assert!(block.is_empty());
    }
}
