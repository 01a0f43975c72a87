//! What can go wrong, and how it travels.
//!
//! A connector never encodes an error as a response: the invocation *fails*, and Lambda carries a
//! small document with the type and the message ([`FunctionError`], section 1.7 of the protocol).

mod function_error;

pub use function_error::FunctionError;

use std::{error::Error as StdError, fmt};

/// A result whose error is ours.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, by what the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The thing that was asked for does not exist: ask for another.
    NotFound,
    /// The request cannot be right: change it.
    InvalidInput,
    /// The source refused our credentials: renew them.
    InvalidCredentials,
    /// A permission is missing: grant it.
    AccessDenied,
    /// The source wants fewer requests: slow down and try again.
    Throttled,
    /// The time given was not enough: ask for less, or give more.
    Timeout,
    /// Part of the work was done and part was not.
    PartialFailure,
    /// The request is legal and not supported here.
    Unsupported,
    /// A peer answered something that it must not.
    InvalidResponse,
    /// A fault in this process.
    Internal,
}

impl ErrorKind {
    /// The error code that Athena knows this kind by.
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
            Self::Internal => "InternalServiceException",
        }
    }

    /// The kind whose wire code is `code`, if any.
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

/// An error with a kind, a message that says what to do, key-value context and a source.
///
/// Messages name the thing, its value and the remedy; never a credential, never row data.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn StdError + Send + Sync>>,
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
    /// A [`ErrorKind::NotFound`] error.
    not_found => NotFound,
    /// A [`ErrorKind::InvalidInput`] error.
    invalid_input => InvalidInput,
    /// A [`ErrorKind::InvalidCredentials`] error.
    invalid_credentials => InvalidCredentials,
    /// A [`ErrorKind::AccessDenied`] error.
    access_denied => AccessDenied,
    /// A [`ErrorKind::Throttled`] error.
    throttled => Throttled,
    /// A [`ErrorKind::Timeout`] error.
    timeout => Timeout,
    /// A [`ErrorKind::PartialFailure`] error.
    partial_failure => PartialFailure,
    /// A [`ErrorKind::Unsupported`] error.
    unsupported => Unsupported,
    /// A [`ErrorKind::InvalidResponse`] error.
    invalid_response => InvalidResponse,
    /// A [`ErrorKind::Internal`] error.
    internal => Internal,
}

impl Error {
    /// An error of `kind` that says `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                message: message.into(),
                context: Vec::new(),
                source: None,
            }),
        }
    }

    /// The same error with what caused it; [`fmt::Display`] prints the whole chain.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// The same error with one more fact about where it happened, such as `("split", "part=3")`.
    #[must_use]
    pub fn with_context(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.inner.context.push((name, value.into()));
        self
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The message alone, without context and causes.
    pub fn message(&self) -> &str {
        &self.inner.message
    }
}

/// Writes the message, the context in brackets, and the messages of all causes.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)?;
        for (index, (name, value)) in self.inner.context.iter().enumerate() {
            write!(f, "{}{name}: {value}", if index == 0 { " (" } else { ", " })?;
        }
        if !self.inner.context.is_empty() {
            f.write_str(")")?;
        }
        let mut source = self.inner.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            // An error of ours has printed its own causes already.
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
