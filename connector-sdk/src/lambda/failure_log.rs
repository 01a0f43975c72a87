//! Line of the log for each invocation that fails.

use async_trait::async_trait;
use athena_protocol::error::shorten_names;

use super::message;
use crate::{
    Result,
    hook::{Hook, Invocation, Next},
};

/// Hook that logs errors with the query ID, so that a failure is found from a query and back. The
/// runtime's own line has neither, and is left out: see [`log`](super::log).
pub(super) struct FailureLog {
    pub(super) shows_causes: bool,
}

#[async_trait]
impl Hook for FailureLog {
    async fn around(&self, invocation: &Invocation, next: Next<'_>) -> Result<Vec<u8>> {
        let result = next.run().await;
        if let Err(error) = &result {
            let context = &invocation.context;
            tracing::error!(
                operation = invocation.operation,
                object = &*shorten_names(&invocation.object),
                query_id = context.query_id.as_deref().map(shorten_names).as_deref(),
                catalog = &*shorten_names(&context.catalog_name),
                error = message(error, self.shows_causes).error_message,
                "the invocation failed"
            );
        }
        result
    }
}
