//! Spill locations, and the clients and keys for spilling.

use std::{fmt, sync::Arc};

use athena_protocol::{EncryptionKey, FederatedIdentity, S3SpillLocation};
use athena_spill::{Encryption, KeyFactory, LocalKeyFactory, ObjectStore, SpillSettings};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{Error, Result, Setting, Settings};

/// Returns the spill settings of new splits: those of the function, or the bucket and prefix that
/// the caller's identity names.
///
/// # Errors
///
/// Those of [`reject_foreign_options`].
pub(crate) fn spill_settings_of_splits(
    settings: &Settings,
    identity: Option<&FederatedIdentity>,
) -> Result<SpillSettings> {
    reject_foreign_options(settings, identity)?;
    let mut spill = settings.spill.clone();
    if let Some(bucket) = config_option(identity, Setting::SpillBucket) {
        spill = spill.with_bucket(bucket);
    }
    if let Some(prefix) = config_option(identity, Setting::SpillPrefix) {
        spill = spill.with_prefix(prefix);
    }
    Ok(spill)
}

/// Creates the spill location of one new split; `None` without a spill bucket.
pub(crate) fn new_spill_location(
    spill: &SpillSettings,
    query_id: Option<&str>,
) -> Option<S3SpillLocation> {
    spill.bucket.as_ref()?;
    Some(spill.split_location(query_id.unwrap_or_default(), &Uuid::new_v4().to_string()))
}

/// Rejects a spill bucket or prefix in the caller's identity that is not the function's own, unless
/// foreign locations are allowed.
///
/// # Errors
///
/// `InvalidInput`, which names the option.
fn reject_foreign_options(settings: &Settings, identity: Option<&FederatedIdentity>) -> Result<()> {
    let own = [
        (Setting::SpillBucket, settings.spill.bucket.as_deref()),
        (Setting::SpillPrefix, Some(settings.spill.prefix.as_str())),
    ];
    for (setting, own) in own {
        let Some(requested) = config_option(identity, setting) else { continue };
        if own != Some(requested) && !settings.allow_foreign_spill {
            return Err(Error::invalid_input(format!(
                "the request sets {} to {requested:?}, which differs from the function's own; set \
                 {} to true to allow it",
                setting.variable(),
                Setting::AllowForeignSpill.variable()
            )));
        }
    }
    Ok(())
}

/// Returns the configuration option of the identity, unless it is blank.
fn config_option(identity: Option<&FederatedIdentity>, setting: Setting) -> Option<&str> {
    let option = identity?.config_options.get(setting.variable())?;
    option.as_deref().filter(|value| !value.trim().is_empty())
}

/// Validates the spill location and the encryption key of the split in a request.
///
/// Requests are not trusted: without these checks, anyone who may invoke the function could make it
/// write rows to any location that its permissions allow, to that of another query, or in clear
/// text.
///
/// # Errors
///
/// `InvalidInput` for a location outside of the function's bucket and prefix, outside of the folder
/// of the query, or that is a single object; and for one without a key while encryption is on.
pub(crate) fn check_spill_target(
    settings: &Settings,
    identity: Option<&FederatedIdentity>,
    query_id: &str,
    split: &athena_protocol::Split,
) -> Result<()> {
    reject_foreign_options(settings, identity)?;
    let Some(location) = &split.spill_location else { return Ok(()) };
    let (Some(bucket), Some(key)) = (&location.bucket, &location.key) else {
        return Err(Error::invalid_input("the split's spill location has no bucket or no key"));
    };
    if !location.directory {
        return Err(Error::invalid_input(format!(
            "the split's spill location s3://{bucket}/{key} is one object (directory is false), \
             expected a prefix"
        )));
    }
    if split.encryption_key.is_none() && settings.spill.encryption != Encryption::Off {
        return Err(Error::invalid_input(format!(
            "the split has no encryption key, and the function encrypts what it spills; set {} to \
             true for all functions that make or read splits, or for none",
            Setting::DisableSpillEncryption.variable()
        )));
    }
    if settings.allow_foreign_spill {
        return Ok(());
    }
    if !settings.spill.contains(location) {
        return Err(foreign_location(settings, bucket, key));
    }
    let folder = settings.spill.split_location(query_id, "").key.unwrap_or_default();
    // Without a query ID, the folder is that of all queries: only what is directly in it is own.
    let is_own = |split: &str| !split.is_empty() && !split.contains('/');
    if key.strip_prefix(&folder).is_some_and(is_own) {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "the split's spill location is s3://{bucket}/{key}, outside of s3://{bucket}/{folder}, \
         where query {query_id} spills; send the query ID with which the splits were made"
    )))
}

fn foreign_location(settings: &Settings, bucket: &str, key: &str) -> Error {
    let own = match &settings.spill.bucket {
        Some(own) => format!("the function spills only to s3://{own}/{}/", settings.spill.prefix),
        None => format!("the function has no {}", Setting::SpillBucket.variable()),
    };
    Error::invalid_input(format!(
        "the split's spill location is s3://{bucket}/{key}, but {own}; if all callers are trusted, \
         set {} to true",
        Setting::AllowForeignSpill.variable()
    ))
}

/// Clients for spilling, created on first use.
#[derive(Default)]
pub(crate) struct Spilling {
    store: OnceCell<Arc<dyn ObjectStore>>,
    keys: OnceCell<Arc<dyn KeyFactory>>,
    /// Set once the bucket was usable. A failure is not cached, so that the bucket can be fixed.
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
        self.store.get_or_try_init(async || create_store(settings)).await
    }

    /// Creates the key of a new split; `None` if encryption is disabled.
    pub(crate) async fn key(&self, settings: &Settings) -> Result<Option<EncryptionKey>> {
        if settings.spill.encryption == Encryption::Off {
            return Ok(None);
        }
        let keys = self.keys.get_or_try_init(async || create_keys(settings)).await?;
        keys.create().await.map(Some)
    }

    /// Checks the function's own bucket until it was usable once.
    pub(crate) async fn check_bucket(&self, settings: &Settings) -> Result<()> {
        let Some(bucket) = settings.spill.bucket.as_deref().filter(|_| settings.check_spill_bucket)
        else {
            return Ok(());
        };
        self.bucket_checked
            .get_or_try_init(async || self.store(settings).await?.check_bucket(bucket).await)
            .await
            .copied()
    }
}

#[cfg(feature = "lambda")]
#[expect(clippy::unnecessary_wraps, reason = "fails without the feature")]
fn create_store(settings: &Settings) -> Result<Arc<dyn ObjectStore>> {
    Ok(Arc::new(athena_spill::aws::S3Store::new(&settings.spill)))
}

#[cfg(feature = "lambda")]
#[expect(clippy::unnecessary_wraps, reason = "fails without the feature")]
fn create_kms_keys(key_id: &str) -> Result<Arc<dyn KeyFactory>> {
    Ok(Arc::new(athena_spill::aws::KmsKeyFactory::new(key_id)))
}

#[cfg(not(feature = "lambda"))]
fn create_store(_: &Settings) -> Result<Arc<dyn ObjectStore>> {
    Err(Error::internal(
        "no object store; call `Handler::with_object_store` or enable the feature `lambda`",
    ))
}

#[cfg(not(feature = "lambda"))]
fn create_kms_keys(_: &str) -> Result<Arc<dyn KeyFactory>> {
    Err(Error::internal(
        "no KMS client; call `Handler::with_key_factory` or enable the feature `lambda`",
    ))
}

fn create_keys(settings: &Settings) -> Result<Arc<dyn KeyFactory>> {
    match &settings.spill.encryption {
        Encryption::Local | Encryption::Off => Ok(Arc::new(LocalKeyFactory)),
        Encryption::Kms(key_id) => create_kms_keys(key_id),
    }
}
