//! Raw payload of an invocation.
//!
//! The Lambda runtime parses payloads itself, and fails malformed ones with an error that Athena
//! does not recognize. This layer stores the bytes, lets the runtime parse `null` instead, and
//! hands them to the handler without a copy.

use std::task::{Context, Poll};

use bytes::Bytes;
use lambda_runtime::{LambdaInvocation, Service, tower::Layer};
use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    static PAYLOAD: Bytes;
}

/// Returns the payload of the current task's invocation; empty outside of one.
pub(super) fn current() -> Bytes {
    PAYLOAD.try_with(Bytes::clone).unwrap_or_default()
}

/// Layer that stores the payload of every invocation for [`current`].
#[derive(Debug, Clone, Copy)]
pub(super) struct RawPayload;

#[derive(Debug, Clone)]
pub(super) struct RawPayloadService<S>(S);

impl<S> Layer<S> for RawPayload {
    type Service = RawPayloadService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RawPayloadService(inner)
    }
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for RawPayloadService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = TaskLocalFuture<Bytes, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let payload = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        PAYLOAD.scope(payload, self.0.call(invocation))
    }
}
