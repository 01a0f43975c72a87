//! Secrets that are fetched by name, and kept for a while.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Secret, file::SecretFile};
use crate::{Error, ErrorKind, OrError, Result, Setting};

/// Time for which a secret is used before it is fetched again.
const MAX_AGE: Duration = Duration::from_mins(5);

/// Beginning of a reference in a text.
const REFERENCE: &str = "${secret:";

/// Source of secrets by name.
#[async_trait]
pub trait SecretStore: Send + Sync + 'static {
    /// Fetches the current value of the secret `name`.
    ///
    /// # Errors
    ///
    /// `NotFound` for a secret that does not exist, `AccessDenied` without a permission. Errors
    /// never contain a value.
    async fn fetch(&self, name: &str) -> Result<Secret>;
}

/// Secrets by name, each fetched on first use and kept for five minutes.
///
/// A rotated secret is found at once: a call with [`with`](Self::with) that the source refuses as
/// `InvalidCredentials` is repeated with the new value.
///
/// ```
/// # use athena_connector_sdk::{ErrorKind, Error, Result, Secret, SecretStore, Secrets, async_trait};
/// # struct Vault;
/// # #[async_trait]
/// # impl SecretStore for Vault {
/// #     async fn fetch(&self, _: &str) -> Result<Secret> {
/// #         Ok(Secret::new(r#"{"username": "scott", "password": "tiger"}"#))
/// #     }
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # let secrets = Secrets::new(Vault);
/// # async fn connect(_url: Secret) -> Result<u32> { Ok(7) }
/// // The secret `shop/database` is a JSON object, as that of a database is.
/// let url = "postgres://${secret:shop/database#username}:${secret:shop/database#password}@db/shop";
/// let connection = secrets.with(url, |url| connect(url)).await?;
/// # assert_eq!(secrets.resolve(url).await?.expose(), "postgres://scott:tiger@db/shop");
/// # let _ = connection;
/// # Ok::<(), Error>(())
/// # })?;
/// # Ok::<(), Error>(())
/// ```
pub struct Secrets {
    store: Arc<dyn SecretStore>,
    kept: Mutex<BTreeMap<String, Entry>>,
    max_age: Duration,
}

/// Value of a secret once it is fetched. Concurrent callers wait for one fetch.
type Entry = Arc<tokio::sync::Mutex<Option<Kept>>>;

struct Kept {
    value: Secret,
    fetched: Instant,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Creates the secrets of `store`.
    pub fn new(store: impl SecretStore) -> Self {
        Self { store: Arc::new(store), kept: Mutex::default(), max_age: MAX_AGE }
    }

    /// Sets the time for which a secret is used before it is fetched again, by default 5 minutes.
    #[must_use]
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self { max_age, ..self }
    }

    /// Creates the secrets of the environment: those of AWS Secrets Manager in the account of the
    /// function, or of the JSON file that [`Setting::Secrets`] names.
    ///
    /// Never fails and calls nothing: the first use of a secret does. AWS Secrets Manager needs the
    /// feature `secrets-manager`.
    pub fn from_env() -> Self {
        let setting = std::env::var(Setting::Secrets.variable()).unwrap_or_default();
        match setting.strip_prefix("file:") {
            Some(path) => Self::new(SecretFile::new(path)),
            None => Self::of_account(),
        }
    }

    #[cfg(feature = "secrets-manager")]
    fn of_account() -> Self {
        Self::new(super::manager::SecretsManager::default())
    }

    #[cfg(not(feature = "secrets-manager"))]
    fn of_account() -> Self {
        struct Missing;

        #[async_trait]
        impl SecretStore for Missing {
            async fn fetch(&self, name: &str) -> Result<Secret> {
                Err(Error::internal(format!(
                    "the secret {name:?} is in AWS Secrets Manager; enable the feature \
                     secrets-manager of the SDK"
                )))
            }
        }

        Self::new(Missing)
    }

    /// Returns the secret `name`, or the member `member` of the JSON object that it is for
    /// `name#member`.
    ///
    /// # Errors
    ///
    /// Those of the store; `InvalidInput` for a secret that is no JSON object with the member.
    pub async fn get(&self, name: &str) -> Result<Secret> {
        self.value(name, self.max_age).await
    }

    /// Returns `text` with each `${secret:NAME}` replaced by the secret, and
    /// `${secret:NAME#MEMBER}` by a member of it.
    ///
    /// # Errors
    ///
    /// As of [`get`](Self::get); `InvalidInput` for a reference without an end.
    pub async fn resolve(&self, text: &str) -> Result<Secret> {
        self.replace(text, self.max_age).await
    }

    /// Calls `work` with `text`, resolved. If the source refuses the credentials, and they have
    /// changed since they were fetched, calls it once more with the new ones.
    ///
    /// # Errors
    ///
    /// Those of `work`, and of [`resolve`](Self::resolve).
    pub async fn with<T, F: Future<Output = Result<T>>>(
        &self,
        text: &str,
        mut work: impl FnMut(Secret) -> F,
    ) -> Result<T> {
        let kept = self.resolve(text).await?;
        let refused = match work(kept.clone()).await {
            Err(error) if error.kind() == ErrorKind::InvalidCredentials => error,
            result => return result,
        };
        let current = self.replace(text, Duration::ZERO).await?;
        if current == kept { Err(refused) } else { work(current).await }
    }

    /// Forgets all values, so that the next use of each fetches it again: after a source has
    /// refused several of them together.
    pub fn forget(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn replace(&self, text: &str, max_age: Duration) -> Result<Secret> {
        let mut resolved = Secret::new("");
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(REFERENCE) {
            let (name, after) = after.split_once('}').ok_or_else(|| {
                Error::invalid_input(format!("a {REFERENCE:?} has no \"}}\" after its name"))
            })?;
            resolved.push(before);
            resolved.push(self.value(name, max_age).await?.expose());
            rest = after;
        }
        resolved.push(rest);
        Ok(resolved)
    }

    async fn value(&self, reference: &str, max_age: Duration) -> Result<Secret> {
        match reference.split_once('#') {
            None => self.fetch(reference, max_age).await,
            Some((name, member)) => self.fetch(name, max_age).await?.member(name, member),
        }
    }

    /// Returns the secret `name`, at most `max_age` old.
    async fn fetch(&self, name: &str, max_age: Duration) -> Result<Secret> {
        let entry = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(kept.entry(name.to_owned()).or_default())
        };
        let mut entry = entry.lock().await;
        if let Some(kept) = entry.as_ref().filter(|kept| kept.fetched.elapsed() < max_age) {
            return Ok(kept.value.clone());
        }
        let value = self.store.fetch(name).await?;
        *entry = Some(Kept { value: value.clone(), fetched: Instant::now() });
        Ok(value)
    }
}

impl Secret {
    /// Returns a member of the JSON object that the secret `name` is.
    fn member(&self, name: &str, member: &str) -> Result<Self> {
        let members: BTreeMap<String, serde_json::Value> = serde_json::from_str(self.expose())
            .or_error(ErrorKind::InvalidInput, || {
                format!("the secret {name:?} is no JSON object, and {member:?} of it is needed")
            })?;
        match members.get(member) {
            Some(serde_json::Value::String(text)) => Ok(Self::new(text)),
            Some(number @ serde_json::Value::Number(_)) => Ok(Self::new(number.to_string())),
            Some(_) | None => Err(Error::invalid_input(format!(
                "the secret {name:?} has no text or number {member:?}; it has {:?}",
                members.keys().collect::<Vec<_>>()
            ))),
        }
    }
}
