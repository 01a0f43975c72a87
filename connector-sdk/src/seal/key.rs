//! Origin of the key of seals.

#[cfg(feature = "lambda")]
use futures::FutureExt;
use hmac::{KeyInit, Mac};

use super::Code;
use crate::{Result, Secret};

/// Shortest secret, in characters.
const MIN_SECRET: usize = 32;
/// Text from which keys are derived, so that a secret that is used elsewhere gives another key.
const CONTEXT: &str = "athena-connector-sdk seal 1";

/// Origin of the key with which splits and page tokens are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealKey {
    /// No seals: callers must be trusted.
    Off,
    /// Derived from the name of the function. Detects splits of another query, table or function,
    /// and mistakes; whoever knows the name and this SDK can forge them.
    Function(String),
    /// Derived from a secret.
    Secret(Secret),
    /// From a KMS key of type HMAC: one call of `GenerateMac` a process.
    Kms(String),
}

impl SealKey {
    /// Parses `off`, `function`, `secret:<32 characters or more>` or `kms:<key ID or ARN>`; `None`
    /// for anything else.
    pub(crate) fn parse(text: &str, function: Option<&str>) -> Option<Self> {
        match text.split_once(':') {
            None if text == "off" => Some(Self::Off),
            None if text == "function" => function.map(|name| Self::Function(name.to_owned())),
            Some(("secret", secret)) if secret.chars().count() >= MIN_SECRET => {
                Some(Self::Secret(Secret::new(secret)))
            }
            Some(("kms", key)) if !key.is_empty() => Some(Self::Kms(key.to_owned())),
            _ => None,
        }
    }

    /// Returns the key; `None` if seals are off.
    pub(super) async fn secret(&self) -> Result<Option<Vec<u8>>> {
        let derived = |from: &str| Some(keyed_hash(from, CONTEXT).to_vec());
        match self {
            Self::Off => Ok(None),
            Self::Function(name) => Ok(derived(name)),
            Self::Secret(secret) => Ok(derived(secret.expose())),
            Self::Kms(key_id) => generate_mac(key_id).await.map(Some),
        }
    }
}

/// Returns the HMAC-SHA-256 of `text`.
pub(crate) fn keyed_hash(key: &str, text: &str) -> [u8; 32] {
    let mut code = Code::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    code.update(text.as_bytes());
    code.finalize().into_bytes().into()
}

#[cfg(feature = "lambda")]
async fn generate_mac(key_id: &str) -> Result<Vec<u8>> {
    // Boxed, because the client's futures are nested too deep for the compiler's limit.
    athena_spill::aws::KmsMacKey::new(key_id).generate(CONTEXT).boxed().await
}

#[cfg(not(feature = "lambda"))]
#[expect(clippy::unused_async, reason = "calls KMS with the feature")]
async fn generate_mac(_: &str) -> Result<Vec<u8>> {
    Err(crate::Error::internal("no KMS client; enable the feature `lambda`"))
}
