//! The [`Invoke`] trait: a function that can be invoked, wherever it runs.

use std::fmt;

use async_trait::async_trait;
use athena_protocol::error::FunctionError;
use bytes::Bytes;

/// A Lambda function: one JSON document in, one out.
///
/// Implementations run the function as a local process, behind an HTTP endpoint, in AWS, or inside
/// a test. Invocations may run concurrently; an implementation that limits them makes the others
/// wait.
#[async_trait]
pub trait Invoke: Send + Sync + fmt::Debug + 'static {
    /// Sends `request` and returns the response.
    ///
    /// Dropping the future abandons the invocation; the function may still run to its end.
    ///
    /// # Errors
    ///
    /// [`InvokeError::Function`] if the function ran and failed, [`InvokeError::Host`] if it could
    /// not be run or returned no response.
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError>;
}

/// A failed invocation.
#[derive(Debug, Clone)]
pub enum InvokeError {
    /// The function ran and failed, with this error document. Lambda marks it `Unhandled`.
    Function(FunctionError),
    /// The function could not be run or returned no response. The message is for humans only.
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
