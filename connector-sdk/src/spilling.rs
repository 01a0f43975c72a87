//! Where this function spills: its place in S3, its clients, its keys.

use std::{fmt, sync::Arc};

use athena_protocol::{EncryptionKey, FederatedIdentity, S3SpillLocation};
use athena_spill::{Encryption, KeyFactory, LocalKeyFactory, ObjectStore, SpillSettings};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{Error, Result, Setting, Settings};

/// Where new splits are to spill.
///
/// # Errors
///
/// As [`refuse_options`].
pub(crate) fn place_of_splits(
    settings: &Settings,
    identity: Option<&FederatedIdentity>,
) -> Result<SpillSettings> {
    refuse_options(settings, identity)?;
    let mut place = settings.spill.clone();
    if let Some(bucket) = option(identity, Setting::SpillBucket) {
        place = place.with_bucket(bucket);
    }
    if let Some(prefix) = option(identity, Setting::SpillPrefix) {
        place = place.with_prefix(prefix);
    }
    Ok(place)
}

/// The location of one new split in `place`; `None` where nothing can be spilled.
pub(crate) fn new_location(
    place: &SpillSettings,
    query_id: Option<&str>,
) -> Option<S3SpillLocation> {
    place.bucket.as_ref()?;
    Some(place.split_location(query_id.unwrap_or_default(), &Uuid::new_v4().to_string()))
}

/// Refuses a spill place that the caller chose by way of its identity, unless foreign places are
/// allowed.
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

/// Checks the spill location of a split that came in: a request is not trusted, and whoever may
/// invoke the function could have it write rows anywhere that the function may write.
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
    if settings.spill.contains(location) || settings.allow_foreign_spill {
        return Ok(());
    }
    let own = match &settings.spill.bucket {
        Some(own) => format!("this function spills to s3://{own}/{}/ alone", settings.spill.prefix),
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
    /// Set once the bucket was found usable; a failure is not remembered, so that it can be
    /// repaired.
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
        self.store.get_or_try_init(async || make_store(settings)).await
    }

    /// The key of a new split; `None` if encryption is off.
    pub(crate) async fn key(&self, settings: &Settings) -> Result<Option<EncryptionKey>> {
        if settings.spill.encryption == Encryption::Off {
            return Ok(None);
        }
        let keys = self.keys.get_or_try_init(async || make_keys(settings)).await?;
        keys.create().await.map(Some)
    }

    /// Checks the function's own bucket, once in the life of the process.
    pub(crate) async fn check_bucket(&self, settings: &Settings) -> Result<()> {
        let Some(bucket) = settings.spill.bucket.as_deref().filter(|_| settings.check_spill_bucket)
        else {
            return Ok(());
        };
        let check = || async { self.store(settings).await?.check_bucket(bucket).await };
        self.bucket_checked.get_or_try_init(check).await.copied()
    }
}

#[cfg(feature = "lambda")]
#[expect(clippy::unnecessary_wraps, reason = "there is none without the feature")]
fn make_store(settings: &Settings) -> Result<Arc<dyn ObjectStore>> {
    Ok(Arc::new(athena_spill::aws::S3Store::new(&settings.spill)))
}

#[cfg(feature = "lambda")]
#[expect(clippy::unnecessary_wraps, reason = "there is none without the feature")]
fn make_kms_keys(key_id: &str) -> Result<Arc<dyn KeyFactory>> {
    Ok(Arc::new(athena_spill::aws::KmsKeyFactory::new(key_id)))
}

#[cfg(not(feature = "lambda"))]
fn make_store(_: &Settings) -> Result<Arc<dyn ObjectStore>> {
    Err(Error::internal(
        "no object store: call `Handler::with_object_store`, or turn the feature `lambda` on",
    ))
}

#[cfg(not(feature = "lambda"))]
fn make_kms_keys(_: &str) -> Result<Arc<dyn KeyFactory>> {
    Err(Error::internal(
        "no KMS client: call `Handler::with_key_factory`, or turn the feature `lambda` on",
    ))
}

fn make_keys(settings: &Settings) -> Result<Arc<dyn KeyFactory>> {
    match &settings.spill.encryption {
        Encryption::Local | Encryption::Off => Ok(Arc::new(LocalKeyFactory)),
        Encryption::Kms(key_id) => make_kms_keys(key_id),
    }
}
