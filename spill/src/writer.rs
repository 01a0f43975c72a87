//! Writing of blocks as objects: encode, encrypt and put, several concurrently.

use std::{
    fmt::Write,
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use athena_protocol::{EncryptionKey, Error, ErrorKind, Result, S3SpillLocation, block::Framing};
use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, JoinSet, spawn_blocking},
};
use tracing::Instrument;

use crate::{
    Block, ObjectStore,
    cipher::{TAG_LEN, encrypt_in_place},
};

/// The location and encryption of the blocks of one split.
#[derive(Debug, Clone)]
pub struct SpillTarget {
    /// Bucket of the split's location.
    pub bucket: String,
    /// Key of the split's location, the folder of every object.
    pub key: String,
    /// Encryption key of the split; `None` writes clear text.
    pub encryption_key: Option<EncryptionKey>,
}

impl SpillTarget {
    /// Returns the number of bytes that encryption adds to a block: 16, or 0 without a key.
    pub fn encryption_overhead(&self) -> usize {
        if self.encryption_key.is_some() { TAG_LEN } else { 0 }
    }

    /// Narrows the key to a folder that no other attempt to read this split writes to.
    ///
    /// Athena reads a split again when a response was lost. If the source changed in between, an
    /// object that both attempts write would give the first one rows of the second.
    fn of_one_attempt(mut self) -> Self {
        let _ = write!(self.key, "/{:016x}", rand::random::<u64>());
        self
    }

    /// Returns the key of the object with block `number`, once narrowed to one attempt.
    fn object_key(&self, number: usize) -> String {
        format!("{}.{number}", self.key)
    }

    fn url(&self, number: usize) -> String {
        format!("s3://{}/{}", self.bucket, self.object_key(number))
    }
}

/// A writer of the blocks of one split, several concurrently.
///
/// # Contract
///
/// - **Order**: the `n`th block, from 0, becomes the object `<key>/<attempt>.<n>`: numbers have no
///   gaps and follow the rows. Objects may be completed in any order.
/// - **Attempts**: `<attempt>` is random and the writer's own, so that writers to one target never
///   overwrite each other's objects.
/// - **Errors**: the first failure aborts all other blocks and is final. Later calls fail with its
///   kind.
/// - **Cancellation**: dropping the writer aborts all blocks in flight and leaves no task behind.
///   Complete objects are not deleted.
/// - **Memory**: bounded by `in_flight` blocks, of which at most half, rounded up, are columns
///   and the others encoded bytes, plus the block of a pending [`write`](Self::write).
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::{array::{ArrayRef, Int64Array}, record_batch::RecordBatch};
/// use athena_protocol::ErrorKind;
/// use athena_spill::{SpillTarget, SpillWriter, testing::MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> athena_protocol::Result<()> {
/// let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
/// let rows = RecordBatch::try_from_iter([("id", ids)]).expect("one column");
/// let store = Arc::new(MemoryStore::new());
/// let target = SpillTarget {
///     bucket: "my-spill".to_owned(),
///     key: "query/split".to_owned(),
///     encryption_key: None,
/// };
/// let mut writer = SpillWriter::new(Arc::clone(&store) as _, target.clone(), 2);
/// writer.write(rows.clone().try_into()?).await?;
/// writer.write(rows.clone().try_into()?).await?;
/// writer.finish().await?;
/// let keys = store.keys();
/// assert!(keys[0].starts_with("my-spill/query/split/") && keys[0].ends_with(".0"));
/// assert!(keys[1].starts_with("my-spill/query/split/") && keys[1].ends_with(".1"));
///
/// // `write` returns before the put: an error may surface in a later call.
/// store.deny_keys(".0");
/// let mut writer = SpillWriter::new(store, target, 2);
/// writer.write(rows.try_into()?).await?;
/// let error = writer.finish().await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::AccessDenied);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SpillWriter {
    store: Arc<dyn ObjectStore>,
    target: Arc<SpillTarget>,
    in_flight: usize,
    /// A permit for each block that may be in memory as columns.
    encoding: Arc<Semaphore>,
    /// Blocks in flight. Dropping the set aborts them.
    puts: JoinSet<Result<WriteOutcome>>,
    /// Number of started blocks, and the number of the next.
    started: usize,
    /// Memory of written blocks for reuse: fresh pages for every block would cost as much as its
    /// encryption.
    spare: Vec<Vec<u8>>,
    /// Set by the first block that fails, so that the others start no put.
    stop: Arc<AtomicBool>,
    /// Why the writer cannot continue: a block failed, or a cancelled call lost its block.
    failed: Option<(ErrorKind, String)>,
}

/// The end of a block that did not fail.
#[derive(Debug)]
enum WriteOutcome {
    /// Written; its memory can be reused.
    Written(Vec<u8>),
    /// Not written, because another block failed before its put.
    Stopped,
}

impl SpillWriter {
    /// Creates a writer to `target` with at most `in_flight` concurrent blocks; 0 counts as 1.
    pub fn new(store: Arc<dyn ObjectStore>, target: SpillTarget, in_flight: usize) -> Self {
        let in_flight = in_flight.max(1);
        Self {
            store,
            target: Arc::new(target.of_one_attempt()),
            in_flight,
            encoding: Arc::new(Semaphore::new(in_flight.div_ceil(2))),
            puts: JoinSet::new(),
            started: 0,
            spare: Vec::new(),
            stop: Arc::default(),
            failed: None,
        }
    }

    /// Starts to write `block`, after waiting for one of `in_flight` to complete.
    ///
    /// Returns when the block is in flight, not when it is written. Must be called in a tokio
    /// runtime. Not cancel safe: dropping the future loses the block, and later calls fail with
    /// `Internal`, because rows would be missing.
    ///
    /// # Errors
    ///
    /// The first failure of any block so far: errors of the store, or `InvalidInput` for an
    /// encryption key of the wrong length. No put starts after it.
    pub async fn write(&mut self, block: Block) -> Result<()> {
        self.check_failed()?;
        self.failed =
            Some((ErrorKind::Internal, "a call to write a block was cancelled".to_owned()));
        while let Some(ended) = self.puts.try_join_next() {
            self.complete(ended).await?;
        }
        while self.puts.len() >= self.in_flight {
            let Some(ended) = self.puts.join_next().await else { break };
            self.complete(ended).await?;
        }
        let columns = Arc::clone(&self.encoding).acquire_owned().await;
        let columns =
            columns.map_err(|error| Error::internal("the writer was closed").with_source(error))?;
        let job = Job {
            store: Arc::clone(&self.store),
            target: Arc::clone(&self.target),
            number: self.started,
            stop: Arc::clone(&self.stop),
            columns,
        };
        let memory = self.spare.pop().unwrap_or_default();
        self.puts.spawn(job.run(block, memory).in_current_span());
        self.started += 1;
        self.failed = None;
        Ok(())
    }

    /// Waits until a block fails, for use while there is nothing to write. Never returns if none
    /// fails.
    ///
    /// Cancel safe: after a failure that a dropped future had met, the next call fails too.
    pub async fn failure(&mut self) -> Error {
        // After a call that was dropped while it aborted the other blocks, their ends are not the
        // reason.
        if let Err(error) = self.check_failed() {
            return error;
        }
        loop {
            match self.puts.join_next().await {
                Some(ended) => {
                    if let Err(error) = self.complete(ended).await {
                        return error;
                    }
                }
                None => return std::future::pending().await,
            }
        }
    }

    /// Waits for all blocks and returns the locations of their objects, in row order.
    ///
    /// # Errors
    ///
    /// The first failure of any block, as for [`write`](Self::write).
    pub async fn finish(mut self) -> Result<Vec<S3SpillLocation>> {
        self.check_failed()?;
        while let Some(ended) = self.puts.join_next().await {
            self.complete(ended).await?;
        }
        let location = |number| S3SpillLocation {
            bucket: Some(self.target.bucket.clone()),
            key: Some(self.target.object_key(number)),
            directory: false,
        };
        Ok((0..self.started).map(location).collect())
    }

    /// Handles the end of a block; a failure aborts all others before it is returned.
    ///
    /// Marks the writer as failed before the first await, so that a cancelled call cannot lose the
    /// failure.
    async fn complete(&mut self, ended: Result<Result<WriteOutcome>, JoinError>) -> Result<()> {
        let error = match ended {
            Ok(Ok(WriteOutcome::Written(memory))) => {
                self.spare.push(memory);
                return Ok(());
            }
            // The block that failed is still in the set.
            Ok(Ok(WriteOutcome::Stopped)) => return Ok(()),
            Ok(Err(error)) => error,
            Err(error) if error.is_panic() => {
                self.abort(ErrorKind::Internal, "encoding it panicked").await;
                std::panic::resume_unwind(error.into_panic());
            }
            Err(error) => Error::internal("the runtime shut down while blocks were written")
                .with_source(error),
        };
        self.abort(error.kind(), error.message()).await;
        Err(error)
    }

    async fn abort(&mut self, kind: ErrorKind, reason: &str) {
        self.failed = Some((kind, format!("an earlier block was not written: {reason}")));
        self.spare.clear();
        self.puts.shutdown().await;
    }

    fn check_failed(&self) -> Result<()> {
        match &self.failed {
            Some((kind, message)) => Err(Error::new(*kind, message)),
            None => Ok(()),
        }
    }
}

/// A block in flight.
struct Job {
    store: Arc<dyn ObjectStore>,
    target: Arc<SpillTarget>,
    number: usize,
    stop: Arc<AtomicBool>,
    /// Permit to be in memory as columns.
    columns: OwnedSemaphorePermit,
}

impl Job {
    async fn run(self, block: Block, memory: Vec<u8>) -> Result<WriteOutcome> {
        let stop = Arc::clone(&self.stop);
        let written = self.write(block, memory).await;
        if written.is_err() {
            stop.store(true, Ordering::Release);
        }
        written
    }

    async fn write(self, block: Block, memory: Vec<u8>) -> Result<WriteOutcome> {
        let Self { store, target, number, stop, columns } = self;
        let key = target.object_key(number);
        let url = target.url(number);
        // Milliseconds of computation: on a blocking thread it delays neither the puts of other
        // blocks nor the source.
        let encoded = spawn_blocking({
            let target = Arc::clone(&target);
            move || {
                let encoded = encode(&block, target.encryption_key.as_ref(), memory);
                drop((block, columns));
                encoded
            }
        });
        let body = match encoded.await {
            Ok(body) => body.map_err(|error| error.with_context("object", &url))?,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => {
                return Err(Error::internal("the runtime shut down while a block was encoded")
                    .with_source(error));
            }
        };
        if stop.load(Ordering::Acquire) {
            return Ok(WriteOutcome::Stopped);
        }
        let body = Bytes::from(body);
        tracing::debug!(object = url, bytes = body.len(), "writes a block");
        store.put(&target.bucket, &key, body.clone()).await?;
        // If the store keeps the body, its memory cannot be reused.
        let memory = body.try_into_mut().map(|mut memory| {
            memory.clear();
            Vec::from(memory)
        });
        Ok(WriteOutcome::Written(memory.unwrap_or_default()))
    }
}

/// Encodes `block` as an object (section 5.2 of the protocol), in `memory` if it is large enough.
fn encode(block: &Block, key: Option<&EncryptionKey>, mut memory: Vec<u8>) -> Result<Vec<u8>> {
    let len = block.encoded_len(Framing::Legacy) + TAG_LEN;
    memory.clear();
    if memory.capacity() < len {
        // Growing would double the capacity. A sixteenth more, which stays untouched, allows for
        // later blocks of similar size.
        mem::take(&mut memory);
        memory = Vec::with_capacity(len + len / 16);
    }
    block.encode(&mut memory)?;
    if let Some(key) = key {
        encrypt_in_place(key, &mut memory)?;
    }
    Ok(memory)
}

#[cfg(test)]
mod tests;
