//! A function that its first invocation builds and starts.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use async_trait::async_trait;
use athena_client::{Invoke, InvokeError};
use athena_protocol::{ErrorKind, error::FunctionError};
use bytes::Bytes;
use tokio::sync::OnceCell;

use super::shared_s3::SharedS3;
use crate::{function, options::FunctionOptions, spec::Spec};

/// A function that is opened by its first invocation, because a query may not need it.
#[derive(Debug)]
pub(super) struct LazyFunction {
    pub(super) spec: Spec,
    pub(super) options: FunctionOptions,
    pub(super) s3: SharedS3,
    pub(super) function: OnceCell<Arc<dyn Invoke>>,
    /// Whether the lack of credentials was reported.
    pub(super) explained: AtomicBool,
}

impl LazyFunction {
    async fn open(&self) -> anyhow::Result<Arc<dyn Invoke>> {
        let mut options = self.options.clone();
        if self.spec.is_hosted() {
            let s3 = self.s3.get().await?;
            if let (Some(access_key), Some(secret_key)) =
                (options.variable("AWS_ACCESS_KEY_ID"), options.variable("AWS_SECRET_ACCESS_KEY"))
            {
                // The function signs its requests to the stand-in with them, too.
                s3.accept(access_key, secret_key);
            }
            let own = std::mem::replace(&mut options.env, s3.env());
            options.env.extend(own);
        }
        function::open(&self.spec, options).await
    }
}

impl LazyFunction {
    /// Warns once if a hosted function fails for lack of credentials that nobody gave it.
    fn explain_credentials(&self, error: &FunctionError) {
        let message = error.error_message.as_deref().unwrap_or_default();
        let code = message.split_once(": ").map_or("", |(code, _)| code);
        let lacking = match ErrorKind::from_wire_code(code) {
            Some(ErrorKind::InvalidCredentials | ErrorKind::AccessDenied) => true,
            Some(_) | None => false,
        };
        let given = self.options.variable("AWS_ACCESS_KEY_ID").is_some();
        if lacking && !given && self.spec.is_hosted() && !self.explained.swap(true, Relaxed) {
            tracing::warn!(
                function = self.options.name,
                "the function has no AWS credentials: variables of the shell that begin with AWS_ \
                 are not passed on; pass them with --env NAME"
            );
        }
    }
}

#[async_trait]
impl Invoke for LazyFunction {
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        let function = self.function.get_or_try_init(|| self.open()).await.map_err(|error| {
            let name = &self.options.name;
            InvokeError::Host(format!("cannot open function {name:?} at {}: {error:#}", self.spec))
        })?;
        let outcome = function.invoke(request).await;
        if let Err(InvokeError::Function(error)) = &outcome {
            self.explain_credentials(error);
        }
        outcome
    }
}
