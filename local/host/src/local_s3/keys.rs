//! Keys that the store accepts.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use s3s::{
    S3Result,
    auth::{S3Auth, SecretKey},
    s3_error,
};

/// Secret keys by access key. Clones share them, so that keys can be added to a running store.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(Arc<RwLock<HashMap<String, SecretKey>>>);

impl Keys {
    pub(super) fn accept(&self, access_key: &str, secret_key: &str) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(access_key.to_owned(), SecretKey::from(secret_key));
    }
}

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(access_key)
            .cloned()
            .ok_or_else(|| s3_error!(InvalidAccessKeyId, "not a key of this store"))
    }
}
