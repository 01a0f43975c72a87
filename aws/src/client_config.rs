//! Region, credentials, endpoint, time limits and retries of AWS clients.

use std::{net::IpAddr, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};

/// In a VPC without a way to a service, packets vanish: better to say so than to spend the query's
/// time on waiting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// From the start of a request to the start of its answer: a block of 16 MB takes seconds on a slow
/// link, and a server that has said nothing for so long has lost the request, which is sent again.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// The first try and three more, with growing and random pauses between them.
const ATTEMPTS: u32 = 4;

/// The configuration that the clients of all AWS services are made from.
#[derive(Debug, Clone)]
pub enum ClientConfig {
    /// Region, credentials and endpoints from the environment of the process.
    Environment,
    /// One endpoint, such as a stand-in on a laptop.
    Fixed {
        /// URL of the endpoint.
        url: String,
        /// Region that requests are signed for.
        region: String,
        /// Credentials that requests are signed with.
        credentials: Credentials,
    },
}

impl ClientConfig {
    /// Creates the configuration of one endpoint with static credentials.
    pub fn fixed(url: &str, region: &str, access_key: &str, secret_key: &str) -> Self {
        let credentials = Credentials::new(access_key, secret_key, None, None, "fixed");
        Self::Fixed { url: url.to_owned(), region: region.to_owned(), credentials }
    }

    /// Loads the configuration: four attempts, 3 seconds to connect, 20 seconds without an answer.
    pub async fn load(&self) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build();
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS);
        match self {
            Self::Environment => {
                let loader = aws_config::defaults(BehaviorVersion::latest());
                loader.timeout_config(timeouts).retry_config(retries).load().await
            }
            Self::Fixed { url, region, credentials } => SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(region.clone()))
                .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
                .endpoint_url(url)
                .timeout_config(timeouts)
                .retry_config(retries)
                .build(),
        }
    }

    /// Returns the endpoint of S3 unless it is AWS's own; `config` is what [`load`](Self::load)
    /// returned.
    pub fn s3_endpoint(&self, config: &SdkConfig) -> Option<String> {
        let of_service = match self {
            // The client knows the variable too, but does not say so.
            Self::Environment => {
                std::env::var("AWS_ENDPOINT_URL_S3").ok().filter(|url| !url.is_empty())
            }
            Self::Fixed { .. } => None,
        };
        of_service.or_else(|| config.endpoint_url().map(str::to_owned))
    }
}

/// Returns whether bucket names must go into the path: as a prefix of such a host they do not
/// resolve.
pub fn needs_path_style(endpoint: &str) -> bool {
    let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.parse::<IpAddr>().is_ok() || !host.contains('.')
}

/// Returns whether a request to `endpoint` can be read and changed in transit.
pub fn is_plain_http(endpoint: &str) -> bool {
    endpoint.get(.."http://".len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_go_into_the_path_where_no_name_can_be_made_of_them() {
        for url in [
            "http://127.0.0.1:9000",
            "http://[::1]:9000/x",
            "http://localhost",
            "https://minio:9000",
        ] {
            assert!(needs_path_style(url), "{url}");
        }
        for url in ["https://s3.eu-west-1.amazonaws.com", "https://storage.example.com:8443/s3"] {
            assert!(!needs_path_style(url), "{url}");
        }
    }

    #[test]
    fn only_http_is_plain() {
        assert!(is_plain_http("HTTP://127.0.0.1"));
        assert!(!is_plain_http("https://127.0.0.1"));
        assert!(!is_plain_http("é"));
    }
}
