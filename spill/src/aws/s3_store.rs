//! Objects in S3.

use std::sync::Arc;

use async_trait::async_trait;
use athena_aws::{ClientConfig, AwsOperation, is_plain_http, needs_path_style};
use athena_protocol::{Error, Result};
use aws_sdk_s3::{
    Client, config,
    operation::get_object::GetObjectOutput,
    primitives::{ByteStream, ByteStreamError},
};
use bytes::Bytes;
use tokio::sync::OnceCell;

use crate::{ObjectStore, ServerSideEncryption, SpillSettings};

/// How often a body is fetched that breaks off midway, which the client does not try again by
/// itself.
const FETCHES: usize = 3;
/// The most that is set aside because a header says so; what comes beyond it has to come.
const MAX_TRUSTED_LEN: usize = 64 << 20;

/// Objects in S3, through the official client.
///
/// Calls are tried four times, with growing and random pauses. Objects written over TLS are not
/// signed as a whole: TLS protects them on the way and a checksum says whether they arrived as they
/// were, where hashing them would cost as much as encrypting.
pub struct S3Store {
    client_config: ClientConfig,
    headers: Arc<[(String, String)]>,
    bucket_owner: Option<String>,
    /// The KMS key that S3 is told to encrypt with.
    kms_key: Option<String>,
    client: OnceCell<ReadyClient>,
}

struct ReadyClient {
    client: Client,
    /// Whether bodies are to be signed, since nothing else protects them.
    signs_bodies: bool,
}

impl std::fmt::Debug for S3Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Store")
            .field("client_config", &self.client_config)
            .finish_non_exhaustive()
    }
}

impl S3Store {
    /// S3 as the environment says (region, credentials, `AWS_ENDPOINT_URL_S3`), with the headers
    /// and the owner of `settings`.
    pub fn new(settings: &SpillSettings) -> Self {
        Self::at(ClientConfig::Environment).with_settings(settings)
    }

    /// Another S3, such as a stand-in on loopback, without looking at the environment.
    ///
    /// Bucket names go into the path if the host of `url` is an address or a name without dots.
    pub fn with_endpoint(url: &str, region: &str, access_key: &str, secret_key: &str) -> Self {
        Self::at(ClientConfig::fixed(url, region, access_key, secret_key))
    }

    /// The same store with the headers and the owner of `settings`.
    #[must_use]
    pub fn with_settings(self, settings: &SpillSettings) -> Self {
        let kms_key = match &settings.server_side_encryption {
            Some(ServerSideEncryption::Kms(key)) => Some(key.clone()),
            Some(ServerSideEncryption::S3) | None => None,
        };
        let bucket_owner = settings.bucket_owner.clone();
        Self { headers: settings.request_headers().into(), bucket_owner, kms_key, ..self }
    }

    fn at(client_config: ClientConfig) -> Self {
        Self {
            client_config,
            headers: Arc::default(),
            bucket_owner: None,
            kms_key: None,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> &ReadyClient {
        self.client.get_or_init(|| self.connect()).await
    }

    async fn connect(&self) -> ReadyClient {
        let shared = self.client_config.load().await;
        let endpoint = self.client_config.s3_endpoint(&shared);
        let path_style = endpoint.as_deref().is_some_and(needs_path_style);
        let signs_bodies = endpoint.as_deref().is_some_and(is_plain_http);
        let config = config::Builder::from(&shared).force_path_style(path_style).build();
        ReadyClient { client: Client::from_conf(config), signs_bodies }
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<()> {
        let ReadyClient { client, signs_bodies } = self.client().await;
        let headers = Arc::clone(&self.headers);
        // A body of whole bytes has a length that is sent, and can be sent again.
        let put = client
            .put_object()
            .bucket(bucket)
            .key(key)
            .set_expected_bucket_owner(self.bucket_owner.clone())
            .body(ByteStream::from(body))
            .customize()
            .map_request(move |mut request| {
                let mut headers = headers.iter();
                let added = headers.try_for_each(|(name, value)| {
                    request.headers_mut().try_insert(name.clone(), value.clone()).map(drop)
                });
                added.map(|()| request)
            });
        let put = if *signs_bodies { put } else { put.disable_payload_signing() };
        put.send().await.map_err(|error| self.put_operation(bucket, key).error(error))?;
        Ok(())
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Bytes> {
        let ReadyClient { client, .. } = self.client().await;
        let mut fetches = 1;
        loop {
            let get = client
                .get_object()
                .bucket(bucket)
                .key(key)
                .set_expected_bucket_owner(self.bucket_owner.clone());
            let object =
                get.send().await.map_err(|error| self.get_operation(bucket, key).error(error))?;
            match body(object).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) if fetches < FETCHES => {
                    tracing::debug!(bucket, key, fetches, %error, "an object broke off midway, fetches it again");
                    fetches += 1;
                }
                Err(error) => {
                    let text = format!(
                        "GetObject of s3://{bucket}/{key} failed: it broke off midway, {fetches} times"
                    );
                    return Err(Error::timeout(text).with_source(error));
                }
            }
        }
    }

    async fn check_bucket(&self, bucket: &str) -> Result<()> {
        let ReadyClient { client, .. } = self.client().await;
        let head = client
            .head_bucket()
            .bucket(bucket)
            .set_expected_bucket_owner(self.bucket_owner.clone());
        head.send().await.map_err(|error| self.check_operation(bucket).error(error))?;
        Ok(())
    }
}

/// What each call needs, for its errors.
impl S3Store {
    fn put_operation(&self, bucket: &str, key: &str) -> AwsOperation {
        let owner = self.owner_in_words();
        let kms_key = match &self.kms_key {
            Some(key) => format!("the KMS key {key:?} (athena_connector_spill_sse)"),
            None => "the bucket's KMS key if it has one".to_owned(),
        };
        AwsOperation {
            service: "S3",
            name: "PutObject",
            resource: format!("s3://{bucket}/{key}"),
            permissions: format!(
                "s3:PutObject on arn:aws:s3:::{bucket}/{key}{owner}, and kms:GenerateDataKey on {kms_key}"
            ),
            not_found: "the bucket does not exist, set spill_bucket to one",
        }
    }

    fn get_operation(&self, bucket: &str, key: &str) -> AwsOperation {
        let owner = self.owner_in_words();
        AwsOperation {
            service: "S3",
            name: "GetObject",
            resource: format!("s3://{bucket}/{key}"),
            permissions: format!(
                "s3:GetObject on arn:aws:s3:::{bucket}/{key}{owner}, and kms:Decrypt on the bucket's KMS key if it has \
                 one; without s3:ListBucket on the bucket, objects that do not exist are denied too"
            ),
            not_found: "the bucket or the object does not exist",
        }
    }

    fn check_operation(&self, bucket: &str) -> AwsOperation {
        let owner = self.owner_in_words();
        AwsOperation {
            service: "S3",
            name: "HeadBucket",
            resource: format!("the spill bucket s3://{bucket}"),
            permissions: format!("s3:ListBucket on arn:aws:s3:::{bucket}{owner}"),
            not_found: "there is no such bucket, set spill_bucket to one",
        }
    }

    fn owner_in_words(&self) -> String {
        match &self.bucket_owner {
            Some(owner) => {
                format!(" in a bucket of account {owner} (athena_connector_spill_bucket_owner)")
            }
            None => String::new(),
        }
    }
}

/// All bytes of an object, copied once.
async fn body(mut object: GetObjectOutput) -> Result<Bytes, ByteStreamError> {
    let declared =
        object.content_length().and_then(|len| usize::try_from(len).ok()).unwrap_or_default();
    let mut bytes = Vec::with_capacity(declared.min(MAX_TRUSTED_LEN));
    while let Some(chunk) = object.body.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes.into())
}
