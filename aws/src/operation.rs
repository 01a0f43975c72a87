//! Classification of failed AWS calls by kind, resource, and missing permission or network route.

use std::{error::Error as StdError, io};

use athena_protocol::{Error, ErrorKind};
use aws_smithy_runtime_api::client::{
    orchestrator::HttpResponse,
    result::{ConnectorError, DispatchFailure, SdkError},
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// A description of a call to an AWS service, for its errors.
///
/// # Examples
///
/// ```
/// use athena_aws::AwsOperation;
/// use athena_protocol::ErrorKind;
/// use aws_smithy_runtime_api::{
///     client::{orchestrator::HttpResponse, result::SdkError},
///     http::StatusCode,
/// };
/// use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};
///
/// let operation = AwsOperation {
///     service: "S3",
///     name: "GetObject",
///     resource: "s3://rows/part-0".to_owned(),
///     permissions: "s3:GetObject on arn:aws:s3:::rows/*".to_owned(),
///     not_found: "the object does not exist",
/// };
///
/// let status = StatusCode::try_from(403_u16).expect("a valid status");
/// let response = HttpResponse::new(status, SdkBody::empty());
/// let denied = ErrorMetadata::builder().code("AccessDenied").build();
/// let error = operation.error(SdkError::service_error(denied, response));
/// assert_eq!(error.kind(), ErrorKind::AccessDenied);
/// assert_eq!(
///     error.message(),
///     "GetObject of s3://rows/part-0 failed: access denied, grant s3:GetObject on \
///      arn:aws:s3:::rows/*"
/// );
/// ```
#[derive(Debug, Clone)]
pub struct AwsOperation {
    /// Name of the service, such as `S3`.
    pub service: &'static str,
    /// Name of the operation, such as `PutObject`.
    pub name: &'static str,
    /// The resource of the call, such as `s3://bucket/key`.
    pub resource: String,
    /// The permissions that the call requires, such as `s3:PutObject on arn:aws:s3:::bucket/*`.
    pub permissions: String,
    /// The problem and the remedy if the resource does not exist.
    pub not_found: &'static str,
}

impl AwsOperation {
    /// Converts the error of a call into one that names the resource and the remedy.
    ///
    /// The result is final: the client has retried every error that is safe to retry. Its source
    /// has the error code and the request ID, and the service's message only if access was denied:
    /// other messages may quote a value of the request. The kind is
    ///
    /// - `NotFound` (a condition such as `If-Match` that does not hold, too), `AccessDenied`,
    ///   `InvalidCredentials`, `InvalidInput` or `Throttled` if the service rejects the request,
    /// - `Timeout` if the service is unreachable or stops responding,
    /// - `InvalidResponse` if the response is truncated or malformed,
    /// - `Internal` if the request could not be sent, the certificate is not trusted, or the
    ///   service fails.
    #[expect(clippy::needless_pass_by_value, reason = "callers pass it to `map_err`")]
    pub fn error<E>(&self, error: SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let Self { name, resource, .. } = self;
        let (kind, problem) = match &error {
            SdkError::ServiceError(rejection) => {
                self.rejected(rejection.err().code().unwrap_or_default(), rejection.raw())
            }
            SdkError::DispatchFailure(failure) => self.dispatch_failed(failure),
            SdkError::TimeoutError(_) => self.unreachable(),
            SdkError::ConstructionFailure(_) => not_sent(),
            SdkError::ResponseError(_) => (
                ErrorKind::InvalidResponse,
                "the response is truncated or malformed on every attempt: check intermediaries \
                 such as a proxy, and that the endpoint is one of the service"
                    .to_owned(),
            ),
            _ => (ErrorKind::Internal, "for an unknown reason".to_owned()),
        };
        let failed = Error::new(kind, format!("{name} of {resource} failed: {problem}"));
        match cause_text(&error) {
            Some(text) => failed.with_source(Error::new(kind, text)),
            None => failed,
        }
    }

    fn unreachable(&self) -> (ErrorKind, String) {
        let problem = format!(
            "no route to {}: add a gateway endpoint, an interface endpoint or a NAT to the VPC, or \
             check the region and the endpoint",
            self.service
        );
        (ErrorKind::Timeout, problem)
    }

    /// Classifies a failure before a response.
    fn dispatch_failed(&self, failure: &DispatchFailure) -> (ErrorKind, String) {
        let cause = failure.as_connector_error();
        if cause.is_some_and(was_reached) {
            let problem = "the service stopped responding or closed the connection on every \
                           attempt: it is overloaded, or the network is too slow for the size of \
                           the request";
            (ErrorKind::Timeout, problem.to_owned())
        } else if cause.is_some_and(is_certificate_error) {
            let problem = "the TLS certificate of the service is not trusted: check the endpoint, \
                           and SSL_CERT_FILE if the endpoint is not one of AWS";
            (ErrorKind::Internal, problem.to_owned())
        } else if failure.is_timeout() || failure.is_io() {
            self.unreachable()
        } else {
            not_sent()
        }
    }

    /// Classifies a response with an error. `code` is in the body, which responses to HEAD lack.
    fn rejected(&self, code: &str, response: &HttpResponse) -> (ErrorKind, String) {
        let status = response.status().as_u16();
        let failed = || {
            let problem = format!("{} failed with status {status}, retry later", self.service);
            (ErrorKind::Internal, problem)
        };
        match (status, code) {
            (
                _,
                "ExpiredToken"
                | "ExpiredTokenException"
                | "InvalidAccessKeyId"
                | "InvalidClientTokenId"
                | "InvalidSignatureException"
                | "InvalidToken"
                | "NotSignedUp"
                | "RequestTimeTooSkewed"
                | "SignatureDoesNotMatch"
                | "UnrecognizedClientException",
            ) => (
                ErrorKind::InvalidCredentials,
                format!("the credentials are not valid ({code}), renew them"),
            ),
            (
                400,
                "KMS.DisabledException" | "KMS.KMSInvalidStateException" | "KMS.NotFoundException",
            ) => {
                let problem = format!(
                    "the KMS key of its encryption is not usable ({code}): enable it, or use \
                     another"
                );
                (ErrorKind::InvalidInput, problem)
            }
            (503, "ServiceUnavailable" | "InternalError") => failed(),
            (429 | 503, _)
            | (_, "SlowDown" | "Throttling" | "ThrottlingException" | "TooManyRequestsException") =>
            {
                let problem = "throttled in spite of backoff, reduce the concurrency";
                (ErrorKind::Throttled, problem.to_owned())
            }
            (401 | 403, _) | (_, "AccessDenied" | "AccessDeniedException") => {
                (ErrorKind::AccessDenied, format!("access denied, grant {}", self.permissions))
            }
            (404, _) | (_, "NotFoundException") => (ErrorKind::NotFound, self.not_found.to_owned()),
            (412, _) => {
                let problem = "the object has changed since the query was planned, run it again";
                (ErrorKind::NotFound, problem.to_owned())
            }
            (300..400, _) | (_, "AuthorizationHeaderMalformed") => {
                let region =
                    response.headers().get("x-amz-bucket-region").unwrap_or("another region");
                let problem =
                    format!("the bucket is in {region}, use one in the region of the function");
                (ErrorKind::InvalidInput, problem)
            }
            (400..500, _) => {
                let code = if code.is_empty() { "no error code" } else { code };
                let problem = format!("{} rejected the request ({status}, {code})", self.service);
                (ErrorKind::InvalidInput, problem)
            }
            _ => failed(),
        }
    }
}

fn not_sent() -> (ErrorKind, String) {
    let problem =
        "the request could not be sent: check the credentials, the region and the settings";
    (ErrorKind::Internal, problem.to_owned())
}

/// Describes the error without text that may quote data.
fn cause_text<E>(error: &SdkError<E, HttpResponse>) -> Option<String>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(rejection) => {
            let service_error = rejection.err();
            let mut text = service_error.code().unwrap_or("no error code").to_owned();
            if let Some(message) = service_error.message().filter(|_| text.contains("AccessDenied"))
            {
                text.extend([": ", message]);
            }
            if let Some(request) = rejection.raw().headers().get("x-amz-request-id") {
                text.extend([", request ID ", request]);
            }
            Some(text)
        }
        SdkError::DispatchFailure(failure) => {
            failure.as_connector_error().map(|cause| texts(cause))
        }
        SdkError::TimeoutError(_) => Some("the client timed out".to_owned()),
        SdkError::ConstructionFailure(_) => Some(texts(error)),
        _ => None,
    }
}

fn texts(error: &(dyn StdError + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Returns the error and its sources.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}

/// Returns whether a TLS handshake failed at the certificate. The error type is private to the
/// client, hence the search for its text.
fn is_certificate_error(error: &ConnectorError) -> bool {
    causes(error).any(|error| error.to_string().contains("invalid peer certificate"))
}

/// Returns whether the service was reached, and then stopped responding or closed the connection.
fn was_reached(error: &ConnectorError) -> bool {
    // The remaining kind, "other", is a message that is truncated.
    causes(error).any(is_broken_connection) || error.as_other().is_some()
}

fn is_broken_connection(error: &(dyn StdError + 'static)) -> bool {
    let is_closed = error.downcast_ref::<io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof
        )
    });
    // The error type of a read timeout is private to the client.
    is_closed || error.to_string().starts_with("HTTP read timeout")
}

#[cfg(test)]
mod tests;
