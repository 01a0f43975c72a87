//! The functions that a command line names, started when they are first called.

use std::{collections::HashSet, sync::Arc, time::Duration};

use athena_conformance::Invoke;
use athena_spill::ObjectStore;
use tokio::sync::OnceCell;

use super::{
    checkout,
    lazy_function::{LazyFunction, local_s3},
    spill_store::SpillStore,
};
use crate::{
    cli::{Connectors, Running},
    client::{ClientOptions, FederatedClient},
    engine::OpenFunction,
    object_store::LocalS3,
    spec::Spec,
};

/// Opens functions with the same options, and one S3 stand-in for all that run here.
#[derive(Debug, Clone)]
pub(super) struct Functions {
    connectors: Vec<(String, Spec)>,
    client: ClientOptions,
    settings: Settings,
    s3: Arc<OnceCell<LocalS3>>,
}

/// What a hosted function is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) memory_mb: u32,
    pub(super) timeout: Duration,
    pub(super) concurrency: usize,
    /// Whether what it prints goes to standard error.
    pub(super) show_output: bool,
}

impl Settings {
    /// Those of one process, with memory in MB and a timeout in seconds.
    pub(super) fn one_process(memory_mb: u32, timeout: u32) -> Self {
        let timeout = Duration::from_secs(u64::from(timeout));
        Self { memory_mb, timeout, concurrency: 1, show_output: true }
    }
}

impl Functions {
    /// The functions of `running`.
    pub(super) fn new(running: &Running) -> Self {
        let client = ClientOptions {
            max_block_size: running.max_block_size,
            max_inline_block_size: running.max_inline,
            ..ClientOptions::default()
        };
        Self { client, ..Self::of(&running.connectors) }
    }

    /// The functions of `connectors`, with sizes as Athena has them.
    pub(super) fn of(connectors: &Connectors) -> Self {
        Self {
            connectors: connectors.named.clone(),
            client: ClientOptions::default(),
            settings: Settings {
                memory_mb: connectors.memory,
                timeout: connectors.timeout(),
                concurrency: usize::from(connectors.concurrency),
                show_output: true,
            },
            s3: Arc::default(),
        }
    }

    /// No function but one that is named elsewhere.
    pub(super) fn for_one(settings: Settings) -> Self {
        Self {
            connectors: Vec::new(),
            client: ClientOptions::default(),
            settings,
            s3: Arc::default(),
        }
    }

    /// The name and place of every function.
    pub(super) fn specs(&self) -> anyhow::Result<Vec<(String, Spec)>> {
        if self.connectors.is_empty() {
            return checkout::connectors();
        }
        let mut names = HashSet::new();
        if let Some((name, _)) = self.connectors.iter().find(|(name, _)| !names.insert(name)) {
            anyhow::bail!(
                "--connector names {name:?} twice; each function needs a name of its own"
            );
        }
        Ok(self.connectors.clone())
    }

    /// A client of every function. None is started yet.
    pub(super) fn catalogs(&self) -> anyhow::Result<Vec<FederatedClient>> {
        Ok(self.specs()?.into_iter().map(|(name, spec)| self.client_of(&name, spec)).collect())
    }

    /// Opens functions that a query names by their place.
    pub(super) fn opener(&self) -> OpenFunction {
        let functions = self.clone();
        Arc::new(move |text| {
            let functions = functions.clone();
            Box::pin(async move {
                let spec = text.parse::<Spec>()?;
                Ok(functions.client_of(&text, spec))
            })
        })
    }

    /// The function at `spec`, called `name`, to be started by the first call.
    pub(super) fn function(&self, name: &str, spec: Spec) -> Arc<dyn Invoke> {
        Arc::new(LazyFunction {
            name: name.to_owned(),
            spec,
            settings: self.settings,
            s3: Arc::clone(&self.s3),
            function: OnceCell::new(),
        })
    }

    /// The S3 stand-in that functions which run here use, started now if none has been called yet.
    pub(super) async fn local_s3(&self) -> anyhow::Result<&LocalS3> {
        local_s3(&self.s3).await
    }

    /// Where what the function at `spec` spills is read from.
    pub(super) fn spill_store(&self, spec: &Spec) -> Arc<dyn ObjectStore> {
        Arc::new(SpillStore::new(spec.is_hosted(), Arc::clone(&self.s3)))
    }

    fn client_of(&self, name: &str, spec: Spec) -> FederatedClient {
        let store = self.spill_store(&spec);
        FederatedClient::new(name, self.function(name, spec), Some(store), self.client.clone())
    }
}
