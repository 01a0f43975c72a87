//! Conversion of AWS answers to [`Lookup`]s and errors.

use std::error::Error as StdError;

use aws_sdk_lambda::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};

use crate::{Error, ErrorKind, doctor::Lookup};

/// Converts an answer to a lookup: [`Missing`](Lookup::Missing) for error codes in `not_found`,
/// [`Unknown`](Lookup::Unknown) for all others.
pub(super) fn lookup<T, E>(
    answer: Result<T, SdkError<E, HttpResponse>>,
    not_found: &[&str],
) -> Lookup<T>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match answer {
        Ok(answer) => Lookup::Found(answer),
        Err(error) if error.code().is_some_and(|code| not_found.contains(&code)) => Lookup::Missing,
        Err(error) => Lookup::Unknown(describe_error(&error)),
    }
}

/// Returns code and message of an error, on one line.
pub(super) fn describe_error<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => match error.raw_response() {
            Some(response) => format!("status {}", response.status().as_u16()),
            None => DisplayErrorContext(error).to_string(),
        },
    }
}

/// Converts an error to one of kind [`ErrorKind::RequestFailed`].
pub(super) fn request_failed<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    Error::new(ErrorKind::RequestFailed, describe_error(error)).with_code(error.code())
}
