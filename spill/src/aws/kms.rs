//! Keys of splits as data keys of a KMS key (section 5.4 of the protocol).

use async_trait::async_trait;
use athena_protocol::{EncryptionKey, Error, Result};
use aws_sdk_kms::{Client, types::DataKeySpec};
use tokio::sync::OnceCell;

use super::failure::failure;
use crate::{KeyFactory, key_factory::fresh_nonce};

/// Data keys of 256 bits of one KMS key. Only the plain form is used: the wire hands it to the engine.
#[derive(Debug)]
pub struct KmsKeyFactory {
    key_id: String,
    client: OnceCell<Client>,
}

impl KmsKeyFactory {
    /// Data keys of `key_id`: an id, an alias or an ARN.
    pub fn new(key_id: impl Into<String>) -> Self {
        Self { key_id: key_id.into(), client: OnceCell::new() }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(&aws_config::load_from_env().await) }).await
    }
}

#[async_trait]
impl KeyFactory for KmsKeyFactory {
    async fn create(&self) -> Result<EncryptionKey> {
        let call = self.client().await.generate_data_key().key_id(&self.key_id).key_spec(DataKeySpec::Aes256);
        let answer = call
            .send()
            .await
            .map_err(|error| failure(error, "kms:GenerateDataKey", &format!("KMS key {:?}", self.key_id)))?;
        let key = answer.plaintext.ok_or_else(|| {
            Error::invalid_response(format!("KMS answered without the plain form of a data key of {:?}", self.key_id))
        })?;
        Ok(EncryptionKey { key: key.into_inner(), nonce: fresh_nonce()? })
    }
}
