//! A function that its first invocation builds and starts.

use std::sync::Arc;

use async_trait::async_trait;
use athena_client::{Invoke, InvokeError};
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
}

impl LazyFunction {
    async fn open(&self) -> anyhow::Result<Arc<dyn Invoke>> {
        let mut options = self.options.clone();
        if self.spec.is_hosted() {
            options.env.extend(self.s3.get().await?.env());
        }
        function::open(&self.spec, options).await
    }
}

#[async_trait]
impl Invoke for LazyFunction {
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        let function = self.function.get_or_try_init(|| self.open()).await.map_err(|error| {
            let name = &self.options.name;
            InvokeError::Host(format!("cannot open function {name:?} at {}: {error:#}", self.spec))
        })?;
        function.invoke(request).await
    }
}
