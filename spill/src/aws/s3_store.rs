//! S3 by way of the official client.

use std::{fmt, net::IpAddr, time::Duration};

use async_trait::async_trait;
use athena_protocol::{Error, Result};
use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::{
    Client,
    config::{Credentials, Region},
    primitives::ByteStream,
};
use bytes::Bytes;
use tokio::sync::OnceCell;

use super::failure::failure;
use crate::{ObjectStore, SpillSettings};

/// Without a route to S3 a connection hangs for minutes; a store that is there answers in milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Tries of one call, with exponential back-off and jitter between them. Every call here is safe to repeat.
const ATTEMPTS: u32 = 4;

/// The objects of S3, or of anything that speaks its API.
pub struct S3Store {
    client: OnceCell<Client>,
    put_headers: Vec<(String, String)>,
    bucket_owner: Option<String>,
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Store").field("bucket_owner", &self.bucket_owner).finish_non_exhaustive()
    }
}

impl S3Store {
    /// The store that the environment describes, as every AWS client reads it; `AWS_ENDPOINT_URL_S3` is honoured.
    pub fn new(settings: &SpillSettings) -> Self {
        Self {
            client: OnceCell::new(),
            put_headers: settings.request_headers(),
            bucket_owner: settings.bucket_owner.clone(),
        }
    }

    /// The store at `endpoint`, with these credentials.
    pub fn with_endpoint(endpoint: &str, region: &str, access_key: &str, secret_key: &str) -> Self {
        let credentials = Credentials::new(access_key, secret_key, None, None, "athena-spill");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials)
            .region(Region::new(region.to_owned()))
            .endpoint_url(endpoint)
            .force_path_style(true)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build());
        let client = OnceCell::new_with(Some(Client::from_conf(config.build())));
        Self { client, put_headers: Vec::new(), bucket_owner: None }
    }

    /// The client, made at the first call.
    pub async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { client_from_env().await }).await
    }
}

async fn client_from_env() -> Client {
    let config: SdkConfig = aws_config::from_env()
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
        .load()
        .await;
    let endpoint = std::env::var("AWS_ENDPOINT_URL_S3").or_else(|_| std::env::var("AWS_ENDPOINT_URL")).ok();
    let path_style = endpoint.as_deref().is_some_and(is_without_bucket_names);
    Client::from_conf(aws_sdk_s3::config::Builder::from(&config).force_path_style(path_style).build())
}

/// Whether the host of `endpoint` is an address or this machine, in front of which no bucket name can stand.
fn is_without_bucket_names(endpoint: &str) -> bool {
    let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    host == "localhost" || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<()> {
        let call = self
            .client()
            .await
            .put_object()
            .bucket(bucket)
            .key(key)
            .set_expected_bucket_owner(self.bucket_owner.clone());
        let headers = self.put_headers.clone();
        call.content_length(i64::try_from(body.len()).unwrap_or(i64::MAX))
            .body(ByteStream::from(body))
            .customize()
            .mutate_request(move |request| {
                for (name, value) in &headers {
                    request.headers_mut().insert(name.clone(), value.clone());
                }
            })
            .send()
            .await
            .map_err(|error| failure(error, "s3:PutObject", &format!("s3://{bucket}/{key}")))?;
        Ok(())
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Bytes> {
        let what = format!("s3://{bucket}/{key}");
        let call = self
            .client()
            .await
            .get_object()
            .bucket(bucket)
            .key(key)
            .set_expected_bucket_owner(self.bucket_owner.clone());
        let answer = call.send().await.map_err(|error| failure(error, "s3:GetObject", &what))?;
        let body = answer.body.collect().await.map_err(|error| {
            Error::partial_failure(format!("{what} was cut off while it was read; try again")).with_source(error)
        })?;
        Ok(body.into_bytes())
    }

    async fn check_bucket(&self, bucket: &str) -> Result<()> {
        let call =
            self.client().await.head_bucket().bucket(bucket).set_expected_bucket_owner(self.bucket_owner.clone());
        call.send().await.map_err(|error| failure(error, "s3:ListBucket", &format!("spill_bucket {bucket:?}")))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_this_machine_take_buckets_in_the_path() {
        for endpoint in ["http://127.0.0.1:9000", "http://[::1]:9000/", "http://localhost", "https://10.0.0.1"] {
            assert!(is_without_bucket_names(endpoint), "{endpoint}");
        }
        for endpoint in ["https://s3.eu-west-1.amazonaws.com", "http://minio:9000", "https://localhost.example.org"] {
            assert!(!is_without_bucket_names(endpoint), "{endpoint}");
        }
    }
}
