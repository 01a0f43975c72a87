//! What a failed call of AWS means: the kind, the thing, and the permission or the route that is
//! missing.

use std::{error::Error as StdError, io};

use athena_protocol::{Error, ErrorKind};
use aws_smithy_runtime_api::client::{
    orchestrator::HttpResponse,
    result::{ConnectorError, SdkError},
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What was asked of which service.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Name of the service: `S3`.
    pub service: &'static str,
    /// Name of the operation: `PutObject`.
    pub name: &'static str,
    /// What it is asked for: a bucket, an object, a key.
    pub resource: String,
    /// The permissions that it takes, in words.
    pub permissions: String,
    /// What may be missing, in words.
    pub not_found: &'static str,
}

impl Operation {
    /// The error of a call that failed for good: whatever may be tried again was.
    pub fn error<E>(&self, error: SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let Self { service, name, resource, .. } = self;
        let no_route = format!(
            "no route to {service}: add a gateway or interface endpoint, or a NAT, to the VPC, or check the region and \
             the endpoint"
        );
        let (kind, text) = match &error {
            SdkError::ServiceError(refusal) => {
                self.refused(refusal.err().code().unwrap_or_default(), refusal.raw())
            }
            SdkError::DispatchFailure(failure)
                if failure.as_connector_error().is_some_and(was_reached) =>
            {
                let text = "it fell silent or hung up at every try: it is overloaded, or the network is too slow for what \
                            is sent";
                (ErrorKind::Timeout, text.to_owned())
            }
            SdkError::DispatchFailure(failure)
                if failure.as_connector_error().is_some_and(is_of_certificate) =>
            {
                let text = "its TLS certificate is not trusted: check the endpoint, and SSL_CERT_FILE if it is not AWS's own";
                (ErrorKind::Internal, text.to_owned())
            }
            SdkError::TimeoutError(_) => (ErrorKind::Timeout, no_route),
            SdkError::DispatchFailure(failure) if failure.is_timeout() || failure.is_io() => {
                (ErrorKind::Timeout, no_route)
            }
            SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_) => {
                let text = "the request could not be sent: check the credentials, the region and the settings";
                (ErrorKind::Internal, text.to_owned())
            }
            SdkError::ResponseError(_) => {
                let text = "its answer broke off or cannot be read, at every try: see what is between, such as a proxy, and \
                            whether the endpoint is the service's";
                (ErrorKind::InvalidResponse, text.to_owned())
            }
            _ => (ErrorKind::Internal, "for an unknown reason".to_owned()),
        };
        Error::new(kind, format!("{name} of {resource} failed: {text}")).with_source(error)
    }

    /// What a refusal of the service means. The code is in the body, which answers to HEAD do not
    /// have.
    fn refused(&self, code: &str, response: &HttpResponse) -> (ErrorKind, String) {
        let status = response.status().as_u16();
        let broken = || {
            (ErrorKind::Internal, format!("{} failed ({status}), try again later", self.service))
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
                let text = format!(
                    "the KMS key that it is encrypted with cannot be used ({code}): enable it, or name another"
                );
                (ErrorKind::InvalidInput, text)
            }
            (503, "ServiceUnavailable" | "InternalError") => broken(),
            (429 | 503, _)
            | (_, "SlowDown" | "Throttling" | "ThrottlingException" | "TooManyRequestsException") =>
            {
                let text =
                    "asked too often, in spite of the pauses between tries: run fewer at a time";
                (ErrorKind::Throttled, text.to_owned())
            }
            (401 | 403, _) | (_, "AccessDenied" | "AccessDeniedException") => {
                (ErrorKind::AccessDenied, format!("access denied, it takes {}", self.permissions))
            }
            (404, _) | (_, "NotFoundException") => (ErrorKind::NotFound, self.not_found.to_owned()),
            (300..400, _) | (_, "AuthorizationHeaderMalformed") => {
                let region =
                    response.headers().get("x-amz-bucket-region").unwrap_or("another region");
                (
                    ErrorKind::InvalidInput,
                    format!("it is in {region}, and the function asks in its own region"),
                )
            }
            (400..500, _) => {
                (ErrorKind::InvalidInput, format!("{} refuses the request", self.service))
            }
            _ => broken(),
        }
    }
}

/// The error and what it comes from.
fn causes(error: &ConnectorError) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(Some(error as &(dyn StdError + 'static)), |error| (**error).source())
}

/// Whether a TLS handshake ended at the certificate. The type of this error is private to the
/// client.
fn is_of_certificate(error: &ConnectorError) -> bool {
    causes(error).any(|error| error.to_string().contains("invalid peer certificate"))
}

/// Whether the service was reached, and then did not answer or hung up. The client has tried again
/// by then.
fn was_reached(error: &ConnectorError) -> bool {
    let hung_up = |error: &(dyn StdError + 'static)| {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        let hung_up = matches!(
            kind,
            Some(
                io::ErrorKind::ConnectionReset
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::UnexpectedEof
            )
        );
        // The type of this error is private to the client.
        hung_up || error.to_string().starts_with("HTTP read timeout")
    };
    // Another is a message that broke off midway.
    causes(error).any(hung_up) || error.as_other().is_some()
}
