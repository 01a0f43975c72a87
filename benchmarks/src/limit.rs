//! What this machine could do at best, one core, nothing but the work itself: make rows, serialise,
//! encrypt, put.
//!
//! Block after block, each step measured by itself. Of other people's code wherever there is some,
//! so that it does not get slower with ours: Arrow's own writer, the cipher itself, a request
//! written by hand.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use arrow::{ipc::writer::StreamWriter, record_batch::RecordBatch};
use athena_connector_bench::BenchTable;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use test_store::{BUCKET, Faults, Store};

use crate::{parts::BLOCK_ROWS, process::of_thread};

/// Rows of `narrow3` in one block of 16,000,000 bytes, about.
const NARROW3_ROWS: u64 = 550_000;
/// Blocks that are made in a round.
const BLOCKS: u64 = 4;

/// The limit of one read, and what it takes to measure it.
pub(crate) struct Limit {
    table: BenchTable,
    /// Whether blocks are encrypted.
    encrypted: bool,
    /// Whether they are encrypted once more on their way.
    https: bool,
    /// A block as bytes.
    memory: Vec<u8>,
    client: Client,
}

/// The steps that make up a limit, and what a row costs in each, in nanoseconds of CPU time.
pub(crate) type Costs = Vec<(&'static str, f64)>;

impl Limit {
    pub(crate) async fn new(
        table: BenchTable,
        encrypted: bool,
        https: bool,
    ) -> anyhow::Result<Self> {
        let mut limit =
            Self { table, encrypted, https, memory: Vec::new(), client: Client::new().await? };
        // The first time pays for the pages of the memory.
        limit.measure()?;
        Ok(limit)
    }

    /// Measures once. Blocks the thread, and waits for a store, which must be served by others.
    pub(crate) fn measure(&mut self) -> anyhow::Result<Costs> {
        let Self { table, encrypted, https, memory, client } = self;
        let rows = if *table == BenchTable::Narrow3 { NARROW3_ROWS } else { BLOCK_ROWS };
        let mut clock = Clock::default();
        for block in 0..BLOCKS {
            // Arrow's writer makes a message of one batch: to join the small ones of a read would
            // cost more.
            let batch =
                clock.step("limit: make rows", || table.batch(block * rows..(block + 1) * rows))?;
            clock.step("limit: serialise", || serialise(&batch, memory))?;
            if *encrypted {
                clock.step("limit: encrypt", || encrypt(memory))?;
            }
            if *https {
                clock.step("limit: encrypt for TLS", || encrypt(memory))?;
            }
            clock.step("limit: put, http", || client.put(memory))?;
        }
        Ok(clock.costs(BLOCKS * rows))
    }
}

/// CPU time by step.
#[derive(Default)]
struct Clock(Vec<(&'static str, Duration)>);

impl Clock {
    fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let (done, used) = of_thread(work);
        match self.0.iter_mut().find(|(step, _)| *step == name) {
            Some((_, sum)) => *sum += used,
            None => self.0.push((name, used)),
        }
        done
    }

    /// What one of `rows` rows costs.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
    fn costs(self, rows: u64) -> Costs {
        self.0
            .into_iter()
            .map(|(name, sum)| (name, sum.as_secs_f64() * 1e9 / rows as f64))
            .collect()
    }
}

/// Arrow's own form of `batch`.
pub(crate) fn serialise(batch: &RecordBatch, memory: &mut Vec<u8>) -> anyhow::Result<()> {
    memory.clear();
    let mut writer = StreamWriter::try_new(memory, &batch.schema())?;
    writer.write(batch)?;
    Ok(writer.finish()?)
}

/// One pass of AES-256-GCM, in place, by the fastest backend that there is.
pub(crate) fn encrypt(memory: &mut [u8]) -> anyhow::Result<()> {
    let failed = |_| anyhow::anyhow!("a block is too long for AES-GCM");
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(failed)?);
    let nonce = Nonce::assume_unique_for_key([9; 12]);
    cipher.seal_in_place_separate_tag(nonce, Aad::empty(), memory).map(drop).map_err(failed)
}

/// A connection to a store of its own.
struct Client {
    connection: BufReader<TcpStream>,
    store: Store,
}

impl Client {
    async fn new() -> anyhow::Result<Self> {
        let store = Store::start(None, Faults::NONE).await?;
        let (_, address) =
            store.endpoint().split_once("://").context("the store has no address")?;
        let connection = BufReader::new(TcpStream::connect(address)?);
        Ok(Self { connection, store })
    }

    /// Puts an object, waits for the answer, and leaves the store empty.
    fn put(&mut self, object: &[u8]) -> anyhow::Result<()> {
        let (len, stream) = (object.len(), self.connection.get_mut());
        let head =
            format!("PUT /{BUCKET}/limit HTTP/1.1\r\nhost: store\r\ncontent-length: {len}\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(object)?;
        let mut answer = String::new();
        while !answer.ends_with("\r\n\r\n") {
            ensure!(self.connection.read_line(&mut answer)? > 0, "the store hung up");
        }
        let arrived = self.store.take().bytes();
        ensure!(
            answer.starts_with("HTTP/1.1 200") && arrived == len,
            "{arrived} of {len} bytes arrived: {answer:?}"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_limit_has_the_steps_that_its_read_takes_and_each_takes_time() {
        for (encrypted, https, steps) in
            [(false, false, 3), (true, false, 4), (false, true, 4), (true, true, 5)]
        {
            let mut limit = Limit::new(BenchTable::Narrow3, encrypted, https).await.unwrap();
            let costs = limit.measure().unwrap();
            assert_eq!(costs.len(), steps, "{costs:?}");
            assert!(costs.iter().all(|(_, cost)| *cost > 0.0), "{costs:?}");
        }
    }
}
