//! A function behind the Invoke operation of some server: `cargo lambda watch`, the runtime
//! interface emulator, our own.

use std::{fmt, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use athena_client::{Invoke, InvokeError};
use athena_protocol::error::FunctionError;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, Response, StatusCode, Uri, header::CONTENT_TYPE};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::options::FunctionOptions;

/// Calls a function over HTTP, without a signature, as often at a time as it is asked to.
pub struct EndpointFunction {
    client: Client<HttpConnector, Full<Bytes>>,
    url: Uri,
    timeout: Duration,
}

impl EndpointFunction {
    /// The function at `url`, which is asked for by the name in `options` if the URL has no path.
    ///
    /// # Errors
    ///
    /// If it is no URL.
    pub fn try_new(url: &str, options: &FunctionOptions) -> anyhow::Result<Self> {
        let mut url = url.parse::<Uri>().with_context(|| format!("{url:?} is not a URL"))?;
        if url.path_and_query().is_none_or(|path| path.as_str() == "/") {
            let path = format!("/2015-03-31/functions/{}/invocations", options.name);
            let mut parts = url.into_parts();
            parts.path_and_query =
                Some(path.parse().with_context(|| format!("{path:?} is no path of a URL"))?);
            url = Uri::from_parts(parts)?;
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, url, timeout: options.timeout })
    }

    async fn call(&self, request: Bytes) -> Result<(Response<()>, Bytes), InvokeError> {
        let host = |error: &dyn std::error::Error| {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            InvokeError::Host(format!("{} cannot be called: {error}{cause}", self.url))
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(request))
            .expect("a URL and a header that are well formed");
        let response = self.client.request(request).await.map_err(|error| host(&error))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| host(&error))?.to_bytes();
        Ok((Response::from_parts(parts, ()), body))
    }
}

#[async_trait]
impl Invoke for EndpointFunction {
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        let Ok(called) = tokio::time::timeout(self.timeout, self.call(request)).await else {
            let seconds = self.timeout.as_secs_f64();
            return Err(InvokeError::Host(format!(
                "{} did not answer within {seconds:.2} seconds",
                self.url
            )));
        };
        let (response, body) = called?;
        let failed = response.headers().contains_key("x-amz-function-error");
        if response.status() == StatusCode::OK && !failed {
            // The emulator does not say that this is an error. No answer of a connector begins like
            // one.
            return if body.starts_with(b"{\"error") {
                Err(function_error(&body))
            } else {
                Ok(body)
            };
        }
        // cargo-lambda answers 500 with the document of the function.
        let error = function_error(&body);
        match &error {
            InvokeError::Function(document) if failed || document.error_type.is_some() => {
                Err(error)
            }
            InvokeError::Function(_) | InvokeError::Host(_) => {
                let status = response.status();
                Err(InvokeError::Host(format!(
                    "{} answered {status}: {}",
                    self.url,
                    service_message(&body)
                )))
            }
        }
    }
}

fn function_error(body: &[u8]) -> InvokeError {
    FunctionError::decode(body)
        .map_or_else(|error| InvokeError::Host(error.to_string()), InvokeError::Function)
}

/// What an error of the service says: it writes `Message` or `message`, beside a type.
fn service_message(body: &[u8]) -> String {
    let document = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    let message = ["Message", "message"].iter().find_map(|name| document.get(name)?.as_str());
    message.map_or_else(|| format!("{} bytes without a message", body.len()), str::to_owned)
}

impl fmt::Debug for EndpointFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EndpointFunction").field(&self.url).finish()
    }
}
