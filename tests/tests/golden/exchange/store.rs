//! The bucket, in memory.

use std::{collections::BTreeMap, sync::Mutex};

use athena_connector_sdk::{Error, Result, async_trait};
use athena_spill::ObjectStore;
use bytes::Bytes;

#[derive(Debug, Default)]
pub(super) struct Store(Mutex<BTreeMap<String, Bytes>>);

#[async_trait]
impl ObjectStore for Store {
    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<()> {
        self.0.lock().unwrap().insert(format!("{bucket}/{key}"), body);
        Ok(())
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Bytes> {
        let objects = self.0.lock().unwrap();
        objects
            .get(&format!("{bucket}/{key}"))
            .cloned()
            .ok_or_else(|| Error::not_found(format!("no object {key}")))
    }

    async fn check_bucket(&self, _: &str) -> Result<()> {
        Ok(())
    }
}
