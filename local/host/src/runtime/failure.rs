//! Why an invocation has no answer, in the words of Lambda where it has some.

use std::{
    ffi::OsString, os::unix::process::ExitStatusExt as _, process::ExitStatus, time::Duration,
};

use athena_client::InvokeError;
use athena_protocol::{MAX_PAYLOAD_BYTES, error::FunctionError};
use bytes::Bytes;

/// Characters of an answer that an error may show: enough to see what kind of thing it is, too few
/// for rows.
const SHOWN: usize = 40;

/// What went wrong with one invocation.
#[derive(Debug)]
pub(super) enum Failure {
    /// The process could not be started.
    NotStarted { program: OsString, error: std::io::Error },
    /// The function cannot start and says why.
    InitReported(FunctionError),
    /// The process did not ask for an invocation in time.
    InitTimedOut(Duration),
    /// The process ended.
    Exited {
        /// Whether it had asked for an invocation before.
        started: bool,
        status: ExitStatus,
        /// The last that it printed.
        output: Vec<String>,
    },
    /// The process used more memory than it has, both in bytes.
    OutOfMemory { used: u64, limit: u64 },
    /// The time was up.
    TimedOut(Duration),
    /// The function failed and says why.
    Reported(FunctionError),
    /// The answer is larger than Lambda carries, in bytes.
    ResponseTooLarge(u64),
    /// The answer is no JSON.
    NotJson(Bytes),
}

impl Failure {
    /// Whether the process can be given another invocation.
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

    /// The error of the invocation `id` of the function `name`.
    pub(super) fn into_error(self, name: &str, id: &str) -> InvokeError {
        let document = |error_type: &str, message: String| {
            InvokeError::Function(FunctionError {
                error_type: Some(error_type.to_owned()),
                error_message: Some(message),
                ..FunctionError::default()
            })
        };
        match self {
            Self::NotStarted { program, error } => InvokeError::Host(format!(
                "the function {name:?} cannot be started: {}: {error}",
                program.display()
            )),
            Self::InitReported(error) | Self::Reported(error) => InvokeError::Function(error),
            Self::InitTimedOut(after) => document(
                "Sandbox.Timedout",
                format!(
                    "RequestId: {id} Error: the function {name:?} did not ask for an invocation within {:.2} seconds of \
                     its start",
                    after.as_secs_f64()
                ),
            ),
            Self::Exited { started, status, output } => {
                let during = if started { "" } else { " before it asked for an invocation" };
                let how = describe(status);
                let mut message =
                    format!("RequestId: {id} Error: Runtime exited with error: {how}{during}");
                if !output.is_empty() {
                    message.push_str("; the last that the function printed:\n");
                    message.push_str(&output.join("\n"));
                }
                document("Runtime.ExitError", message)
            }
            Self::OutOfMemory { used, limit } => document(
                "Runtime.OutOfMemory",
                format!(
                    "RequestId: {id} Error: Runtime exited with error: signal: killed, for it used {} MB of the {} MB \
                     that the function {name:?} has",
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
                    "Response payload size ({bytes} bytes) exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} \
                     bytes)."
                ),
            ),
            Self::NotJson(bytes) => {
                let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN)]);
                let beginning: String = text.chars().take(SHOWN).collect();
                InvokeError::Host(format!(
                    "the function {name:?} answered {} bytes that are not JSON, beginning {beginning:?}",
                    bytes.len()
                ))
            }
        }
    }
}

/// The error of a request that Lambda would not take.
pub(super) fn request_too_large(name: &str, bytes: usize) -> InvokeError {
    InvokeError::Host(format!(
        "RequestTooLarge: the request of {bytes} bytes to the function {name:?} is larger than the {MAX_PAYLOAD_BYTES} bytes \
         that Lambda carries"
    ))
}

/// Reads the document of an error; what is none is shown as far as an error may.
pub(super) fn read_document(bytes: &[u8]) -> FunctionError {
    FunctionError::decode(bytes).unwrap_or_else(|_| {
        let beginning: String = String::from_utf8_lossy(bytes).chars().take(SHOWN).collect();
        FunctionError {
            error_type: Some("Runtime.UnknownReason".to_owned()),
            error_message: Some(format!(
                "the function failed with {} bytes that are no error document, beginning {beginning:?}",
                bytes.len()
            )),
            ..FunctionError::default()
        }
    })
}

/// How a process ended, as Lambda says it.
fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(signal)) => format!("signal: {signal}"),
        (None, None) => "unknown status".to_owned(),
    }
}
