//! A function that is built and started by its first call.

use std::sync::Arc;

use async_trait::async_trait;
use athena_conformance::{Invoke, InvokeError};
use bytes::Bytes;
use tokio::sync::OnceCell;

use super::functions::Settings;
use crate::{
    function::{self, FunctionOptions},
    object_store::LocalS3,
    spec::Spec,
};

/// A function that a query may never need.
#[derive(Debug)]
pub(super) struct LazyFunction {
    pub(super) name: String,
    pub(super) spec: Spec,
    pub(super) settings: Settings,
    pub(super) s3: Arc<OnceCell<LocalS3>>,
    pub(super) function: OnceCell<Arc<dyn Invoke>>,
}

impl LazyFunction {
    async fn open(&self) -> anyhow::Result<Arc<dyn Invoke>> {
        let env = if self.spec.is_hosted() { local_s3(&self.s3).await?.env() } else { Vec::new() };
        let options = FunctionOptions {
            name: self.name.clone(),
            memory_mb: self.settings.memory_mb,
            timeout: self.settings.timeout,
            concurrency: self.settings.concurrency,
            show_output: self.settings.show_output,
            env,
            ..FunctionOptions::default()
        };
        function::open(&self.spec, options).await
    }
}

/// The S3 stand-in, started by whoever needs it first.
pub(super) async fn local_s3(s3: &OnceCell<LocalS3>) -> anyhow::Result<&LocalS3> {
    s3.get_or_try_init(|| LocalS3::start(None)).await
}

#[async_trait]
impl Invoke for LazyFunction {
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        let function = self.function.get_or_try_init(|| self.open()).await.map_err(|error| {
            InvokeError::Host(format!(
                "function {:?} at {} cannot be opened: {error:#}",
                self.name, self.spec
            ))
        })?;
        function.invoke(request).await
    }
}
