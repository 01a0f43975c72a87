//! Errors, and their form on the wire.
//!
//! A connector never encodes an error as a response: the invocation *fails*, and Lambda returns a
//! small document with the type and the message ([`FunctionError`], section 1.7 of the protocol).

mod function_error;
mod public_text;

pub use function_error::FunctionError;
pub use public_text::shorten_names;

use std::{error::Error as StdError, fmt, time::Duration};

use arrow::error::ArrowError;

/// A result whose error is [`Error`] by default.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A category of errors, by the caller's remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The requested thing does not exist: request another.
    NotFound,
    /// The request is invalid: change it.
    InvalidInput,
    /// The source rejected the credentials: renew them.
    InvalidCredentials,
    /// A permission is missing: grant it.
    AccessDenied,
    /// The source received too many requests: slow down and retry.
    Throttled,
    /// The time limit elapsed: request less, or allow more time.
    Timeout,
    /// Part of the work succeeded and part failed.
    PartialFailure,
    /// The request is valid but not supported.
    Unsupported,
    /// A peer returned an invalid response.
    InvalidResponse,
    /// The source is down, or closed the connection: try again later.
    Unavailable,
    /// A fault in this process.
    Internal,
}

impl ErrorKind {
    /// Returns the error code of this kind in Athena's protocol, which has none for
    /// [`Unavailable`](Self::Unavailable) and counts it as an internal error.
    pub fn wire_code(self) -> &'static str {
        match self {
            Self::NotFound => "EntityNotFoundException",
            Self::InvalidInput => "InvalidInputException",
            Self::InvalidCredentials => "InvalidCredentialsException",
            Self::AccessDenied => "AccessDeniedException",
            Self::Throttled => "ThrottlingException",
            Self::Timeout => "OperationTimeoutException",
            Self::PartialFailure => "PartialFailureException",
            Self::Unsupported => "OperationNotSupportedException",
            Self::InvalidResponse => "InvalidResponseException",
            Self::Unavailable | Self::Internal => "InternalServiceException",
        }
    }

    /// Returns the kind whose [`wire_code`](Self::wire_code) is `code`, if any; case-sensitive.
    pub fn from_wire_code(code: &str) -> Option<Self> {
        [
            Self::NotFound,
            Self::InvalidInput,
            Self::InvalidCredentials,
            Self::AccessDenied,
            Self::Throttled,
            Self::Timeout,
            Self::PartialFailure,
            Self::Unsupported,
            Self::InvalidResponse,
            Self::Internal,
        ]
        .into_iter()
        .find(|kind| kind.wire_code() == code)
    }
}

/// An error with a kind, a message, key-value context and a source.
///
/// Messages are lower case without a final stop. They name the thing, its value and the remedy,
/// and never contain a credential or row data.
///
/// [`Display`](fmt::Display) prints the whole chain, so wrapping code must not repeat the source.
/// Callers get less, because causes may quote data: see [`FunctionError`].
///
/// ```
/// use athena_protocol::{Error, ErrorKind};
///
/// let parsed = "x".parse::<u32>();
/// let error = parsed
///     .map_err(|e| Error::invalid_input("shard is \"x\", expected a number").with_source(e))
///     .map_err(|e| e.with_context("split", "shard=x"))
///     .unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// assert_eq!(
///     error.to_string(),
///     "shard is \"x\", expected a number (split: shard=x): invalid digit found in string"
/// );
/// ```
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    retry_after: Option<Duration>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident),* $(,)?) => {
        impl Error {
            $($(#[$doc])*
            pub fn $name(message: impl Into<String>) -> Self {
                Self::new(ErrorKind::$kind, message)
            })*
        }
    };
}

constructors! {
    /// Creates an error of kind [`ErrorKind::NotFound`].
    not_found => NotFound,
    /// Creates an error of kind [`ErrorKind::InvalidInput`].
    invalid_input => InvalidInput,
    /// Creates an error of kind [`ErrorKind::InvalidCredentials`].
    invalid_credentials => InvalidCredentials,
    /// Creates an error of kind [`ErrorKind::AccessDenied`].
    access_denied => AccessDenied,
    /// Creates an error of kind [`ErrorKind::Throttled`].
    throttled => Throttled,
    /// Creates an error of kind [`ErrorKind::Timeout`].
    timeout => Timeout,
    /// Creates an error of kind [`ErrorKind::PartialFailure`].
    partial_failure => PartialFailure,
    /// Creates an error of kind [`ErrorKind::Unsupported`].
    unsupported => Unsupported,
    /// Creates an error of kind [`ErrorKind::InvalidResponse`].
    invalid_response => InvalidResponse,
    /// Creates an error of kind [`ErrorKind::Unavailable`].
    unavailable => Unavailable,
    /// Creates an error of kind [`ErrorKind::Internal`].
    internal => Internal,
}

impl Error {
    /// Creates an error of `kind` without context or source.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                message: message.into(),
                context: Vec::new(),
                source: None,
                retry_after: None,
            }),
        }
    }

    /// Sets the cause, replacing an earlier one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// Adds a fact about the place of the error, such as `("split", "part=3")`. Facts keep their
    /// order; equal names are not merged.
    #[must_use]
    pub fn with_context(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.inner.context.push((name, value.into()));
        self
    }

    /// Sets the time that the source asks to wait before the next attempt.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.inner.retry_after = Some(delay);
        self
    }

    /// Returns the time that the source asks to wait before the next attempt, if it says one.
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Returns the category of the error.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Returns the message and the context, without causes.
    fn own_text(&self) -> String {
        let mut text = self.inner.message.clone();
        for (index, (name, value)) in self.inner.context.iter().enumerate() {
            text.push_str(if index == 0 { " (" } else { ", " });
            text.extend([name, ": ", value]);
        }
        if !self.inner.context.is_empty() {
            text.push(')');
        }
        text
    }

    /// Returns the message without context and causes.
    pub fn message(&self) -> &str {
        &self.inner.message
    }
}

/// Writes the message, the context in parentheses, and the messages of all causes.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.own_text())?;
        let mut source = self.inner.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            // An `Error` prints its own causes.
            source = if cause.is::<Error>() { None } else { cause.source() };
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.inner.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Converts an error of Arrow: malformed or unfitting values are an invalid response of the
/// source, anything else a fault in this process. An [`Error`] that Arrow has wrapped is returned
/// as it was.
///
/// ```
/// use arrow::array::{ArrayRef, Int64Array};
/// use athena_protocol::{ErrorKind, Result};
///
/// fn parse(text: &str) -> Result<i64> {
///     let texts = arrow::array::StringArray::from(vec![text]);
///     let options = arrow::compute::CastOptions { safe: false, ..Default::default() };
///     let numbers = arrow::compute::cast_with_options(
///         &texts,
///         &arrow::datatypes::DataType::Int64,
///         &options,
///     )?;
///     Ok(arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(&numbers).value(0))
/// }
/// assert_eq!(parse("7")?, 7);
/// let error = parse("seven").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidResponse);
/// assert!(!error.message().contains("seven")); // only the cause has it
/// # Ok::<(), athena_protocol::Error>(())
/// ```
impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        let (kind, message) = match error {
            ArrowError::ExternalError(cause) => {
                return match cause.downcast::<Self>() {
                    Ok(error) => *error,
                    Err(cause) => Self::internal("a batch cannot be made").with_source(cause),
                };
            }
            ArrowError::CastError(_)
            | ArrowError::ParseError(_)
            | ArrowError::CsvError(_)
            | ArrowError::JsonError(_)
            | ArrowError::ArithmeticOverflow(_) => {
                (ErrorKind::InvalidResponse, "a value does not fit the type of its column")
            }
            _ => (ErrorKind::Internal, "a batch cannot be made"),
        };
        Self::new(kind, message).with_source(error)
    }
}

/// Conversion of the error of any result into an [`Error`].
///
/// ```
/// use athena_protocol::{Error, ErrorKind, OrError};
///
/// let shard = "x".parse::<u32>();
/// let shard = shard.or_error(ErrorKind::InvalidInput, || "shard is no number".to_owned());
/// assert_eq!(shard.unwrap_err().kind(), ErrorKind::InvalidInput);
/// ```
pub trait OrError<T> {
    /// Replaces an error by one of `kind`, with `message`, and the original as its source.
    fn or_error(self, kind: ErrorKind, message: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> OrError<T> for Result<T, E> {
    fn or_error(self, kind: ErrorKind, message: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::new(kind, message()).with_source(error))
    }
}
