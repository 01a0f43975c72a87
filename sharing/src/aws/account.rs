//! Credentials of one account.

use std::time::Duration;

use anyhow::Context as _;
use aws_config::{
    BehaviorVersion, Region, SdkConfig, profile::ProfileFileCredentialsProvider,
    retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_lambda::error::DisplayErrorContext;

/// IAM and STS answer there for every region of their partition.
const HOME: &str = "us-east-1";
/// Better to say that there is no way to AWS than to wait for it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Credentials that AWS has taken, and whose they are.
#[derive(Debug, Clone)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// The ARN of who asks: of a user, of a session of a role, or of the account's root.
    pub caller: String,
    config: SdkConfig,
}

impl Account {
    /// Asks whose the credentials of `profile` are; without one, those that the AWS command line
    /// would use.
    ///
    /// # Errors
    ///
    /// If there are none, or AWS does not take them.
    pub async fn open(profile: Option<&str>) -> anyhow::Result<Self> {
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard());
        if let Some(profile) = profile {
            // Else keys in the environment would go before those of the profile that was asked for.
            let credentials =
                ProfileFileCredentialsProvider::builder().profile_name(profile).build();
            loader = loader.profile_name(profile).credentials_provider(credentials);
        }
        let mut config = loader.load().await;
        let region = config.region().cloned();
        if region.is_none() {
            config = config.into_builder().region(Region::from_static(HOME)).build();
        }
        let asked = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        let of = profile
            .map_or_else(|| "the environment".to_owned(), |profile| format!("profile {profile:?}"));
        let identity = asked.map_err(|error| {
            anyhow::anyhow!(
                "AWS does not take the credentials of {of}: {}",
                DisplayErrorContext(&error)
            )
        })?;
        let id =
            identity.account().context("AWS does not say whose the credentials are")?.to_owned();
        let caller = identity.arn().unwrap_or_default().to_owned();
        Ok(Self { id, caller, config: config.into_builder().region(region).build() })
    }

    /// The ARN of the role or user who asks; nothing if it is the account's root, or the role
    /// cannot be read.
    pub async fn principal(&self) -> Option<String> {
        let Some(session) = self.caller.split(":assumed-role/").nth(1) else {
            return self.caller.contains(":user/").then(|| self.caller.clone());
        };
        // A session does not say in which folder its role is.
        let name = session.split('/').next()?;
        let answer = self.iam().get_role().role_name(name).send().await.ok()?;
        Some(answer.role?.arn)
    }

    /// The region that the environment or the profile says, if they do.
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(Region::as_ref)
    }

    /// What clients in `region` are made from.
    pub(super) fn in_region(&self, region: &str) -> SdkConfig {
        self.config.to_builder().region(Region::new(region.to_owned())).build()
    }

    pub(super) fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.in_region(self.region().unwrap_or(HOME)))
    }

    pub(super) fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let config = self.in_region(region);
        // Before the host of a stand-in, the name of a bucket makes no name that resolves.
        let elsewhere =
            config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(elsewhere).build();
        aws_sdk_s3::Client::from_conf(config)
    }
}
