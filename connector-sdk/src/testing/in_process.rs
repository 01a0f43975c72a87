//! A handler as a function that a client invokes.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use athena_client::{Invoke, InvokeError};
use athena_protocol::{Error, error::FunctionError};
use bytes::Bytes;

use crate::{Handler, async_trait};

/// A function in this process. Remembers its last error, which the wire would shorten.
#[derive(Debug)]
pub(super) struct InProcess {
    handler: Arc<Handler>,
    time_limit: Option<Duration>,
    failure: Mutex<Option<Error>>,
}

impl InProcess {
    pub(super) fn new(handler: Arc<Handler>, time_limit: Option<Duration>) -> Self {
        Self { handler, time_limit, failure: Mutex::default() }
    }

    /// Returns the handler's own error if it failed, otherwise the client's `error`.
    pub(super) fn cause(&self, error: Error) -> Error {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(error)
    }
}

#[async_trait]
impl Invoke for InProcess {
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        let deadline = self.time_limit.and_then(|limit| SystemTime::now().checked_add(limit));
        self.handler.handle(&request, deadline).await.map(Bytes::from).map_err(|error| {
            let document = FunctionError::from(&error);
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            InvokeError::Function(document)
        })
    }
}
