//! Data keys from KMS.

use async_trait::async_trait;
use athena_aws::{AwsOperation, ClientConfig};
use athena_protocol::{EncryptionKey, Error, Result};
use aws_sdk_kms::{Client, types::DataKeySpec};
use tokio::sync::OnceCell;

use crate::{KeyFactory, key_factory::fresh_nonce};

/// Length of an `AES_256` data key in bytes.
const KEY_LEN: usize = 32;

/// A factory of 256-bit data keys of a KMS key, with nonces from the operating system.
///
/// Each key is one `GenerateDataKey` call, which AWS `CloudTrail` records. The encrypted form of
/// the data key is discarded, because the protocol cannot carry it.
///
/// # Examples
///
/// ```no_run
/// use athena_spill::{KeyFactory, aws::KmsKeyFactory};
///
/// # async fn example() -> athena_protocol::Result<()> {
/// let keys = KmsKeyFactory::new("alias/spill");
/// let key = keys.create().await?;
/// assert_eq!(key.key.len(), 32);
/// # Ok(())
/// # }
/// ```
pub struct KmsKeyFactory {
    key_id: String,
    config: ClientConfig,
    client: OnceCell<Client>,
}

impl std::fmt::Debug for KmsKeyFactory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KmsKeyFactory").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl KmsKeyFactory {
    /// Creates a factory of data keys of `key_id`: an ID, ARN or alias.
    ///
    /// Region, credentials and `AWS_ENDPOINT_URL_KMS` come from the environment, at the first call.
    pub fn new(key_id: impl Into<String>) -> Self {
        Self { key_id: key_id.into(), config: ClientConfig::Environment, client: OnceCell::new() }
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
        let config = ClientConfig::fixed(url, region, access_key, secret_key);
        Self { config, client: OnceCell::new(), ..self }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(&self.config.load().await) }).await
    }

    fn operation(&self) -> AwsOperation {
        let key_id = &self.key_id;
        AwsOperation {
            service: "KMS",
            name: "GenerateDataKey",
            resource: format!("the KMS key {key_id:?}"),
            permissions: format!(
                "kms:GenerateDataKey on {key_id:?} in the policy of the role and, for a key of \
                 another account, in the key policy"
            ),
            not_found: "the key does not exist in this account and region, set kms_key_id to an \
                        existing key",
        }
    }
}

#[async_trait]
impl KeyFactory for KmsKeyFactory {
    async fn create(&self) -> Result<EncryptionKey> {
        let nonce = fresh_nonce()?;
        let request = self
            .client()
            .await
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256);
        let response = request.send().await.map_err(|error| self.operation().error(error))?;
        // Moves the bytes out of the response, so that no other copy remains in this process.
        let key =
            response.plaintext.map(aws_sdk_kms::primitives::Blob::into_inner).unwrap_or_default();
        let key = EncryptionKey { key, nonce };
        if key.key.len() != KEY_LEN {
            let id = &self.key_id;
            let len = key.key.len();
            let text = format!(
                "KMS returned a data key of {len} bytes for the key {id:?}, expected {KEY_LEN}"
            );
            return Err(Error::invalid_response(text));
        }
        Ok(key)
    }
}
