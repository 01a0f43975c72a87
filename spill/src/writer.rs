//! Blocks to objects: encode, encrypt, put, several at a time.

use std::{
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

/// Where and how the blocks of one split are written.
#[derive(Debug, Clone)]
pub struct SpillTarget {
    /// Bucket of the split's location.
    pub bucket: String,
    /// Key of the split's location, the prefix of every block's.
    pub key: String,
    /// The split's key; `None` writes clear text.
    pub encryption_key: Option<EncryptionKey>,
}

impl SpillTarget {
    /// Bytes that an object has beside its block.
    pub fn encryption_overhead(&self) -> usize {
        if self.encryption_key.is_some() { TAG_LEN } else { 0 }
    }

    /// Key of the object with block `number` (section 5.1 of the protocol).
    fn object_key(&self, number: usize) -> String {
        format!("{}.{number}", self.key)
    }

    fn url(&self, number: usize) -> String {
        format!("s3://{}/{}", self.bucket, self.object_key(number))
    }
}

/// Writes blocks in order, at most `in_flight` of them encoded, encrypted or on their way at any
/// time.
///
/// Columns take as much memory as bytes, so of these only half are being encoded, but one at least:
/// the others are bytes.
///
/// Block `n` of the calls becomes the object `<key>.<n>`, so that the numbers have no gap and
/// follow the rows. Dropping the writer stops everything that is on its way; objects that are
/// complete stay.
#[derive(Debug)]
pub struct SpillWriter {
    store: Arc<dyn ObjectStore>,
    target: Arc<SpillTarget>,
    in_flight: usize,
    /// A permit for each block that may be there as columns.
    encoding: Arc<Semaphore>,
    /// Blocks on their way. Dropping the set aborts them.
    puts: JoinSet<Result<Outcome>>,
    /// How many blocks were begun: the number of the next.
    begun: usize,
    /// Memory of blocks that are done, for the next: fresh pages for every block would cost as much
    /// as encrypting it.
    spare: Vec<Vec<u8>>,
    /// Set by the first block that fails, so that the others do not begin a put.
    stop: Arc<AtomicBool>,
    /// Set while the writer cannot go on: a block failed, or a call was dropped midway and its
    /// block with it.
    broken: Option<(ErrorKind, String)>,
}

/// How a block ended that did not fail.
#[derive(Debug)]
enum Outcome {
    /// It is written, and its memory can be used again.
    Written(Vec<u8>),
    /// Another had failed before its put.
    Stopped,
}

impl SpillWriter {
    /// A writer to `target` with at most `in_flight` blocks in memory, but one at least.
    ///
    /// Each block is there as columns until it is encoded, and as bytes until it is put. One more
    /// waits as columns in [`write`](Self::write).
    pub fn new(store: Arc<dyn ObjectStore>, target: SpillTarget, in_flight: usize) -> Self {
        let in_flight = in_flight.max(1);
        Self {
            store,
            target: Arc::new(target),
            in_flight,
            encoding: Arc::new(Semaphore::new(in_flight.div_ceil(2))),
            puts: JoinSet::new(),
            begun: 0,
            spare: Vec::new(),
            stop: Arc::default(),
            broken: None,
        }
    }

    /// Writes one block; waits while too many are on their way.
    ///
    /// Returns when the block is on its way, not when it is written. Must be called in a tokio
    /// runtime. Dropping the future drops the block, after which the writer refuses to go on: rows
    /// would be missing.
    ///
    /// # Errors
    ///
    /// The first failure of any block so far. Nothing is written after it.
    pub async fn write(&mut self, block: Block) -> Result<()> {
        self.refuse_if_broken()?;
        self.broken =
            Some((ErrorKind::Internal, "a call to write a block was dropped midway".to_owned()));
        while let Some(ended) = self.puts.try_join_next() {
            self.end(ended).await?;
        }
        while self.puts.len() >= self.in_flight {
            let Some(ended) = self.puts.join_next().await else { break };
            self.end(ended).await?;
        }
        let columns = Arc::clone(&self.encoding).acquire_owned().await;
        let columns =
            columns.map_err(|error| Error::internal("the writer was closed").with_source(error))?;
        let job = Job {
            store: Arc::clone(&self.store),
            target: Arc::clone(&self.target),
            number: self.begun,
            stop: Arc::clone(&self.stop),
            columns,
        };
        let memory = self.spare.pop().unwrap_or_default();
        self.puts.spawn(job.run(block, memory).in_current_span());
        self.begun += 1;
        self.broken = None;
        Ok(())
    }

    /// Waits until a block fails, and returns why: for who has nothing to write meanwhile. Never
    /// returns if none fails.
    ///
    /// The future can be dropped: a failure that it had met is the next call's too.
    pub async fn failure(&mut self) -> Error {
        loop {
            match self.puts.join_next().await {
                Some(ended) => {
                    if let Err(error) = self.end(ended).await {
                        return error;
                    }
                }
                None => return std::future::pending().await,
            }
        }
    }

    /// Waits for every block and says where they are, in row order.
    ///
    /// # Errors
    ///
    /// The first failure of any block.
    pub async fn finish(mut self) -> Result<Vec<S3SpillLocation>> {
        self.refuse_if_broken()?;
        while let Some(ended) = self.puts.join_next().await {
            self.end(ended).await?;
        }
        let location = |number| S3SpillLocation {
            bucket: Some(self.target.bucket.clone()),
            key: Some(self.target.object_key(number)),
            directory: false,
        };
        Ok((0..self.begun).map(location).collect())
    }

    /// Takes note of a block that ended; a failure ends all others before it is returned.
    ///
    /// The writer is broken before anything is waited for: who drops this does not go on without
    /// the block.
    async fn end(&mut self, ended: Result<Result<Outcome>, JoinError>) -> Result<()> {
        let error = match ended {
            Ok(Ok(Outcome::Written(memory))) => {
                self.spare.push(memory);
                return Ok(());
            }
            // The block that failed is still in the set, or it would have been met before.
            Ok(Ok(Outcome::Stopped)) => return Ok(()),
            Ok(Err(error)) => error,
            Err(error) if error.is_panic() => {
                self.break_off(ErrorKind::Internal, "encoding it panicked").await;
                std::panic::resume_unwind(error.into_panic());
            }
            Err(error) => Error::internal("the runtime ended while blocks were being written")
                .with_source(error),
        };
        self.break_off(error.kind(), error.message()).await;
        Err(error)
    }

    async fn break_off(&mut self, kind: ErrorKind, why: &str) {
        self.broken = Some((kind, format!("an earlier block was not written: {why}")));
        self.spare.clear();
        self.puts.shutdown().await;
    }

    fn refuse_if_broken(&self) -> Result<()> {
        match &self.broken {
            Some((kind, message)) => Err(Error::new(*kind, message)),
            None => Ok(()),
        }
    }
}

/// One block on its way.
struct Job {
    store: Arc<dyn ObjectStore>,
    target: Arc<SpillTarget>,
    number: usize,
    stop: Arc<AtomicBool>,
    /// Leave to be there as columns.
    columns: OwnedSemaphorePermit,
}

impl Job {
    async fn run(self, block: Block, memory: Vec<u8>) -> Result<Outcome> {
        let stop = Arc::clone(&self.stop);
        let written = self.write(block, memory).await;
        if written.is_err() {
            stop.store(true, Ordering::Release);
        }
        written
    }

    async fn write(self, block: Block, memory: Vec<u8>) -> Result<Outcome> {
        let Self { store, target, number, stop, columns } = self;
        let (key, url) = (target.object_key(number), target.url(number));
        // Milliseconds of pure computing: on a thread of its own it holds up neither the puts of
        // other blocks nor the source.
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
                return Err(Error::internal("the runtime ended while a block was encoded")
                    .with_source(error));
            }
        };
        if stop.load(Ordering::Acquire) {
            return Ok(Outcome::Stopped);
        }
        let body = Bytes::from(body);
        tracing::debug!(object = url, bytes = body.len(), "writes a block");
        store.put(&target.bucket, &key, body.clone()).await?;
        // A store that keeps the body keeps the memory.
        let memory = body.try_into_mut().map(|mut memory| {
            memory.clear();
            Vec::from(memory)
        });
        Ok(Outcome::Written(memory.unwrap_or_default()))
    }
}

/// Makes the bytes of an object from `block` (section 5.2 of the protocol), in `memory` if they fit
/// there.
fn encode(block: &Block, key: Option<&EncryptionKey>, mut memory: Vec<u8>) -> Result<Vec<u8>> {
    let len = block.encoded_len(Framing::Legacy) + TAG_LEN;
    memory.clear();
    if memory.capacity() < len {
        // Growing would double it and copy nothing. A sixteenth more, which is not touched, lets
        // blocks of like size follow.
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
