//! Answers of AWS as what was seen.

use std::error::Error;

use aws_sdk_lambda::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};

use crate::doctor::Seen;

/// An answer; an error of a kind in `missing` says that the thing is not there, any other hides it.
pub(super) fn seen<T, E>(answer: Result<T, SdkError<E, HttpResponse>>, missing: &[&str]) -> Seen<T>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match answer {
        Ok(answer) => Seen::Known(answer),
        Err(error) if error.code().is_some_and(|code| missing.contains(&code)) => Seen::Missing,
        Err(error) => Seen::Hidden(words(&error)),
    }
}

/// What an error says, on one line.
pub(super) fn words<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
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
