//! A function in AWS.

use anyhow::Context as _;
use async_trait::async_trait;
use athena_client::{Invoke, InvokeError};
use athena_protocol::error::FunctionError;
use aws_config::{BehaviorVersion, Region, timeout::TimeoutConfig};
use aws_sdk_lambda::{Client, error::DisplayErrorContext, primitives::Blob};
use bytes::Bytes;

use crate::options::FunctionOptions;

/// A function in AWS, invoked by its ARN with the credentials that the AWS CLI would use.
#[derive(Debug)]
pub(super) struct AwsFunction {
    client: Client,
    arn: String,
}

impl AwsFunction {
    /// Creates a client for the region of the ARN. Sends nothing.
    pub(super) async fn open(arn: &str, options: FunctionOptions) -> anyhow::Result<Self> {
        let region = arn.split(':').nth(3).with_context(|| format!("{arn:?} has no region"))?;
        // With its default timeouts the client would retry a slow invocation while it still runs.
        let timeouts = TimeoutConfig::builder()
            .operation_timeout(options.timeout)
            .read_timeout(options.timeout)
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .timeout_config(timeouts)
            .load()
            .await;
        Ok(Self { client: Client::new(&config), arn: arn.to_owned() })
    }
}

#[async_trait]
impl Invoke for AwsFunction {
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        let call = self.client.invoke().function_name(&self.arn).payload(Blob::new(request));
        let answer = call.send().await.map_err(|error| {
            InvokeError::Host(format!(
                "cannot invoke {}: {}",
                self.arn,
                DisplayErrorContext(&error)
            ))
        })?;
        let payload = Bytes::from(answer.payload.map(Blob::into_inner).unwrap_or_default());
        if answer.function_error.is_none() {
            return Ok(payload);
        }
        let document = FunctionError::decode(&payload)
            .map_err(|error| InvokeError::Host(format!("{} failed, and {error}", self.arn)))?;
        Err(InvokeError::Function(document))
    }
}
