//! Where this function spills: its place in S3, its clients, its keys.

use std::{fmt, sync::Arc};

use athena_protocol::{EncryptionKey, FederatedIdentity, S3SpillLocation};
use athena_spill::{Encryption, KeyFactory, ObjectStore};
use tokio::sync::OnceCell;

use crate::{Error, Result, Setting, Settings};

/// A bucket and a prefix in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    bucket: String,
    prefix: String,
}

impl Place {
    /// The function's own place, if it has one.
    fn own(settings: &Settings) -> Option<Self> {
        let bucket = settings.spill.bucket.clone()?;
        Some(Self { bucket, prefix: settings.spill.prefix.clone() })
    }

    /// Where the splits of a request by `identity` are to spill; `None` where nothing can be spilled.
    ///
    /// # Errors
    ///
    /// As [`refuse_options`].
    pub(crate) fn of_splits(settings: &Settings, identity: Option<&FederatedIdentity>) -> Result<Option<Self>> {
        refuse_options(settings, identity)?;
        let own = Self::own(settings);
        let bucket = option(identity, Setting::SpillBucket).map(str::to_owned);
        let prefix = option(identity, Setting::SpillPrefix).map(str::to_owned);
        let Some(bucket) = bucket.or_else(|| own.map(|own| own.bucket)) else { return Ok(None) };
        Ok(Some(Self { bucket, prefix: prefix.unwrap_or_else(|| settings.spill.prefix.clone()) }))
    }

    /// A new place for the blocks of one split (section 5.1 of the protocol).
    pub(crate) fn location(&self, query_id: Option<&str>) -> S3SpillLocation {
        split_location(&self.bucket, &self.prefix, query_id.unwrap_or_default())
    }
}

/// Refuses a spill place that the caller chose by way of its identity, unless foreign places are allowed.
///
/// # Errors
///
/// `InvalidInput`, naming the option.
fn refuse_options(settings: &Settings, identity: Option<&FederatedIdentity>) -> Result<()> {
    let own = [
        (Setting::SpillBucket, settings.spill.bucket.as_deref()),
        (Setting::SpillPrefix, Some(settings.spill.prefix.as_str())),
    ];
    for (setting, own) in own {
        let asked = option(identity, setting);
        if asked.is_some() && asked != own && !settings.allow_foreign_spill {
            return Err(Error::invalid_input(format!(
                "the request asks for {} {:?}, which is not this function's own; set {} to true to allow it",
                setting.variable(),
                asked.unwrap_or_default(),
                Setting::AllowForeignSpill.variable()
            )));
        }
    }
    Ok(())
}

/// The option of this name that travels with the identity, unless it is blank.
fn option(identity: Option<&FederatedIdentity>, setting: Setting) -> Option<&str> {
    let option = identity?.config_options.get(setting.variable())?;
    option.as_deref().filter(|value| !value.trim().is_empty())
}

/// Checks the spill location of a split that came in: a request is not trusted, and whoever may invoke the function could
/// have it write rows anywhere that the function may write.
///
/// # Errors
///
/// `InvalidInput` for a location outside of the function's bucket and prefix, or of one object.
pub(crate) fn check_location(
    settings: &Settings,
    identity: Option<&FederatedIdentity>,
    location: Option<&S3SpillLocation>,
) -> Result<()> {
    refuse_options(settings, identity)?;
    let Some(location) = location else { return Ok(()) };
    let (Some(bucket), Some(key)) = (&location.bucket, &location.key) else {
        return Err(Error::invalid_input("the split's spill location has no bucket or no key"));
    };
    if !location.directory {
        return Err(Error::invalid_input(format!(
            "the split's spill location s3://{bucket}/{key} is one object (directory is false), expected a prefix"
        )));
    }
    let inside = Place::own(settings).is_some_and(|own| is_inside(location, &own.bucket, &own.prefix));
    if inside || settings.allow_foreign_spill {
        return Ok(());
    }
    let own = match Place::own(settings) {
        Some(own) => format!("this function spills to s3://{}/{}/ alone", own.bucket, own.prefix),
        None => format!("this function has no {}", Setting::SpillBucket.variable()),
    };
    Err(Error::invalid_input(format!(
        "the split's spill location is s3://{bucket}/{key}, but {own}; if both ends are to be trusted, set {} to true",
        Setting::AllowForeignSpill.variable()
    )))
}

/// The clients that spilling needs, made when they are first used.
#[derive(Default)]
pub(crate) struct Spilling {
    store: OnceCell<Arc<dyn ObjectStore>>,
    keys: OnceCell<Arc<dyn KeyFactory>>,
    /// Set once the bucket was found usable; a failure is not remembered, so that it can be repaired.
    bucket_checked: OnceCell<()>,
}

impl fmt::Debug for Spilling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spilling").field("store", &self.store.get()).finish_non_exhaustive()
    }
}

impl Spilling {
    pub(crate) fn with_store(self, store: Arc<dyn ObjectStore>) -> Self {
        Self { store: OnceCell::new_with(Some(store)), ..self }
    }

    pub(crate) fn with_keys(self, keys: Arc<dyn KeyFactory>) -> Self {
        Self { keys: OnceCell::new_with(Some(keys)), ..self }
    }

    pub(crate) async fn store(&self, settings: &Settings) -> Result<&Arc<dyn ObjectStore>> {
        self.store.get_or_try_init(|| make_store(settings)).await
    }

    /// The key of a new split; `None` if encryption is off.
    pub(crate) async fn key(&self, settings: &Settings) -> Result<Option<EncryptionKey>> {
        if settings.spill.encryption == Encryption::Off {
            return Ok(None);
        }
        let keys = self.keys.get_or_try_init(|| make_keys(settings)).await?;
        keys.create().await.map(Some)
    }

    /// Checks the function's own bucket, once in the life of the process.
    pub(crate) async fn check_bucket(&self, settings: &Settings) -> Result<()> {
        let Some(bucket) = settings.spill.bucket.as_deref().filter(|_| settings.check_spill_bucket) else {
            return Ok(());
        };
        let check = || async { self.store(settings).await?.check_bucket(bucket).await };
        self.bucket_checked.get_or_try_init(check).await.copied()
    }
}

#[cfg(feature = "lambda")]
async fn make_store(settings: &Settings) -> Result<Arc<dyn ObjectStore>> {
    Ok(Arc::new(athena_spill::aws::S3Store::new(&settings.spill)))
}

#[cfg(not(feature = "lambda"))]
async fn make_store(_: &Settings) -> Result<Arc<dyn ObjectStore>> {
    Err(Error::internal("no object store: call `Handler::with_object_store`, or build with the feature `lambda`"))
}

async fn make_keys(settings: &Settings) -> Result<Arc<dyn KeyFactory>> {
    match &settings.spill.encryption {
        #[cfg(feature = "lambda")]
        Encryption::Kms(key) => Ok(Arc::new(athena_spill::aws::KmsKeyFactory::new(key.clone()))),
        #[cfg(not(feature = "lambda"))]
        Encryption::Kms(_) => {
            Err(Error::internal("no key factory: call `Handler::with_key_factory`, or build with the feature `lambda`"))
        }
        Encryption::Local | Encryption::Off => Ok(Arc::new(athena_spill::LocalKeyFactory)),
    }
}

fn split_location(bucket: &str, prefix: &str, query_id: &str) -> S3SpillLocation {
    let id = uuid::Uuid::new_v4();
    let query_id = query_id.trim();
    let key = if query_id.is_empty() || prefix.contains(query_id) {
        format!("{prefix}/{id}")
    } else {
        format!("{prefix}/{query_id}/{id}")
    };
    S3SpillLocation { bucket: Some(bucket.to_owned()), key: Some(key), directory: true }
}

fn is_inside(location: &S3SpillLocation, bucket: &str, prefix: &str) -> bool {
    let below = |key: &str| key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    location.bucket.as_deref() == Some(bucket) && location.key.as_deref().is_some_and(below)
}
