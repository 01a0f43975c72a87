//! The document that Lambda returns for a failed invocation.

use super::{Error, ErrorKind, Result, public_text::public_text};
use crate::{
    json::{JsonCursor, Writer, parse},
    version::SerdeVersion,
};

/// The exception class of errors that a connector raises.
const CONNECTOR_EXCEPTION: &str =
    "com.amazonaws.athena.connector.lambda.exceptions.AthenaConnectorException";
/// The exception class of throttling, which makes the engine slow down.
const THROTTLE_EXCEPTION: &str =
    "com.amazonaws.athena.connector.lambda.exceptions.FederationThrottleException";

/// The payload of a failed invocation, in place of a response (section 1.7 of the protocol).
///
/// # Examples
///
/// The error kind survives the round trip in front of the message:
///
/// ```
/// use athena_protocol::{Error, ErrorKind, error::FunctionError};
///
/// let document = FunctionError::from(&Error::not_found("table \"t\" does not exist"));
/// let message = document.error_message.as_deref();
/// assert_eq!(message, Some("EntityNotFoundException: table \"t\" does not exist"));
///
/// let received = FunctionError::decode(&document.encode())?;
/// assert_eq!(Error::from(&received).kind(), ErrorKind::NotFound);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionError {
    /// Class name of the exception: fully qualified from Java and from this crate, shorter from
    /// other runtimes.
    pub error_type: Option<String>,
    /// Human-readable message.
    pub error_message: Option<String>,
    /// Stack frames, innermost first; each has one or more texts.
    pub stack_trace: Vec<Vec<String>>,
    /// The cause, which Java runtimes nest.
    pub cause: Option<Box<FunctionError>>,
}

impl FunctionError {
    /// Decodes the document in every shape that peers write: members in any order, missing, null
    /// or unknown; stack frames as texts or lists of texts.
    ///
    /// # Errors
    ///
    /// `InvalidResponse` for anything but a JSON object.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        parse(bytes, Self::read).map_err(|error| {
            Error::invalid_response("the payload of the failed function is not an error document")
                .with_source(error)
        })
    }

    fn read(at: JsonCursor<'_>) -> Result<Self> {
        at.object()?;
        let text = |name| {
            let member = at.member(name);
            if member.is_missing() {
                Ok(None)
            } else {
                member.optional_text().map(|text| Some(text.unwrap_or("null".into()).into_owned()))
            }
        };
        let cause = at.member("cause");
        let frames = |frame: JsonCursor<'_>| {
            let text = |text: JsonCursor<'_>| {
                Ok(text.optional_string()?.unwrap_or_else(|| "null".to_owned()))
            };
            frame.elements(text).or_else(|_| Ok(vec![text(frame)?]))
        };
        Ok(Self {
            error_type: text("errorType")?,
            error_message: text("errorMessage")?,
            stack_trace: at.member("stackTrace").elements(frames).unwrap_or_default(),
            cause: match (cause.is_missing(), cause.is_null()) {
                (true, _) => None,
                (false, true) => Some(Box::default()),
                (false, false) => Some(Box::new(Self::read(cause)?)),
            },
        })
    }

    /// Encodes the document as the Java runtime does: message, type, stack trace. The cause is not
    /// written.
    ///
    /// # Panics
    ///
    /// Never: writing text cannot fail.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(SerdeVersion::LATEST);
        let written = writer.object(|writer| {
            writer.name("errorMessage").optional_text(self.error_message.as_deref());
            writer.name("errorType").optional_text(self.error_type.as_deref());
            writer.name("stackTrace").text_list(self.stack_trace.iter().flatten())
        });
        written.expect("writing text cannot fail");
        writer.finish()
    }

    /// Returns the message that the Java SDK builds from the document when it is the caller.
    pub fn java_message(&self) -> String {
        let frames: Vec<_> =
            self.stack_trace.iter().map(|texts| format!("[{}]", texts.join(", "))).collect();
        format!(
            "{}. Stack trace: [{}]\nErrorType: {}",
            self.error_message.as_deref().unwrap_or("null"),
            frames.join(", "),
            self.error_type.as_deref().unwrap_or("null"),
        )
    }
}

/// Sets the exception class that Athena recognizes, and puts the wire code in front of the message,
/// the only place that carries it.
///
/// Causes are repeated only if their text cannot contain data: [`Error`]s, and errors of the
/// standard library that have a fixed text. Of errors of arrow and JSON, only the category is
/// named. Quoted names, and others without spaces, of more than 200 characters are cut.
impl From<&Error> for FunctionError {
    fn from(error: &Error) -> Self {
        Self::of(error.kind(), &public_text(error))
    }
}

impl FunctionError {
    /// Creates the document with the texts of all causes, which may quote data of the source.
    ///
    /// For development: `FunctionError::from` withholds them.
    pub fn with_causes(error: &Error) -> Self {
        Self::of(error.kind(), &error.to_string())
    }

    fn of(kind: ErrorKind, message: &str) -> Self {
        let class =
            if kind == ErrorKind::Throttled { THROTTLE_EXCEPTION } else { CONNECTOR_EXCEPTION };
        Self {
            error_type: Some(class.to_owned()),
            error_message: Some(format!("{}: {message}", kind.wire_code())),
            stack_trace: Vec::new(),
            cause: None,
        }
    }
}

/// Takes the kind from the code in front of the message, or else from the exception class;
/// [`ErrorKind::Internal`] if neither is known.
impl From<&FunctionError> for Error {
    fn from(error: &FunctionError) -> Self {
        let message =
            error.error_message.as_deref().unwrap_or("the function failed without a message");
        let (kind, message) = match message
            .split_once(": ")
            .map(|(code, rest)| (ErrorKind::from_wire_code(code), rest))
        {
            Some((Some(kind), rest)) => (kind, rest),
            _ if error.error_type.as_deref() == Some(THROTTLE_EXCEPTION) => {
                (ErrorKind::Throttled, message)
            }
            _ => (ErrorKind::Internal, message),
        };
        Error::new(kind, message)
    }
}
