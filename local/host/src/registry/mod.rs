//! Functions by name, opened on their first invocation, and what all of them share.

mod lazy_function;
mod shared_s3;
mod spill_store;

use std::{collections::BTreeMap, sync::Arc};

use athena_client::{ClientOptions, FederatedClient, Invoke};
use athena_spill::ObjectStore;
use tokio::sync::OnceCell;

use crate::{local_s3::LocalS3, options::FunctionOptions, spec::Spec};
use lazy_function::LazyFunction;
use shared_s3::SharedS3;
use spill_store::SpillStore;

/// Named functions with the same options, and one S3 stand-in for all that are hosted here.
///
/// Nothing is built, started or connected before the first invocation. Clones share the S3
/// stand-in and the functions that were registered before.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    options: FunctionOptions,
    client: ClientOptions,
    s3: SharedS3,
    /// In the order of registration: the first catalog is the default of a query.
    registered: Vec<(String, Spec, Arc<dyn Invoke>)>,
}

impl Registry {
    /// Creates a registry without functions; `options` apply to each function, except the name.
    pub fn new(options: FunctionOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Sets the sizes and versions that the clients of [`clients`](Self::clients) and
    /// [`open_client`](Self::open_client) ask for.
    #[must_use]
    pub fn with_client_options(self, client: ClientOptions) -> Self {
        Self { client, ..self }
    }

    /// Registers the function at `spec` as `name`.
    ///
    /// # Errors
    ///
    /// If `name` is registered already.
    pub fn register(&mut self, name: &str, spec: Spec) -> anyhow::Result<()> {
        if self.registered.iter().any(|(registered, ..)| registered == name) {
            anyhow::bail!("{name:?} names two functions; each function needs a name of its own");
        }
        let function = self.open(name, spec.clone());
        self.registered.push((name.to_owned(), spec, function));
        Ok(())
    }

    /// Returns the registered functions by name.
    pub fn functions(&self) -> BTreeMap<String, Arc<dyn Invoke>> {
        self.registered
            .iter()
            .map(|(name, _, function)| (name.clone(), Arc::clone(function)))
            .collect()
    }

    /// Returns whether a registered function is hosted here, and so uses the S3 stand-in.
    pub fn has_hosted(&self) -> bool {
        self.registered.iter().any(|(_, spec, _)| spec.is_hosted())
    }

    /// Returns a client of each registered function, in the order of registration.
    pub fn clients(&self) -> Vec<FederatedClient> {
        self.registered
            .iter()
            .map(|(name, spec, function)| self.client(name, spec, Arc::clone(function)))
            .collect()
    }

    /// Returns a client of the function at `spec`, which is not registered.
    pub fn open_client(&self, name: &str, spec: Spec) -> FederatedClient {
        let function = self.open(name, spec.clone());
        self.client(name, &spec, function)
    }

    /// Returns the function at `spec`, which is not registered.
    pub fn open(&self, name: &str, spec: Spec) -> Arc<dyn Invoke> {
        Arc::new(LazyFunction {
            spec,
            options: FunctionOptions { name: name.to_owned(), ..self.options.clone() },
            s3: self.s3.clone(),
            function: OnceCell::new(),
        })
    }

    /// Returns the store that the function at `spec` spills to: the S3 stand-in for a function
    /// hosted here, S3 for others.
    pub fn spill_store(&self, spec: &Spec) -> Arc<dyn ObjectStore> {
        Arc::new(SpillStore::new(spec.is_hosted(), self.s3.clone()))
    }

    /// Returns the S3 stand-in, and starts it if no function has.
    ///
    /// # Errors
    ///
    /// If no temporary folder can be made, or no port on the loopback interface opened.
    pub async fn local_s3(&self) -> anyhow::Result<&LocalS3> {
        self.s3.get().await
    }

    fn client(&self, name: &str, spec: &Spec, function: Arc<dyn Invoke>) -> FederatedClient {
        FederatedClient::new(name, function, Some(self.spill_store(spec)), self.client.clone())
    }
}
