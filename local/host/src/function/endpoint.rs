//! A function behind an Invoke endpoint: `cargo lambda watch`, the runtime interface emulator, or
//! [`invoke_endpoint`](crate::invoke_endpoint).

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

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

/// A function behind an HTTP endpoint.
///
/// Requests are not signed. Concurrency is not limited.
pub struct EndpointFunction {
    client: Client<HttpConnector, Full<Bytes>>,
    url: Uri,
    /// The URL of the emulator's function, if the user gave no path.
    emulator: Option<Uri>,
    /// Whether `emulator` has responded and `url` does not exist.
    is_emulator: AtomicBool,
    timeout: Duration,
}

/// Header of an error of the service, as opposed to one of the function.
const ERROR_TYPE: &str = "x-amzn-errortype";
/// The only function name of AWS's runtime interface emulator.
const EMULATED: &str = "function";

impl EndpointFunction {
    /// Creates the function at `url`. Sends nothing.
    ///
    /// If the URL has no path, the path of the Invoke operation with the name in `options` is used,
    /// or else with the name `function`, the only one of the runtime interface emulator. Of the
    /// other options only the timeout applies.
    ///
    /// # Errors
    ///
    /// If `url` is not a URL, or the name cannot be part of a path.
    pub fn try_new(url: &str, options: &FunctionOptions) -> anyhow::Result<Self> {
        let mut url = url.parse::<Uri>().with_context(|| format!("{url:?} is not a URL"))?;
        let mut emulator = None;
        if url.path_and_query().is_none_or(|path| path.as_str() == "/") {
            emulator = Some(invoke_url(&url, EMULATED)?);
            url = invoke_url(&url, &options.name)?;
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self {
            client,
            url,
            emulator,
            is_emulator: AtomicBool::new(false),
            timeout: options.timeout,
        })
    }

    /// Calls the function, or the emulator's function if there is none of its name.
    async fn call(&self, request: Bytes) -> Result<(Response<()>, Bytes), InvokeError> {
        let emulator = self.emulator.as_ref();
        if let Some(emulator) = emulator.filter(|_| self.is_emulator.load(Ordering::Relaxed)) {
            return self.post(emulator, request).await;
        }
        let (response, body) = self.post(&self.url, request.clone()).await?;
        // Lambda's own error for an unknown function has a type, and the emulator's has not.
        let unknown = response.status() == StatusCode::NOT_FOUND
            && !response.headers().contains_key(ERROR_TYPE);
        let Some(emulator) = emulator.filter(|_| unknown) else { return Ok((response, body)) };
        let (response, body) = self.post(emulator, request).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Err(InvokeError::Host(format!(
                "{} and {emulator} do not exist: there is no Invoke endpoint at this address, or \
                 its function has another name; use the URL of the function, \
                 http://HOST:PORT/2015-03-31/functions/NAME/invocations",
                self.url
            )));
        }
        self.is_emulator.store(true, Ordering::Relaxed);
        Ok((response, body))
    }

    async fn post(&self, url: &Uri, request: Bytes) -> Result<(Response<()>, Bytes), InvokeError> {
        let host = |error: &dyn std::error::Error| {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            InvokeError::Host(format!("cannot call {url}: {error}{cause}"))
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(request))
            .expect("the URL and the header are well formed");
        let response = self.client.request(request).await.map_err(|error| host(&error))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| host(&error))?.to_bytes();
        Ok((Response::from_parts(parts, ()), body))
    }
}

/// Returns the URL of the Invoke operation of `name` at the host of `url`.
fn invoke_url(url: &Uri, name: &str) -> anyhow::Result<Uri> {
    let path = format!("/2015-03-31/functions/{name}/invocations");
    let mut parts = url.clone().into_parts();
    parts.path_and_query =
        Some(path.parse().with_context(|| format!("{path:?} is not the path of a URL"))?);
    Ok(Uri::from_parts(parts)?)
}

#[async_trait]
impl Invoke for EndpointFunction {
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        let Ok(called) = tokio::time::timeout(self.timeout, self.call(request)).await else {
            let seconds = self.timeout.as_secs_f64();
            return Err(InvokeError::Host(format!(
                "{} did not respond within {seconds:.2} seconds",
                self.url
            )));
        };
        let (response, body) = called?;
        let failed = response.headers().contains_key("x-amz-function-error");
        if response.status() == StatusCode::OK && !failed {
            // The emulator returns an error document without the header. No response of a connector
            // begins like one.
            return if body.starts_with(b"{\"error") {
                Err(function_error(&body))
            } else {
                Ok(body)
            };
        }
        // cargo-lambda returns status 500 with the error document of the function.
        let error = function_error(&body);
        match &error {
            InvokeError::Function(document) if failed || document.error_type.is_some() => {
                Err(error)
            }
            InvokeError::Function(_) | InvokeError::Host(_) => {
                let status = response.status();
                Err(InvokeError::Host(format!(
                    "{} returned {status}: {}",
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

/// Returns the message of a service error, in the member `Message` or `message`.
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
