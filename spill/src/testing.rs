//! An in-memory object store for tests of code that spills.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use async_trait::async_trait;
use athena_protocol::{Error, Result};
use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::ObjectStore;

/// An in-memory [`ObjectStore`] that counts its calls and fails on demand.
///
/// ```
/// use athena_spill::{ObjectStore, testing::MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> athena_protocol::Result<()> {
/// let store = MemoryStore::new();
/// store.deny_keys(".1");
/// store.put("my-spill", "query/split.0", "rows".into()).await?;
/// assert!(store.put("my-spill", "query/split.1", "rows".into()).await.is_err());
/// assert_eq!(store.keys(), ["my-spill/query/split.0"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    objects: Mutex<BTreeMap<String, Bytes>>,
    /// Sizes of written objects, in order of completion.
    written: Mutex<Vec<usize>>,
    discards: bool,
    denied_suffix: Mutex<Option<&'static str>>,
    bucket_missing: AtomicBool,
    /// A permit for each `put` and `get`.
    gate: Semaphore,
    started: AtomicUsize,
    started_before_denial: AtomicUsize,
    running: AtomicUsize,
    max_running: AtomicUsize,
    bucket_checks: AtomicUsize,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// Creates an empty store whose calls complete at once.
    pub fn new() -> Self {
        Self::with_permits(Semaphore::MAX_PERMITS)
    }

    /// Creates a store whose `put` and `get` each wait for a permit of [`release`](Self::release).
    pub fn gated() -> Self {
        Self::with_permits(0)
    }

    /// Creates a store that keeps the sizes of objects, not their content.
    pub fn discarding() -> Self {
        Self { discards: true, ..Self::new() }
    }

    fn with_permits(permits: usize) -> Self {
        Self {
            objects: Mutex::default(),
            written: Mutex::default(),
            discards: false,
            denied_suffix: Mutex::default(),
            bucket_missing: AtomicBool::new(false),
            gate: Semaphore::new(permits),
            started: AtomicUsize::new(0),
            started_before_denial: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            max_running: AtomicUsize::new(0),
            bucket_checks: AtomicUsize::new(0),
        }
    }

    /// Makes each `put` and `get` of a key that ends with `suffix` fail with `AccessDenied`; an
    /// empty suffix denies all keys. Replaces an earlier suffix.
    pub fn deny_keys(&self, suffix: &'static str) {
        *lock(&self.denied_suffix) = Some(suffix);
    }

    /// Sets whether `check_bucket` fails with `NotFound`.
    pub fn set_bucket_missing(&self, missing: bool) {
        self.bucket_missing.store(missing, SeqCst);
    }

    /// Lets `calls` more calls of a [`gated`](Self::gated) store complete.
    pub fn release(&self, calls: usize) {
        self.gate.add_permits(calls);
    }

    /// Returns `bucket/key` of each object, sorted.
    pub fn keys(&self) -> Vec<String> {
        lock(&self.objects).keys().cloned().collect()
    }

    /// Returns an object without counting a call.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Bytes> {
        lock(&self.objects).get(&path(bucket, key)).cloned()
    }

    /// Writes an object without counting a call.
    pub fn set_object(&self, bucket: &str, key: &str, body: Bytes) {
        lock(&self.objects).insert(path(bucket, key), body);
    }

    /// Removes and returns an object.
    pub fn remove_object(&self, bucket: &str, key: &str) -> Option<Bytes> {
        lock(&self.objects).remove(&path(bucket, key))
    }

    /// Returns the size in bytes of each `put` that succeeded, in order of completion.
    pub fn written_sizes(&self) -> Vec<usize> {
        lock(&self.written).clone()
    }

    /// Returns the number of `put` and `get` calls so far.
    pub fn started(&self) -> usize {
        self.started.load(SeqCst)
    }

    /// Returns the number of `put` and `get` calls before the last denied one, inclusive.
    pub fn started_before_denial(&self) -> usize {
        self.started_before_denial.load(SeqCst)
    }

    /// Returns the number of `put` and `get` calls in progress, without those cancelled.
    pub fn running(&self) -> usize {
        self.running.load(SeqCst)
    }

    /// Returns the maximum number of concurrent `put` and `get` calls so far.
    pub fn max_running(&self) -> usize {
        self.max_running.load(SeqCst)
    }

    /// Returns the number of `check_bucket` calls so far.
    pub fn bucket_checks(&self) -> usize {
        self.bucket_checks.load(SeqCst)
    }

    async fn call(&self, bucket: &str, key: &str) -> Result<()> {
        self.started.fetch_add(1, SeqCst);
        let running = Running::new(&self.running);
        self.max_running.fetch_max(running.0.load(SeqCst), SeqCst);
        self.gate.acquire().await.expect("the gate is never closed").forget();
        if lock(&self.denied_suffix).is_some_and(|suffix| key.ends_with(suffix)) {
            self.started_before_denial.store(self.started.load(SeqCst), SeqCst);
            let message = format!("access to s3://{bucket}/{key} is denied");
            return Err(Error::access_denied(message));
        }
        Ok(())
    }
}

fn path(bucket: &str, key: &str) -> String {
    format!("{bucket}/{key}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a call for as long as its future exists.
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
impl ObjectStore for MemoryStore {
    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<()> {
        self.call(bucket, key).await?;
        lock(&self.written).push(body.len());
        if !self.discards {
            // Like a network client, release the body at the end of the call: store a copy.
            self.set_object(bucket, key, Bytes::copy_from_slice(&body));
        }
        Ok(())
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Bytes> {
        self.call(bucket, key).await?;
        let object = self.object(bucket, key);
        object.ok_or_else(|| Error::not_found(format!("s3://{bucket}/{key} does not exist")))
    }

    async fn check_bucket(&self, bucket: &str) -> Result<()> {
        self.bucket_checks.fetch_add(1, SeqCst);
        if self.bucket_missing.load(SeqCst) {
            return Err(Error::not_found(format!("bucket {bucket:?} does not exist")));
        }
        Ok(())
    }
}
