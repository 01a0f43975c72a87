//! Objects in memory.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;
use athena_protocol::{Error, Result};
use athena_spill::ObjectStore;
use bytes::Bytes;

/// A store of objects by bucket and key.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<BTreeMap<String, Bytes>>);

impl Memory {
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.0.lock().unwrap().get(&format!("{bucket}/{key}")).cloned()
    }

    pub(crate) fn set_object(&self, bucket: &str, key: &str, body: Bytes) {
        self.0.lock().unwrap().insert(format!("{bucket}/{key}"), body);
    }
}

#[async_trait]
impl ObjectStore for Memory {
    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<()> {
        self.set_object(bucket, key, body);
        Ok(())
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Bytes> {
        self.object(bucket, key)
            .ok_or_else(|| Error::not_found(format!("s3://{bucket}/{key} does not exist")))
    }

    async fn check_bucket(&self, _: &str) -> Result<()> {
        Ok(())
    }
}
