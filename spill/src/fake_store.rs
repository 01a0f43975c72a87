//! Objects in memory, with faults, and a record of what was asked for.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use athena_protocol::{Error, Result};
use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::ObjectStore;

/// Objects in memory.
#[derive(Debug)]
pub(crate) struct FakeStore {
    objects: Mutex<BTreeMap<String, Bytes>>,
    /// Calls begun, and calls that are running.
    pub(crate) begun: AtomicUsize,
    pub(crate) running: AtomicUsize,
    /// How many had begun when the first failed.
    pub(crate) begun_until_failure: AtomicUsize,
    /// The most that ever ran at a time.
    pub(crate) most: AtomicUsize,
    /// What each call has to get a permit from.
    pub(crate) gate: Semaphore,
    /// How the key ends whose call fails.
    fails: Option<&'static str>,
}

impl FakeStore {
    /// A store that answers at once.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::with(Semaphore::MAX_PERMITS, None))
    }

    /// A store that answers as often as permits are added to its gate.
    pub(crate) fn gated() -> Arc<Self> {
        Arc::new(Self::with(0, None))
    }

    /// A store that denies objects whose key ends with `key`.
    pub(crate) fn failing(key: &'static str) -> Arc<Self> {
        Arc::new(Self::with(Semaphore::MAX_PERMITS, Some(key)))
    }

    fn with(permits: usize, fails: Option<&'static str>) -> Self {
        let (objects, gate) = (Mutex::default(), Semaphore::new(permits));
        let (begun, running, begun_until_failure, most) = Default::default();
        Self { objects, begun, running, begun_until_failure, most, gate, fails }
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    pub(crate) fn object(&self, key: &str) -> Bytes {
        self.objects.lock().unwrap()[key].clone()
    }

    pub(crate) fn set_object(&self, key: &str, body: Bytes) {
        self.objects.lock().unwrap().insert(key.to_owned(), body);
    }

    async fn call(&self, key: &str) -> Result<()> {
        self.begun.fetch_add(1, SeqCst);
        let running = Running::new(&self.running);
        self.most.fetch_max(running.0.load(SeqCst), SeqCst);
        self.gate.acquire().await.expect("the gate is never closed").forget();
        match self.fails {
            Some(end) if key.ends_with(end) => {
                self.begun_until_failure.store(self.begun.load(SeqCst), SeqCst);
                Err(Error::access_denied(format!("{key} is denied")))
            }
            _ => Ok(()),
        }
    }
}

/// Counts a call for as long as its future is there.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn new(running: &'a AtomicUsize) -> Self {
        running.fetch_add(1, SeqCst);
        Self(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[async_trait]
impl ObjectStore for FakeStore {
    async fn put(&self, _bucket: &str, key: &str, body: Bytes) -> Result<()> {
        self.call(key).await?;
        // As the network does: the body is gone when the call is.
        self.set_object(key, Bytes::copy_from_slice(&body));
        Ok(())
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Bytes> {
        self.call(key).await?;
        let object = self.objects.lock().unwrap().get(key).cloned();
        object.ok_or_else(|| Error::not_found(format!("s3://{bucket}/{key} does not exist")))
    }

    async fn check_bucket(&self, _bucket: &str) -> Result<()> {
        Ok(())
    }
}

/// Lets other tasks run until `condition` holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain until {what}");
        tokio::task::yield_now().await;
    }
}

/// Lets other tasks run for long enough to do what they must not.
pub(crate) async fn a_while() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}
