//! Code around each invocation, for metrics and traces.
//!
//! A [`Hook`] sees what an invocation does, and how it ends; [`EmbeddedMetrics`] writes that for
//! `CloudWatch`. Set hooks with [`Handler::with_hook`](crate::Handler::with_hook).

mod embedded_metrics;

use std::fmt;

use async_trait::async_trait;
use futures::future::BoxFuture;

use crate::{Context, Result};

pub use embedded_metrics::EmbeddedMetrics;

/// Code around each invocation.
///
/// The future of an invocation is cancelled when the runtime is out of time or the caller goes
/// away, so that code after [`Next::run`] may not run: count what has begun before it.
///
/// # Examples
///
/// A span of a trace around each invocation:
///
/// ```
/// use athena_connector_sdk::{
///     Handler, Result, StaticConnector, async_trait,
///     hook::{Hook, Invocation, Next},
/// };
/// use tracing::Instrument;
///
/// struct Trace;
///
/// #[async_trait]
/// impl Hook for Trace {
///     async fn around(&self, invocation: &Invocation, next: Next<'_>) -> Result<Vec<u8>> {
///         let span = tracing::info_span!("athena", operation = invocation.operation);
///         let result = next.run().instrument(span).await;
///         if let Err(error) = &result {
///             tracing::info!(kind = ?error.kind(), rows = invocation.context.progress().rows);
///         }
///         result
///     }
/// }
///
/// let handler = Handler::new(StaticConnector::new()).with_hook(Trace);
/// # let _ = handler;
/// ```
#[async_trait]
pub trait Hook: Send + Sync + 'static {
    /// Runs the invocation with [`Next::run`], and returns its result.
    ///
    /// # Errors
    ///
    /// That of the invocation, or another, which is then what the caller gets.
    async fn around(&self, invocation: &Invocation, next: Next<'_>) -> Result<Vec<u8>>;
}

/// Invocation that a [`Hook`] is around.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Invocation {
    /// Name of the request on the wire, such as `ReadRecordsRequest`; `unknown` for a request that
    /// cannot be decoded.
    pub operation: &'static str,
    /// Table, schema or function of the request; empty for an operation without. It is as the
    /// caller sent it, of any length.
    pub object: String,
    /// Context, whose [`progress`](Context::progress) counts rows, bytes and blocks. The default
    /// for a request that cannot be decoded.
    pub context: Context,
}

/// The rest of an invocation: further hooks, and the operation.
pub struct Next<'a>(BoxFuture<'a, Result<Vec<u8>>>);

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}

impl<'a> Next<'a> {
    pub(crate) fn new(work: impl Future<Output = Result<Vec<u8>>> + Send + 'a) -> Self {
        Self(Box::pin(work))
    }

    /// Runs it, and returns the encoded response.
    ///
    /// # Errors
    ///
    /// That of the invocation: see [`Handler::handle`](crate::Handler::handle).
    pub async fn run(self) -> Result<Vec<u8>> {
        self.0.await
    }
}
