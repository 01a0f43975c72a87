//! The document by which Lambda tells a caller that the function failed.

use super::{Error, ErrorKind, Result};
use crate::{
    json::{Cursor, Writer, parse},
    version::SerdeVersion,
};

/// The class by which the engine recognises the errors of a connector.
const CONNECTOR_EXCEPTION: &str =
    "com.amazonaws.athena.connector.lambda.exceptions.AthenaConnectorException";
/// The class that asks the engine to slow down.
const THROTTLE_EXCEPTION: &str =
    "com.amazonaws.athena.connector.lambda.exceptions.FederationThrottleException";

/// What a failed invocation returns in place of an answer (section 1.7 of the protocol).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionError {
    /// Class name of the exception, fully qualified for Java and ours; other runtimes use shorter
    /// names.
    pub error_type: Option<String>,
    /// What happened, for people.
    pub error_message: Option<String>,
    /// Stack frames, innermost first; one or more texts a frame.
    pub stack_trace: Vec<Vec<String>>,
    /// What caused it.
    pub cause: Option<Box<FunctionError>>,
}

impl FunctionError {
    /// Reads the document in every shape that a peer writes: members in any order, missing, null or
    /// unknown; stack frames as texts or lists of texts.
    ///
    /// # Errors
    ///
    /// `InvalidResponse` for anything but a JSON object.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        parse(bytes, Self::read).map_err(|error| {
            Error::invalid_response("the function's error is not an error document")
                .with_source(error)
        })
    }

    fn read(at: Cursor<'_>) -> Result<Self> {
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
        let frames = |frame: Cursor<'_>| {
            let text =
                |text: Cursor<'_>| Ok(text.optional_string()?.unwrap_or_else(|| "null".to_owned()));
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

    /// Writes the document as the Java runtime does: message, type, stack trace.
    ///
    /// # Panics
    ///
    /// Never: texts can always be written.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(SerdeVersion::LATEST);
        let written = writer.object(|writer| {
            writer.name("errorMessage").optional_text(self.error_message.as_deref());
            writer.name("errorType").optional_text(self.error_type.as_deref());
            writer.name("stackTrace").text_list(self.stack_trace.iter().flatten())
        });
        written.expect("texts can always be written");
        writer.finish()
    }

    /// The message that the Java SDK's caller-side reader makes of the document.
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

/// The type is the class that Athena knows, and the message begins with the code, which travels
/// nowhere else.
impl From<&Error> for FunctionError {
    fn from(error: &Error) -> Self {
        let class = if error.kind() == ErrorKind::Throttled {
            THROTTLE_EXCEPTION
        } else {
            CONNECTOR_EXCEPTION
        };
        Self {
            error_type: Some(class.to_owned()),
            error_message: Some(format!("{}: {error}", error.kind().wire_code())),
            stack_trace: Vec::new(),
            cause: None,
        }
    }
}

/// The kind is that of the code in front of the message, or of the class of the exception.
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
