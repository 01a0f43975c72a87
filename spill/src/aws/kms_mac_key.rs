//! Keys that several processes derive from one KMS key.

use athena_aws::{AwsOperation, ClientConfig};
use athena_protocol::{Error, Result};
use aws_sdk_kms::{Client, primitives::Blob, types::MacAlgorithmSpec};

/// Length of an `HMAC_SHA_256` code in bytes.
const CODE_LEN: usize = 32;

/// An HMAC key in KMS, of which processes get derived keys without ever holding it.
///
/// # Examples
///
/// ```no_run
/// use athena_spill::aws::KmsMacKey;
///
/// # async fn example() -> athena_protocol::Result<()> {
/// let key = KmsMacKey::new("alias/seal").generate("shop 1").await?;
/// assert_eq!(key.len(), 32);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct KmsMacKey {
    key_id: String,
    config: ClientConfig,
}

impl KmsMacKey {
    /// Creates a reference to the HMAC key `key_id`: an ID, ARN or alias.
    ///
    /// Region, credentials and `AWS_ENDPOINT_URL_KMS` come from the environment.
    pub fn new(key_id: impl Into<String>) -> Self {
        Self { key_id: key_id.into(), config: ClientConfig::Environment }
    }

    /// Sets the endpoint, such as an emulator on loopback, with static credentials, instead of
    /// reading the environment.
    #[must_use]
    pub fn with_endpoint(
        self,
        url: &str,
        region: &str,
        access_key: &str,
        secret_key: &str,
    ) -> Self {
        Self { config: ClientConfig::fixed(url, region, access_key, secret_key), ..self }
    }

    /// Returns 32 bytes that are the same for the same `text` in every process, and unknown to
    /// everyone without `kms:GenerateMac` on the key: one call of `GenerateMac` with
    /// `HMAC_SHA_256`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a key of another type, `AccessDenied` and `NotFound` with the remedy, and
    /// any other error of the call.
    pub async fn generate(&self, text: &str) -> Result<Vec<u8>> {
        let client = Client::new(&self.config.load().await);
        let request = client
            .generate_mac()
            .key_id(&self.key_id)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(Blob::new(text));
        let response = request.send().await.map_err(|error| self.operation().error(error))?;
        let code = response.mac.map(Blob::into_inner).unwrap_or_default();
        if code.len() == CODE_LEN {
            return Ok(code);
        }
        Err(Error::invalid_response(format!(
            "KMS returned a code of {} bytes for the key {:?}, expected {CODE_LEN}",
            code.len(),
            self.key_id
        )))
    }

    fn operation(&self) -> AwsOperation {
        let key_id = &self.key_id;
        AwsOperation {
            service: "KMS",
            name: "GenerateMac",
            resource: format!("the KMS key {key_id:?}"),
            permissions: format!(
                "kms:GenerateMac on {key_id:?} in the policy of the role and, for a key of another \
                 account, in the key policy"
            ),
            not_found: "the key does not exist in this account and region, set \
                        athena_connector_seal to an existing key of type HMAC_256",
        }
    }
}
