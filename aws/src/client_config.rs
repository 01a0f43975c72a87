//! Region, credentials, endpoint, timeouts and retries of AWS clients.

use std::{net::IpAddr, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};

/// Time to connect. In a VPC without a route to a service, packets are lost silently: failing fast
/// is better than spending the query's time on waiting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Time from the start of a request to the start of its response. A block of 16 MB takes seconds on
/// a slow link; a server silent for longer has lost the request, which is retried.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// Attempts in total, with exponential backoff and jitter between them.
const ATTEMPTS: u32 = 4;

/// A source of configuration for the clients of all AWS services.
///
/// # Examples
///
/// ```
/// use athena_aws::ClientConfig;
///
/// # async fn example() {
/// let local = ClientConfig::fixed("http://127.0.0.1:9000", "eu-west-1", "test", "test");
/// let config = local.load().await;
/// assert_eq!(local.s3_endpoint(&config).as_deref(), Some("http://127.0.0.1:9000"));
/// # }
/// ```
#[derive(Debug, Clone)]
pub enum ClientConfig {
    /// Region, credentials and endpoints from the default provider chain: environment variables,
    /// profiles, the role of the function.
    Environment,
    /// One endpoint for all services, such as an emulator on loopback. Ignores the environment.
    Fixed {
        /// URL of the endpoint.
        url: String,
        /// Region for request signatures.
        region: String,
        /// Credentials for request signatures.
        credentials: Credentials,
    },
}

impl ClientConfig {
    /// Creates a configuration of one endpoint with static credentials.
    pub fn fixed(url: &str, region: &str, access_key: &str, secret_key: &str) -> Self {
        let credentials = Credentials::new(access_key, secret_key, None, None, "fixed");
        Self::Fixed { url: url.to_owned(), region: region.to_owned(), credentials }
    }

    /// Loads the configuration, with timeouts and retries: 4 attempts, 3 seconds to connect, 20
    /// seconds until a response starts.
    ///
    /// Never fails: missing credentials or a missing region fail the first call of a client. Load
    /// once and share the result, because credentials are cached in it.
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

    /// Returns the custom endpoint of S3, or `None` for that of AWS.
    ///
    /// `config` must be the result of [`load`](Self::load). `AWS_ENDPOINT_URL_S3` takes precedence
    /// over an endpoint for all services.
    pub fn s3_endpoint(&self, config: &SdkConfig) -> Option<String> {
        let service_endpoint = match self {
            // The client reads the variable too, but does not expose it.
            Self::Environment => {
                std::env::var("AWS_ENDPOINT_URL_S3").ok().filter(|url| !url.is_empty())
            }
            Self::Fixed { .. } => None,
        };
        service_endpoint.or_else(|| config.endpoint_url().map(str::to_owned))
    }
}

/// Returns whether bucket names must be in the path of URLs to `endpoint`, because they would not
/// resolve as a subdomain: true for IP addresses and for host names without dots.
///
/// ```
/// use athena_aws::needs_path_style;
///
/// assert!(needs_path_style("http://127.0.0.1:9000"));
/// assert!(!needs_path_style("https://s3.eu-west-1.amazonaws.com"));
/// ```
pub fn needs_path_style(endpoint: &str) -> bool {
    let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.parse::<IpAddr>().is_ok() || !host.contains('.')
}

/// Returns whether `endpoint` is not protected by TLS, so that requests can be read and changed in
/// transit.
pub fn is_plain_http(endpoint: &str) -> bool {
    endpoint.get(.."http://".len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_without_dots_need_path_style() {
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
    fn only_the_scheme_http_is_plain() {
        assert!(is_plain_http("HTTP://127.0.0.1"));
        assert!(!is_plain_http("https://127.0.0.1"));
        assert!(!is_plain_http("é"));
    }
}
