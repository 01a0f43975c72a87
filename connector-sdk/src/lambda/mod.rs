//! Entry points of an AWS Lambda function.
//!
//! The `main.rs` of a connector, with the optional allocator of the feature `mimalloc`:
//!
//! ```no_run
//! use athena_connector_sdk::{StaticConnector, lambda};
//! # #[cfg(feature = "mimalloc")]
//! use athena_connector_sdk::MiMalloc;
//!
//! # #[cfg(feature = "mimalloc")]
//! #[global_allocator]
//! static ALLOCATOR: MiMalloc = MiMalloc;
//!
//! fn main() -> Result<(), lambda::BoxError> {
//!     lambda::block_on(lambda::run(StaticConnector::new()))
//! }
//! ```
//!
//! The SDK does not install an allocator, because a program can have only one. Blocks and responses
//! are megabytes: with `MiMalloc`, one block reuses the pages of another, which costs less than new
//! pages from the operating system for each.
//!
//! Nothing is created before the first response that a ping does not need: no client, and no thread
//! but those of the runtime. Logs are structured, and quiet on success. `AWS_LAMBDA_LOG_LEVEL`,
//! `AWS_LAMBDA_LOG_FORMAT` and `RUST_LOG` configure them.

mod failure_log;
mod log;
mod payload;
mod redact;

use std::{
    any::Any,
    future::Future,
    num::NonZero,
    panic::{AssertUnwindSafe, PanicHookInfo},
    sync::Arc,
};

use athena_protocol::error::FunctionError;
use futures::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;

use self::{failure_log::FailureLog, payload::RawPayload, redact::RedactedStderr};
use crate::{Connector, Error, Handler, Setting, Settings, variables::join_problems};

/// Error outside of an invocation.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Memory in MiB from which Lambda gives a function a whole processor or more.
const ONE_VCPU_MIB: usize = 1_769;

/// Serves invocations with `connector`, configured by the environment, until Lambda ends the
/// process.
///
/// Use [`Handler::run`] for user-defined functions, query passthrough or explicit settings.
///
/// # Errors
///
/// Failures of the Lambda Runtime API. A failed invocation is reported to its caller instead.
pub async fn run(connector: impl Connector) -> Result<(), BoxError> {
    Handler::new(connector).run().await
}

/// Runs `work` on a Tokio runtime sized for the function: one thread below 1,769 MiB of memory,
/// where Lambda gives it less than one vCPU, and one thread for each vCPU from there on.
///
/// # Errors
///
/// Any error of `work`, or of creating the runtime.
pub fn block_on<T>(work: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    let memory = std::env::var(Setting::FunctionMemory.variable())
        .ok()
        .and_then(|memory| memory.parse().ok());
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut runtime =
        if memory.is_some_and(|memory: usize| memory < ONE_VCPU_MIB) || processors == 1 {
            tokio::runtime::Builder::new_current_thread()
        } else {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            runtime.worker_threads(processors);
            runtime
        };
    runtime.enable_all().build()?.block_on(work)
}

impl Handler {
    /// Serves invocations until Lambda ends the process.
    ///
    /// Reads the settings from the environment unless [`with_settings`](Self::with_settings) was
    /// called. Invalid settings do not end the process: every request but a ping fails with the
    /// list of problems, so that users of Athena see them. A panic of the connector fails
    /// only its invocation, with `Internal`.
    ///
    /// Installs a `tracing` subscriber that writes to standard error, unless there is one already,
    /// and replaces the values of `spill_put_request_headers` in its lines. Installs a panic hook
    /// that logs only the place, unless
    /// [`Setting::ShowErrorCauses`](crate::Setting::ShowErrorCauses) is on.
    ///
    /// # Errors
    ///
    /// Failures of the Lambda Runtime API. A failed invocation is reported to its caller instead.
    pub async fn run(mut self) -> Result<(), BoxError> {
        if self.settings.is_none() {
            match Settings::from_env() {
                Ok(settings) => self.settings = Some(settings),
                Err(error) => {
                    let both = self.misconfigured.as_ref().map(|own| join_problems(&error, own));
                    self.misconfigured = Some(both.unwrap_or(error));
                }
            }
        }
        let headers = self.settings.iter().flat_map(|settings| settings.spill.request_headers());
        log::init(RedactedStderr::new(headers.map(|(_, value)| value)));
        if !self.shows_causes() {
            std::panic::set_hook(Box::new(log_panic_location));
        }
        let shows_causes = self.shows_causes();
        // The outermost hook sees the errors of the others, too.
        self.hooks.insert(0, Arc::new(FailureLog { shows_causes }));
        let handler = Arc::new(self);
        let service = service_fn(move |event: LambdaEvent<()>| {
            let handler = Arc::clone(&handler);
            async move { handler.invocation(event.context.deadline()).await }
        });
        Runtime::new(service).layer(RawPayload).run_concurrent().await
    }

    /// Serves the invocation whose bytes [`RawPayload`] has stored.
    async fn invocation(
        &self,
        deadline: std::time::SystemTime,
    ) -> Result<Box<RawValue>, Diagnostic> {
        let request = payload::current();
        // A panic fails only this invocation: the next one may succeed.
        let response = AssertUnwindSafe(self.handle(&request, Some(deadline))).catch_unwind().await;
        response
            .unwrap_or_else(|panic| {
                let error = panic_error(panic.as_ref());
                let error_message = message(&error, self.shows_causes()).error_message;
                tracing::error!(error = error_message, "the invocation panicked");
                Err(error)
            })
            .and_then(raw_json)
            .map_err(|error| self.diagnostic(&error))
    }

    fn shows_causes(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| settings.show_error_causes)
    }

    fn diagnostic(&self, error: &Error) -> Diagnostic {
        let error = message(error, self.shows_causes());
        Diagnostic {
            error_type: error.error_type.unwrap_or_default(),
            error_message: error.error_message.unwrap_or_default(),
        }
    }
}

/// Returns the error as its caller sees it.
fn message(error: &Error, shows_causes: bool) -> FunctionError {
    if shows_causes { FunctionError::with_causes(error) } else { FunctionError::from(error) }
}

/// Logs where a panic happened. Its message is formatted by any code and may quote data.
fn log_panic_location(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    tracing::error!(
        location,
        "a thread panicked; to see the message, set {} to true",
        Setting::ShowErrorCauses.variable()
    );
}

/// Wraps a response as JSON that is not serialized again.
fn raw_json(response: Vec<u8>) -> crate::Result<Box<RawValue>> {
    let text = String::from_utf8(response)
        .map_err(|e| Error::internal("the response is not UTF-8").with_source(e))?;
    RawValue::from_string(text)
        .map_err(|e| Error::internal("the response is not JSON").with_source(e))
}

/// Converts a panic. A formatted message may quote data, so that it is a cause; a constant one is
/// part of the program.
fn panic_error(panic: &(dyn Any + Send)) -> Error {
    if let Some(text) = panic.downcast_ref::<&str>() {
        return Error::internal(format!("the connector panicked: {text}"));
    }
    let error = Error::internal("the connector panicked; the log has the place");
    match panic.downcast_ref::<String>() {
        Some(text) => error.with_source(text.clone()),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StaticConnector;

    #[test]
    fn an_error_has_the_class_that_athena_recognizes() {
        let handler = Handler::new(StaticConnector::new());
        let diagnostic = handler.diagnostic(&Error::not_found("no table \"x\""));
        assert_eq!(
            diagnostic.error_type,
            "com.amazonaws.athena.connector.lambda.exceptions.AthenaConnectorException"
        );
        assert_eq!(diagnostic.error_message, "EntityNotFoundException: no table \"x\"");
    }

    #[test]
    fn only_a_constant_message_of_a_panic_is_shown() {
        let handler = Handler::new(StaticConnector::new());
        let message =
            |panic: &(dyn Any + Send)| handler.diagnostic(&panic_error(panic)).error_message;
        assert!(message(&"boom").ends_with("the connector panicked: boom"));
        let formatted = message(&String::from("no column for \"J. Doe\""));
        assert!(formatted.contains("panicked") && !formatted.contains("Doe"), "{formatted}");
    }

    #[test]
    fn causes_are_shown_only_if_the_setting_says_so() {
        let error = Error::internal("a row cannot be read").with_source("\"J. Doe\" is no number");
        let mut settings = Settings::default();
        for (shows, name) in [(false, "withheld"), (true, "Doe")] {
            settings.show_error_causes = shows;
            let handler = Handler::new(StaticConnector::new()).with_settings(settings.clone());
            let message = handler.diagnostic(&error).error_message;
            assert!(
                message.contains(name) && message.contains("a row cannot be read"),
                "{message}"
            );
        }
    }

    #[test]
    fn work_runs_on_a_runtime_with_timers() {
        let slept = block_on(async {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            Ok(1)
        });
        assert_eq!(slept.unwrap(), 1);
    }
}
