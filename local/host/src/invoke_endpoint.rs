//! A server of Lambda's Invoke operation, for AWS clients such as the AWS CLI, boto3 and
//! `cargo lambda invoke`.

use std::{collections::BTreeMap, convert::Infallible, io, net::SocketAddr, sync::Arc};

use athena_client::{Invoke, InvokeError};
use athena_protocol::MAX_PAYLOAD_BYTES;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use uuid::Uuid;

use crate::http::{LimitedBody, Server};

/// Functions by name.
pub type Functions = BTreeMap<String, Arc<dyn Invoke>>;

/// A running endpoint. Dropping it closes all connections.
#[derive(Debug)]
pub struct Endpoint(Server);

impl Endpoint {
    /// Returns the bound address.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Stops accepting requests and waits for the invocations in progress.
    ///
    /// Does not wait for invocations of type `Event`.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

/// Serves `functions` at `address` (port 0 for any free port).
///
/// Signatures are not verified: any client that can reach the address can run the functions.
/// Functions are identified by name, partial ARN or ARN. The only version is `$LATEST`.
///
/// # Errors
///
/// If the address cannot be bound.
pub async fn serve(address: SocketAddr, functions: Functions) -> io::Result<Endpoint> {
    let functions = Arc::new(functions);
    let service = service_fn(move |request| {
        let functions = Arc::clone(&functions);
        async move {
            Ok::<_, Infallible>(
                respond(&functions, request).await.unwrap_or_else(ServiceError::into_response),
            )
        }
    });
    Ok(Endpoint(Server::start(address, service).await?))
}

/// An error of the service, as opposed to one of the function.
struct ServiceError {
    status: StatusCode,
    error_type: &'static str,
    message: String,
}

impl ServiceError {
    fn new(status: StatusCode, error_type: &'static str, message: impl Into<String>) -> Self {
        Self { status, error_type, message: message.into() }
    }

    fn into_response(self) -> Response<Full<Bytes>> {
        let side = if self.status.is_server_error() { "Service" } else { "User" };
        let document = serde_json::json!({ "Type": side, "Message": self.message });
        let mut response = json(self.status, Bytes::from(document.to_string()));
        response
            .headers_mut()
            .insert("x-amzn-errortype", HeaderValue::from_static(self.error_type));
        response
    }
}

async fn respond(
    functions: &Functions,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, ServiceError> {
    let (head, body) = request.into_parts();
    let body = LimitedBody::read(body).await.map_err(|error| {
        ServiceError::new(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            error.to_string(),
        )
    })?;
    let path = head.uri.path();
    let name = path
        .strip_prefix("/2015-03-31/functions/")
        .and_then(|rest| rest.strip_suffix("/invocations"));
    let Some(name) = name.filter(|_| head.method == Method::POST) else {
        let message = format!("unknown operation {} {path}: only Invoke is supported", head.method);
        return Err(ServiceError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message));
    };
    let function = Arc::clone(find(functions, &decode_path(name), head.uri.query())?);
    let kind = match head.headers.get("x-amz-invocation-type").map(HeaderValue::as_bytes) {
        None | Some(b"RequestResponse") => InvocationType::RequestResponse,
        Some(b"Event") => InvocationType::Event,
        Some(b"DryRun") => return Ok(json(StatusCode::NO_CONTENT, Bytes::new())),
        Some(other) => {
            let message = format!(
                "invalid invocation type {:?}: expected RequestResponse, Event or DryRun",
                String::from_utf8_lossy(other)
            );
            return Err(ServiceError::new(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValueException",
                message,
            ));
        }
    };
    let event = event_of(body)?;
    match kind {
        InvocationType::RequestResponse => invoke(&*function, event).await,
        InvocationType::Event => {
            tokio::spawn(async move {
                if let Err(error) = function.invoke(event).await {
                    tracing::warn!(%error, "an asynchronous invocation failed");
                }
            });
            Ok(json(StatusCode::ACCEPTED, Bytes::new()))
        }
    }
}

enum InvocationType {
    RequestResponse,
    Event,
}

async fn invoke(
    function: &dyn Invoke,
    event: Bytes,
) -> Result<Response<Full<Bytes>>, ServiceError> {
    let (body, failed) = match function.invoke(event).await {
        Ok(response) => (response, false),
        Err(InvokeError::Function(document)) => (Bytes::from(document.encode()), true),
        Err(InvokeError::Host(message)) => {
            return Err(ServiceError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "ServiceException",
                message,
            ));
        }
    };
    let mut response = json(StatusCode::OK, body);
    response.headers_mut().insert("x-amz-executed-version", HeaderValue::from_static("$LATEST"));
    if failed {
        response
            .headers_mut()
            .insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
    }
    Ok(response)
}

/// Returns the event of an invocation. Like in AWS, an empty body is an empty object.
fn event_of(body: LimitedBody) -> Result<Bytes, ServiceError> {
    if body.is_too_large() {
        let message = format!(
            "Request must be smaller than {MAX_PAYLOAD_BYTES} bytes \
             for the InvokeFunction operation"
        );
        return Err(ServiceError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLargeException",
            message,
        ));
    }
    let event = body.bytes;
    if event.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&event) {
        Ok(_) => Ok(event),
        Err(error) => {
            let message = format!("Could not parse request body into json: {error}");
            Err(ServiceError::new(
                StatusCode::BAD_REQUEST,
                "InvalidRequestContentException",
                message,
            ))
        }
    }
}

/// Finds the function `name`: a name, `ACCOUNT:function:NAME` or an ARN, each with or without a
/// version.
fn find<'f>(
    functions: &'f Functions,
    name: &str,
    query: Option<&str>,
) -> Result<&'f Arc<dyn Invoke>, ServiceError> {
    let last = match name.split_once("function:") {
        Some((_, rest)) => rest,
        None => name,
    };
    let (plain, mut version) = match last.split_once(':') {
        Some((plain, version)) => (plain, Some(version.to_owned())),
        None => (last, None),
    };
    let qualifier =
        query.and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("Qualifier=")));
    version = qualifier.map(decode_path).or(version);
    let known = version.as_deref().is_none_or(|version| version == "$LATEST");
    functions.get(plain).filter(|_| known).ok_or_else(|| {
        let names = functions.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let version = version.map(|version| format!(":{version}")).unwrap_or_default();
        let message = format!(
            "Function not found: {plain}{version}; available with version $LATEST: {names}"
        );
        ServiceError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    })
}

/// Decodes the percent-encoding of a part of a URL: clients encode the colons of an ARN as `%3A`.
fn decode_path(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let id = HeaderValue::try_from(Uuid::new_v4().to_string()).expect("an id is ASCII text");
    headers.insert("x-amzn-requestid", id);
    response
}
