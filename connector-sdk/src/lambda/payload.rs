//! The bytes of an invocation, as they came.
//!
//! The runtime would parse them into a value first, and answer what does not parse with an error of
//! its own that Athena does not know. This layer puts the bytes aside, lets the runtime parse
//! `null` instead, and hands them to the handler uncopied.

use std::task::{Context, Poll};

use bytes::Bytes;
use lambda_runtime::{LambdaInvocation, Service, tower::Layer};
use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    static PAYLOAD: Bytes;
}

/// The bytes of the invocation that this task answers; none outside of one.
pub(super) fn current() -> Bytes {
    PAYLOAD.try_with(Bytes::clone).unwrap_or_default()
}

/// Puts the bytes of every invocation aside, for [`current`].
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
