//! Running as an AWS Lambda function.
//!
//! ```no_run
//! use athena_connector_sdk::{StaticConnector, lambda};
//!
//! fn main() -> Result<(), lambda::BoxError> {
//!     lambda::block_on(async { lambda::run(StaticConnector::new()).await })
//! }
//! ```
//!
//! Before the first answer nothing is made that a ping does not need: no client, no thread beyond
//! those of the runtime. Logs are structured and quiet on success; `AWS_LAMBDA_LOG_LEVEL` and
//! `AWS_LAMBDA_LOG_FORMAT` are honoured.

mod log;
mod payload;

use std::{any::Any, future::Future, num::NonZero, panic::AssertUnwindSafe, sync::Arc};

use athena_protocol::error::FunctionError;
use futures::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;

use self::payload::RawPayload;
use crate::{Connector, Error, Handler, Setting, Settings};

/// What can go wrong outside of an invocation.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// From this memory on, in MiB, a Lambda function has a whole processor and soon more.
const ONE_PROCESSOR_MIB: usize = 1_769;

/// Answers invocations with `connector`, configured by the environment, until Lambda ends the
/// process.
///
/// [`Handler`] is for more: user-defined functions, settings, another object store.
///
/// # Errors
///
/// Failures of the runtime's own interface; an invocation that fails is reported to its caller.
pub async fn run(connector: impl Connector) -> Result<(), BoxError> {
    Handler::new(connector).run().await
}

/// Runs `work` on a runtime made for the function: one thread below 1,769 MB of memory, where
/// Lambda gives less than one processor, and one for each processor from there on.
///
/// # Errors
///
/// What `work` fails with.
pub fn block_on<T>(work: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    let memory = std::env::var(Setting::FunctionMemory.variable())
        .ok()
        .and_then(|memory| memory.parse().ok());
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut runtime =
        if memory.is_some_and(|memory: usize| memory < ONE_PROCESSOR_MIB) || processors == 1 {
            tokio::runtime::Builder::new_current_thread()
        } else {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            runtime.worker_threads(processors);
            runtime
        };
    runtime.enable_all().build()?.block_on(work)
}

impl Handler {
    /// Answers invocations until Lambda ends the process.
    ///
    /// Settings come from the environment unless [`with_settings`](Self::with_settings) was called.
    /// A wrong one does not end the process: every request but a ping is answered with what is
    /// wrong, where whoever queries can see it.
    ///
    /// # Errors
    ///
    /// Failures of the runtime's own interface; an invocation that fails is reported to its caller.
    pub async fn run(mut self) -> Result<(), BoxError> {
        log::init();
        if self.settings.is_none() {
            match Settings::from_env() {
                Ok(settings) => self.settings = Some(settings),
                Err(error) => self.misconfigured = Some(error),
            }
        }
        let handler = Arc::new(self);
        let service = service_fn(move |event: LambdaEvent<()>| {
            let handler = Arc::clone(&handler);
            async move { handler.invocation(event.context.deadline()).await }
        });
        Runtime::new(service).layer(RawPayload).run_concurrent().await
    }

    /// Answers the invocation whose bytes [`RawPayload`] has put aside.
    async fn invocation(
        &self,
        deadline: std::time::SystemTime,
    ) -> Result<Box<RawValue>, Diagnostic> {
        let request = payload::current();
        // A panic is the failure of this invocation alone: the next one may well work.
        let answer = AssertUnwindSafe(self.handle(&request, Some(deadline))).catch_unwind().await;
        answer
            .unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
            .and_then(raw)
            .map_err(|error| diagnostic(&error))
    }
}

/// The answer as JSON that is not written again.
fn raw(answer: Vec<u8>) -> crate::Result<Box<RawValue>> {
    let text = String::from_utf8(answer)
        .map_err(|e| Error::internal("the answer is not UTF-8").with_source(e))?;
    RawValue::from_string(text)
        .map_err(|e| Error::internal("the answer is not JSON").with_source(e))
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::internal(format!("the connector panicked: {}", text.unwrap_or("without a message")))
}

fn diagnostic(error: &Error) -> Diagnostic {
    let FunctionError { error_type, error_message, .. } = FunctionError::from(error);
    Diagnostic {
        error_type: error_type.unwrap_or_default(),
        error_message: error_message.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_travels_under_the_class_that_athena_knows() {
        let diagnostic = diagnostic(&Error::not_found("no table \"x\""));
        assert_eq!(
            diagnostic.error_type,
            "com.amazonaws.athena.connector.lambda.exceptions.AthenaConnectorException"
        );
        assert_eq!(diagnostic.error_message, "EntityNotFoundException: no table \"x\"");
    }

    #[test]
    fn a_panic_says_what_it_said() {
        assert!(panicked(&"boom").message().ends_with("boom"));
        assert!(panicked(&String::from("bang")).message().ends_with("bang"));
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
