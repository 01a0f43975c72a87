//! What a failed call to AWS means for whoever has to mend it.

use std::{error::Error as StdError, fmt::Debug};

use athena_protocol::{Error, ErrorKind};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// The error of a call that needs `permission` on `what`.
pub(super) fn failure<E>(error: SdkError<E>, permission: &str, what: &str) -> Error
where
    E: StdError + ProvideErrorMetadata + Debug + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default().to_owned();
    let status = error.raw_response().map(|response| response.status().as_u16());
    let (kind, message) = match (&error, code.as_str(), status) {
        (SdkError::TimeoutError(_) | SdkError::DispatchFailure(_), ..) => {
            (ErrorKind::Timeout, format!("no answer about {what}; in a VPC, add an endpoint or a NAT gateway"))
        }
        (_, "NoSuchBucket", _) => (ErrorKind::NotFound, format!("the bucket of {what} does not exist")),
        (_, "SlowDown" | "ThrottlingException" | "RequestLimitExceeded", _) | (_, _, Some(429 | 503)) => {
            (ErrorKind::Throttled, format!("AWS asks for fewer requests about {what}"))
        }
        (_, _, Some(401 | 403)) | (_, "AccessDeniedException", _) => (
            ErrorKind::AccessDenied,
            format!(
                "{what} may not be used; grant {permission} to the function's role, and look at the resource's own policy"
            ),
        ),
        (_, "NotFoundException", _) | (_, _, Some(404)) => (ErrorKind::NotFound, format!("{what} does not exist")),
        _ => (ErrorKind::Internal, format!("{permission} on {what} failed{}", in_brackets(&code))),
    };
    Error::new(kind, message).with_source(error)
}

fn in_brackets(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(" ({code})") }
}
