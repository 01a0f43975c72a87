//! Data keys of KMS.

use async_trait::async_trait;
use athena_aws::{ClientConfig, AwsOperation};
use athena_protocol::{EncryptionKey, Error, Result};
use aws_sdk_kms::{Client, types::DataKeySpec};
use tokio::sync::OnceCell;

use crate::{KeyFactory, key_factory::fresh_nonce};

/// Bytes of a key of `AES_256`.
const KEY_LEN: usize = 32;

/// Keys of 256 bits that KMS makes under one of its own, with nonces from the operating system.
///
/// Each key is one call of `GenerateDataKey`, which the trail of the account records; the wrapped
/// form is not kept, since the wire has no place for it.
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
    /// A factory of data keys under `key_id`, an id, ARN or alias; region, credentials and
    /// `AWS_ENDPOINT_URL_KMS` are as the environment says.
    pub fn new(key_id: impl Into<String>) -> Self {
        Self { key_id: key_id.into(), config: ClientConfig::Environment, client: OnceCell::new() }
    }

    /// The same factory on another KMS, such as a stand-in on loopback, without looking at the
    /// environment.
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
                "kms:GenerateDataKey on {key_id:?}, in the policy of the role and, for a key of another account, in that \
                 of the key"
            ),
            not_found: "there is no such key in this account and region, set kms_key_id to one",
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
        let answer = request.send().await.map_err(|error| self.operation().error(error))?;
        // The bytes move out of the answer, so that no other copy of ours is left.
        let key =
            answer.plaintext.map(aws_sdk_kms::primitives::Blob::into_inner).unwrap_or_default();
        let key = EncryptionKey { key, nonce };
        if key.key.len() != KEY_LEN {
            let (id, len) = (&self.key_id, key.key.len());
            let text = format!(
                "KMS gave a data key of {len} bytes for the key {id:?}, expected {KEY_LEN}"
            );
            return Err(Error::invalid_response(text));
        }
        Ok(key)
    }
}
