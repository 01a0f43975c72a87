//! Named functions, opened on first use, and the S3 stand-in that they share.

mod lazy_function;
mod shared_s3;
mod spill_store;

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};

use athena_client::{ClientOptions, FederatedClient, Invoke};
use athena_spill::ObjectStore;
use tokio::sync::OnceCell;

use crate::{local_s3::LocalS3, options::FunctionOptions, spec::Spec};
use lazy_function::LazyFunction;
use shared_s3::SharedS3;
use spill_store::SpillStore;

/// Named functions with common options, and one S3 stand-in for all that are hosted here.
///
/// The commands of `athena-local` open their functions through a registry.
///
/// Functions are lazy: nothing is built, started or connected before the first invocation, and a
/// function that cannot be opened fails each invocation with [`InvokeError::Host`] until it can be.
/// Hosted functions receive the address and the keys of the S3 stand-in in their environment, and
/// spill to it.
///
/// Clones share the S3 stand-in and the functions registered so far; later registrations are not
/// shared. When all clones and the functions, clients and stores from them are dropped, the
/// processes are killed, the S3 stand-in stops, and its objects are deleted.
///
/// ```
/// use athena_lambda_host::{FunctionOptions, Registry};
///
/// let mut registry = Registry::new(FunctionOptions { memory_mb: 512, ..Default::default() });
/// registry.register("shop", "exec:./bootstrap".parse()?)?;
/// registry.register("bank", "http://127.0.0.1:9000".parse()?)?;
///
/// let clients = registry.clients();
/// let catalogs: Vec<_> = clients.iter().map(|client| client.catalog()).collect();
/// assert_eq!(catalogs, ["shop", "bank"]);
/// assert!(registry.has_hosted());
/// # Ok::<(), anyhow::Error>(())
/// ```
///
/// [`InvokeError::Host`]: athena_client::InvokeError::Host
#[derive(Debug, Clone, Default)]
pub struct Registry {
    options: FunctionOptions,
    client_options: ClientOptions,
    s3: SharedS3,
    /// In order of registration: the first catalog is the default one of a query.
    registered: Vec<Registered>,
}

#[derive(Debug, Clone)]
struct Registered {
    name: String,
    spec: Spec,
    function: Arc<dyn Invoke>,
}

impl Registry {
    /// Creates an empty registry. `options` apply to each function, except the name.
    pub fn new(options: FunctionOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Sets the options of clients. They are [`ClientOptions::default`] otherwise.
    ///
    /// Applies to all later calls of [`clients`](Self::clients) and
    /// [`open_client`](Self::open_client).
    #[must_use]
    pub fn with_client_options(self, client_options: ClientOptions) -> Self {
        Self { client_options, ..self }
    }

    /// Registers the function at `spec` as `name`.
    ///
    /// See [`register_with_env`](Self::register_with_env) for variables of its own.
    ///
    /// # Errors
    ///
    /// If `name` is already registered.
    pub fn register(&mut self, name: &str, spec: Spec) -> anyhow::Result<()> {
        self.register_with_env(name, spec, Vec::new())
    }

    /// Registers the function at `spec` as `name`, with environment variables of its own.
    ///
    /// They override those of the common options and of the S3 stand-in. A key pair among them
    /// (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`) is accepted by the stand-in, so that a
    /// function with an account of its own can still spill.
    ///
    /// # Errors
    ///
    /// If `name` is already registered.
    pub fn register_with_env(
        &mut self,
        name: &str,
        spec: Spec,
        env: Vec<(String, String)>,
    ) -> anyhow::Result<()> {
        if self.registered.iter().any(|registered| registered.name == name) {
            anyhow::bail!("function name {name:?} is used twice; give each function its own name");
        }
        let mut options = self.options.clone();
        options.env.extend(env);
        let function = self.open_with(name, spec.clone(), options);
        self.registered.push(Registered { name: name.to_owned(), spec, function });
        Ok(())
    }

    /// Returns the registered functions by name.
    pub fn functions(&self) -> BTreeMap<String, Arc<dyn Invoke>> {
        self.registered
            .iter()
            .map(|registered| (registered.name.clone(), Arc::clone(&registered.function)))
            .collect()
    }

    /// Returns whether any registered function is hosted here and so uses the S3 stand-in.
    pub fn has_hosted(&self) -> bool {
        self.registered.iter().any(|registered| registered.spec.is_hosted())
    }

    /// Returns one client per registered function, in order of registration.
    ///
    /// The catalog of a client is the name of its function. Each call returns new clients, which
    /// negotiate version and capabilities again; the functions behind them are the same.
    pub fn clients(&self) -> Vec<FederatedClient> {
        self.registered
            .iter()
            .map(|registered| {
                let function = Arc::clone(&registered.function);
                self.client(&registered.name, &registered.spec, function)
            })
            .collect()
    }

    /// Returns a client of the function at `spec`, with `name` as its catalog.
    ///
    /// The function is not registered: each call opens another one.
    pub fn open_client(&self, name: &str, spec: &Spec) -> FederatedClient {
        let function = self.open(name, spec.clone());
        self.client(name, spec, function)
    }

    /// Returns the function at `spec`, called `name`.
    ///
    /// The function is not registered: each call opens another one.
    pub fn open(&self, name: &str, spec: Spec) -> Arc<dyn Invoke> {
        self.open_with(name, spec, self.options.clone())
    }

    fn open_with(&self, name: &str, spec: Spec, options: FunctionOptions) -> Arc<dyn Invoke> {
        Arc::new(LazyFunction {
            spec,
            options: FunctionOptions { name: name.to_owned(), ..options },
            s3: self.s3.clone(),
            function: OnceCell::new(),
            explained: AtomicBool::new(false),
        })
    }

    /// Returns the store that the function at `spec` spills to: the S3 stand-in for a function
    /// hosted here, S3 in AWS for any other.
    ///
    /// The store is opened by its first use, with the credentials of the environment for AWS.
    pub fn spill_store(&self, spec: &Spec) -> Arc<dyn ObjectStore> {
        Arc::new(SpillStore::new(spec.is_hosted(), self.s3.clone()))
    }

    /// Returns the S3 stand-in, and starts it if it is not running.
    ///
    /// # Errors
    ///
    /// If a temporary folder cannot be created, or a port on the loopback interface not be opened.
    /// The next call tries again.
    pub async fn local_s3(&self) -> anyhow::Result<&LocalS3> {
        self.s3.get().await
    }

    fn client(&self, name: &str, spec: &Spec, function: Arc<dyn Invoke>) -> FederatedClient {
        let store = self.spill_store(spec);
        FederatedClient::new(name, function, Some(store), self.client_options.clone())
    }
}
