//! Credentials of an AWS account.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, Region, SdkConfig, profile::ProfileFileCredentialsProvider,
    retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_lambda::error::DisplayErrorContext;

use crate::{Error, ErrorKind, arn::is_user};

/// Region of clients without a configured one. IAM and STS answer here for all regions.
const DEFAULT_REGION: &str = "us-east-1";
/// Connection timeout, so that a missing route to AWS fails soon.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Credentials that AWS accepts, with their account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Account ID of 12 digits.
    pub id: String,
    /// ARN of the caller: a user, a role session, or the account root.
    pub caller: String,
    config: SdkConfig,
}

impl Account {
    /// Loads the credentials of `profile`, or of the default credential chain, and asks AWS for
    /// their account.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidCredentials`] if there are none, or AWS rejects them.
    pub async fn open(profile: Option<&str>) -> Result<Self, Error> {
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard());
        if let Some(profile) = profile {
            // The default chain prefers keys in the environment to those of the profile.
            let credentials =
                ProfileFileCredentialsProvider::builder().profile_name(profile).build();
            loader = loader.profile_name(profile).credentials_provider(credentials);
        }
        let mut config = loader.load().await;
        let region = config.region().cloned();
        if region.is_none() {
            config = config.into_builder().region(Region::from_static(DEFAULT_REGION)).build();
        }
        let answer = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        let identity = answer.map_err(|error| {
            let origin = match profile {
                Some(profile) => format!("profile {profile:?}"),
                None => "the environment".to_owned(),
            };
            let cause = DisplayErrorContext(&error);
            let message = format!("AWS rejects the credentials of {origin}: {cause}");
            Error::new(ErrorKind::InvalidCredentials, message)
        })?;
        let Some(id) = identity.account else {
            let message = "AWS does not return the account of the credentials";
            return Err(Error::new(ErrorKind::InvalidCredentials, message));
        };
        let caller = identity.arn.unwrap_or_default();
        Ok(Self { id, caller, config: config.into_builder().region(region).build() })
    }

    /// Returns the ARN of the calling role or user; `None` for the account root, and for a role
    /// that cannot be read.
    pub async fn principal(&self) -> Option<String> {
        let Some(session) = self.caller.split(":assumed-role/").nth(1) else {
            return is_user(&self.caller).then(|| self.caller.clone());
        };
        // The ARN of a session lacks the path of its role.
        let name = session.split('/').next()?;
        let answer = self.iam().get_role().role_name(name).send().await.ok()?;
        Some(answer.role?.arn)
    }

    /// Returns the region of the environment or profile, if configured.
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(Region::as_ref)
    }

    /// Returns the configuration of clients in `region`.
    pub(super) fn in_region(&self, region: &str) -> SdkConfig {
        self.config.to_builder().region(Region::new(region.to_owned())).build()
    }

    pub(super) fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.in_region(self.region().unwrap_or(DEFAULT_REGION)))
    }

    pub(super) fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let config = self.in_region(region);
        // Bucket names as subdomains of a custom endpoint do not resolve.
        let is_custom_endpoint =
            config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let builder = aws_sdk_s3::config::Builder::from(&config);
        let config = builder.force_path_style(is_custom_endpoint).build();
        aws_sdk_s3::Client::from_conf(config)
    }
}
