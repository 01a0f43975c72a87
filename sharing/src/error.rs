//! The error type of this crate.

use std::{error::Error as StdError, fmt};

use crate::{arn::InvalidName, policy::InvalidPolicy};

/// Category of an [`Error`], by what the caller can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A name or ARN is invalid; correct it.
    InvalidInput,
    /// A document is not a policy, or the change would leave a key without one.
    InvalidPolicy,
    /// A policy would exceed the size limit of AWS; grant access to the account or organization.
    PolicyTooLarge,
    /// `AddPermission` cannot express a statement; replace the whole policy instead.
    Unsupported,
    /// A policy has changed since it was read; plan the change again.
    Conflict,
    /// Credentials are missing or rejected.
    InvalidCredentials,
    /// AWS rejected a request or could not be reached; [`Error::code`] has the error code.
    RequestFailed,
    /// A change failed halfway, and a policy could not be restored; restore it by hand.
    PartialFailure,
}

/// Error of a policy change or an AWS request.
///
/// `{}` prints the message, `{:#}` the message and its sources.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    code: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, source: None }
    }

    /// Wraps the error in one with the same kind and `message`.
    pub(crate) fn context(self, message: impl Into<String>) -> Self {
        let code = self.code.clone();
        Self { code, ..Self::new(self.kind, message).with_source(self) }
    }

    #[cfg(feature = "aws")]
    pub(crate) fn with_code(mut self, code: Option<&str>) -> Self {
        self.code = code.map(str::to_owned);
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Returns the kind of error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the error code of AWS, such as `ResourceConflictException`, if AWS answered with
    /// one.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if f.alternate() {
            let mut source = self.source();
            while let Some(error) = source {
                write!(f, ": {error}")?;
                source = error.source();
            }
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<InvalidName> for Error {
    fn from(error: InvalidName) -> Self {
        Self::new(ErrorKind::InvalidInput, error.to_string())
    }
}

impl From<InvalidPolicy> for Error {
    fn from(error: InvalidPolicy) -> Self {
        Self::new(ErrorKind::InvalidPolicy, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_keeps_kind_and_sources() {
        let error = Error::from(crate::policy::parse("[]").unwrap_err()).context("cannot change");
        assert_eq!(error.kind(), ErrorKind::InvalidPolicy);
        assert_eq!(error.to_string(), "cannot change");
        assert_eq!(
            format!("{error:#}"),
            "cannot change: invalid policy document: no Statement element"
        );
    }
}
