//! Failures of an invocation, with Lambda's error types and messages where it defines them.

use std::{
    ffi::OsString, os::unix::process::ExitStatusExt as _, process::ExitStatus, time::Duration,
};

use athena_client::InvokeError;
use athena_protocol::{MAX_PAYLOAD_BYTES, error::FunctionError};
use bytes::Bytes;

/// Number of characters of a response to include in an error: enough to recognize its format, too
/// few for rows.
const EXCERPT_CHARS: usize = 40;

/// A failure of one invocation.
#[derive(Debug)]
pub(super) enum Failure {
    /// The process could not be started.
    NotStarted { program: OsString, error: std::io::Error },
    /// The function reported an initialization error.
    InitReported(FunctionError),
    /// The process did not request an invocation within the initialization timeout.
    InitTimedOut(Duration),
    /// The process exited.
    Exited {
        /// Whether it had requested an invocation before.
        started: bool,
        status: ExitStatus,
        /// Last lines of its output.
        output: Vec<String>,
    },
    /// The process exceeded its memory limit. Both in bytes.
    OutOfMemory { used: u64, limit: u64 },
    /// The invocation exceeded its timeout.
    TimedOut(Duration),
    /// The function reported an error of the invocation.
    Reported(FunctionError),
    /// The response exceeds Lambda's maximum payload size. Its size in bytes.
    ResponseTooLarge(u64),
    /// The response is not JSON.
    NotJson(Bytes),
}

impl Failure {
    /// Returns whether the process can run another invocation.
    pub(super) fn leaves_sandbox_usable(&self) -> bool {
        match self {
            Self::Reported(_) | Self::ResponseTooLarge(_) => true,
            Self::NotStarted { .. }
            | Self::InitReported(_)
            | Self::InitTimedOut(_)
            | Self::Exited { .. }
            | Self::OutOfMemory { .. }
            | Self::TimedOut(_)
            | Self::NotJson(_) => false,
        }
    }

    /// Converts the failure to the error of the invocation `id` of the function `name`.
    pub(super) fn into_error(self, name: &str, id: &str) -> InvokeError {
        match self {
            Self::NotStarted { program, error } => InvokeError::Host(format!(
                "cannot start function {name:?}: {}: {error}",
                program.display()
            )),
            Self::InitReported(error) | Self::Reported(error) => InvokeError::Function(error),
            Self::InitTimedOut(after) => document(
                "Sandbox.Timedout",
                format!(
                    "RequestId: {id} Error: function {name:?} did not request an invocation \
                     within {:.2} seconds of its start",
                    after.as_secs_f64()
                ),
            ),
            Self::Exited { started, status, output } => {
                let during = if started { "" } else { " before it requested an invocation" };
                let status = describe(status);
                let mut message =
                    format!("RequestId: {id} Error: Runtime exited with error: {status}{during}");
                if !output.is_empty() {
                    message.push_str("; last output:\n");
                    message.push_str(&output.join("\n"));
                }
                document("Runtime.ExitError", message)
            }
            Self::OutOfMemory { used, limit } => document(
                "Runtime.OutOfMemory",
                format!(
                    "RequestId: {id} Error: Runtime exited with error: signal: killed; \
                     function {name:?} used {} MB of the {} MB limit",
                    used >> 20,
                    limit >> 20
                ),
            ),
            Self::TimedOut(after) => document(
                "Sandbox.Timedout",
                format!(
                    "RequestId: {id} Error: Task timed out after {:.2} seconds",
                    after.as_secs_f64()
                ),
            ),
            Self::ResponseTooLarge(bytes) => document(
                "Function.ResponseSizeTooLarge",
                format!(
                    "Response payload size ({bytes} bytes) exceeded maximum allowed payload size \
                     ({MAX_PAYLOAD_BYTES} bytes)."
                ),
            ),
            Self::NotJson(bytes) => {
                let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * EXCERPT_CHARS)]);
                let excerpt: String = text.chars().take(EXCERPT_CHARS).collect();
                InvokeError::Host(format!(
                    "function {name:?} returned {} bytes that are not JSON, beginning {excerpt:?}",
                    bytes.len()
                ))
            }
        }
    }
}

fn document(error_type: &str, message: String) -> InvokeError {
    InvokeError::Function(FunctionError {
        error_type: Some(error_type.to_owned()),
        error_message: Some(message),
        ..FunctionError::default()
    })
}

/// Returns the error of a request that exceeds Lambda's maximum payload size.
pub(super) fn request_too_large(name: &str, bytes: usize) -> InvokeError {
    InvokeError::Host(format!(
        "RequestTooLarge: the request of {bytes} bytes to function {name:?} exceeds \
         Lambda's maximum payload size of {MAX_PAYLOAD_BYTES} bytes"
    ))
}

/// Decodes an error document. For other content, returns an error with an excerpt of it.
pub(super) fn read_document(bytes: &[u8]) -> FunctionError {
    FunctionError::decode(bytes).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(bytes);
        let excerpt: String = text.chars().take(EXCERPT_CHARS).collect();
        FunctionError {
            error_type: Some("Runtime.UnknownReason".to_owned()),
            error_message: Some(format!(
                "the function failed with {} bytes that are not an error document, \
                 beginning {excerpt:?}",
                bytes.len()
            )),
            ..FunctionError::default()
        }
    })
}

/// Describes an exit status like Lambda does.
fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(signal)) => format!("signal: {signal}"),
        (None, None) => "unknown status".to_owned(),
    }
}
