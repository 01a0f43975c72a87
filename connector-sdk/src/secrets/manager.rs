//! AWS Secrets Manager.

use async_trait::async_trait;
use athena_aws::{AwsOperation, ClientConfig};
use aws_sdk_secretsmanager::Client;
use futures::FutureExt;
use tokio::sync::OnceCell;

use super::{Secret, SecretStore};
use crate::{Error, Result};

/// Secrets of the account of the function, or of another that shares them, by name or ARN.
///
/// Region, credentials and `AWS_ENDPOINT_URL_SECRETS_MANAGER` come from the environment.
#[derive(Debug, Default)]
pub(super) struct SecretsManager {
    client: OnceCell<Client>,
}

#[async_trait]
impl SecretStore for SecretsManager {
    async fn fetch(&self, name: &str) -> Result<Secret> {
        let create = async || Client::new(&ClientConfig::Environment.load().await);
        let client = self.client.get_or_init(create).await;
        // Boxed, because the client's futures are nested too deep for the compiler's limit.
        let response = client.get_secret_value().secret_id(name).send().boxed().await;
        let secret = response.map_err(|error| operation(name).error(error))?;
        secret.secret_string.map(Secret::new).ok_or_else(|| {
            Error::invalid_input(format!("the secret {name:?} is binary, expected text"))
        })
    }
}

fn operation(name: &str) -> AwsOperation {
    AwsOperation {
        service: "Secrets Manager",
        name: "GetSecretValue",
        resource: format!("the secret {name:?}"),
        permissions: format!(
            "secretsmanager:GetSecretValue on {name:?} in the policy of the role and, for a secret \
             with a key of its own, kms:Decrypt on the key"
        ),
        not_found: "the secret does not exist in this account and region, or has no value",
    }
}
