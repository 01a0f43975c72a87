//! A function that can be invoked, wherever it runs.

use std::fmt;

use async_trait::async_trait;
use athena_protocol::error::FunctionError;
use bytes::Bytes;

/// A Lambda function: one JSON document in, one out.
#[async_trait]
pub trait Invoke: Send + Sync + fmt::Debug + 'static {
    /// Sends `request` and waits for the answer.
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError>;
}

/// Why there is no answer.
#[derive(Debug, Clone)]
pub enum InvokeError {
    /// The function ran and failed: the document it answered, and the kind that Lambda puts beside
    /// it (`Unhandled`).
    Function(FunctionError),
    /// The function could not be run, or gave no answer: what happened, for people.
    Host(String),
}

impl fmt::Display for InvokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(error) => {
                let message = error.error_message.as_deref().unwrap_or("no message");
                match error.error_type.as_deref() {
                    Some(error_type) => write!(f, "{message} ({error_type})"),
                    None => f.write_str(message),
                }
            }
            Self::Host(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for InvokeError {}
