//! The object store of S3.

use std::sync::Arc;

use async_trait::async_trait;
use athena_aws::{AwsOperation, ClientConfig, is_plain_http, needs_path_style};
use athena_protocol::{Error, Result};
use aws_sdk_s3::{
    Client, config,
    operation::get_object::GetObjectOutput,
    primitives::{ByteStream, ByteStreamError},
};
use bytes::Bytes;
use tokio::sync::OnceCell;

use crate::{ObjectStore, ServerSideEncryption, SpillSettings};

/// Attempts to read a body that is truncated, which the client does not retry.
const MAX_FETCHES: usize = 3;
/// Maximum memory to allocate on the word of a header; more only as the body arrives.
const MAX_TRUSTED_LEN: usize = 64 << 20;

/// An object store in S3.
///
/// Calls have four attempts, with exponential backoff and jitter. Payloads of puts over TLS are not
/// signed: TLS protects them in transit and a checksum detects corruption, whereas hashing would
/// cost as much as encryption. Over plain HTTP they are signed.
///
/// # Examples
///
/// ```no_run
/// use athena_spill::{ObjectStore, SpillSettings, aws::S3Store};
///
/// # async fn example() -> athena_protocol::Result<()> {
/// let settings = SpillSettings::default().with_bucket("my-spill");
/// let store = S3Store::new(&settings).with_endpoint(
///     "http://127.0.0.1:9000",
///     "eu-west-1",
///     "access-key",
///     "secret-key",
/// );
/// store.check_bucket("my-spill").await?;
/// # Ok(())
/// # }
/// ```
pub struct S3Store {
    client_config: ClientConfig,
    headers: Arc<[(String, String)]>,
    bucket_owner: Option<String>,
    /// KMS key of the server-side encryption, if set.
    kms_key: Option<String>,
    client: OnceCell<ReadyClient>,
}

struct ReadyClient {
    client: Client,
    /// Whether to sign payloads, because TLS does not protect them.
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
    /// Creates a store with the headers and bucket owner of `settings`; their bucket is not used.
    ///
    /// Region, credentials and `AWS_ENDPOINT_URL_S3` come from the environment, at the first call.
    pub fn new(settings: &SpillSettings) -> Self {
        let kms_key = match &settings.server_side_encryption {
            Some(ServerSideEncryption::Kms(key)) => Some(key.clone()),
            Some(ServerSideEncryption::S3) | None => None,
        };
        Self {
            client_config: ClientConfig::Environment,
            headers: settings.request_headers().into(),
            bucket_owner: settings.bucket_owner.clone(),
            kms_key,
            client: OnceCell::new(),
        }
    }

    /// Sets the endpoint, such as an emulator on loopback, with static credentials, instead of
    /// reading the environment.
    ///
    /// Bucket names are in the path if the host of `url` is an IP address or a name without dots.
    #[must_use]
    pub fn with_endpoint(
        self,
        url: &str,
        region: &str,
        access_key: &str,
        secret_key: &str,
    ) -> Self {
        let client_config = ClientConfig::fixed(url, region, access_key, secret_key);
        Self { client_config, client: OnceCell::new(), ..self }
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
        // A body in memory has a content length and can be retried.
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
            match read_body(object).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) if fetches < MAX_FETCHES => {
                    tracing::debug!(bucket, key, fetches, %error, "retrying a truncated object");
                    fetches += 1;
                }
                Err(error) => {
                    let text = format!(
                        "GetObject of s3://{bucket}/{key} failed: the body was truncated in all \
                         {fetches} attempts"
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

/// Descriptions of the calls, for their errors.
impl S3Store {
    fn put_operation(&self, bucket: &str, key: &str) -> AwsOperation {
        let owner = self.owner_condition();
        let kms_key = match &self.kms_key {
            Some(key) => format!("the KMS key {key:?} (athena_connector_spill_sse)"),
            None => "the KMS key of the bucket, if any".to_owned(),
        };
        AwsOperation {
            service: "S3",
            name: "PutObject",
            resource: format!("s3://{bucket}/{key}"),
            permissions: format!(
                "s3:PutObject on arn:aws:s3:::{bucket}/{key}{owner}, and kms:GenerateDataKey on \
                 {kms_key}"
            ),
            not_found: "the bucket does not exist, set spill_bucket to an existing one",
        }
    }

    fn get_operation(&self, bucket: &str, key: &str) -> AwsOperation {
        let owner = self.owner_condition();
        AwsOperation {
            service: "S3",
            name: "GetObject",
            resource: format!("s3://{bucket}/{key}"),
            permissions: format!(
                "s3:GetObject on arn:aws:s3:::{bucket}/{key}{owner}, and kms:Decrypt on the KMS \
                 key of the bucket, if any; without s3:ListBucket on the bucket, a missing object \
                 is denied too"
            ),
            not_found: "the bucket or the object does not exist",
        }
    }

    fn check_operation(&self, bucket: &str) -> AwsOperation {
        let owner = self.owner_condition();
        AwsOperation {
            service: "S3",
            name: "HeadBucket",
            resource: format!("the spill bucket s3://{bucket}"),
            permissions: format!("s3:ListBucket on arn:aws:s3:::{bucket}{owner}"),
            not_found: "the bucket does not exist, set spill_bucket to an existing one",
        }
    }

    fn owner_condition(&self) -> String {
        match &self.bucket_owner {
            Some(owner) => {
                format!(" in a bucket of account {owner} (athena_connector_spill_bucket_owner)")
            }
            None => String::new(),
        }
    }
}

/// Reads all bytes of an object, copying them once.
async fn read_body(mut object: GetObjectOutput) -> Result<Bytes, ByteStreamError> {
    let declared =
        object.content_length().and_then(|len| usize::try_from(len).ok()).unwrap_or_default();
    let mut bytes = Vec::with_capacity(declared.min(MAX_TRUSTED_LEN));
    while let Some(chunk) = object.body.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes.into())
}
