//! Lower bound of the cost on one core of this machine, with nothing but the essential work:
//! generate rows, serialize, encrypt, put.
//!
//! Works block by block, and measures each step separately. Uses third-party code where possible,
//! so that it does not get slower with ours: Arrow's own writer, the bare cipher, a hand-written
//! request.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use athena_connector_bench::BenchTable;
use test_store::{BUCKET, Faults, Store};

use crate::{
    block::{block_rows, encrypt, serialize},
    process::thread_cpu,
};

/// Number of blocks per round.
const BLOCKS: u64 = 4;

/// Limit of one read, with the resources to measure it.
pub(crate) struct Limit {
    table: BenchTable,
    /// Whether blocks are encrypted.
    encrypted: bool,
    /// Whether they are encrypted once more in transit.
    https: bool,
    /// Buffer for one block.
    buffer: Vec<u8>,
    client: Client,
}

/// Steps of a limit with their cost per row, in nanoseconds of CPU time.
pub(crate) type Costs = Vec<(&'static str, f64)>;

impl Limit {
    pub(crate) async fn new(
        table: BenchTable,
        encrypted: bool,
        https: bool,
    ) -> anyhow::Result<Self> {
        let mut limit =
            Self { table, encrypted, https, buffer: Vec::new(), client: Client::new().await? };
        // The first pass pays for the page faults of the buffer.
        limit.measure()?;
        Ok(limit)
    }

    /// Measures once. Blocks the thread while it waits for a store, which other threads must serve.
    pub(crate) fn measure(&mut self) -> anyhow::Result<Costs> {
        let Self { table, encrypted, https, buffer, client } = self;
        let rows = block_rows(*table);
        let mut clock = Clock::default();
        for block in 0..BLOCKS {
            // Arrow's writer makes one message per batch: concatenating the small batches of a read
            // would cost more.
            let batch = clock
                .step("limit: generate rows", || table.batch(block * rows..(block + 1) * rows))?;
            clock.step("limit: serialize", || serialize(&batch, buffer))?;
            if *encrypted {
                clock.step("limit: encrypt", || encrypt(buffer))?;
            }
            if *https {
                clock.step("limit: encrypt for TLS", || encrypt(buffer))?;
            }
            clock.step("limit: put, http", || client.put(buffer))?;
        }
        Ok(clock.costs(BLOCKS * rows))
    }
}

/// CPU time by step.
#[derive(Default)]
struct Clock(Vec<(&'static str, Duration)>);

impl Clock {
    fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let (result, used) = thread_cpu(work);
        match self.0.iter_mut().find(|(step, _)| *step == name) {
            Some((_, sum)) => *sum += used,
            None => self.0.push((name, used)),
        }
        result
    }

    /// Returns the cost per row.
    #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
    fn costs(self, rows: u64) -> Costs {
        self.0
            .into_iter()
            .map(|(name, sum)| (name, sum.as_secs_f64() * 1e9 / rows as f64))
            .collect()
    }
}

/// Connection to its own store.
struct Client {
    connection: BufReader<TcpStream>,
    store: Store,
}

impl Client {
    async fn new() -> anyhow::Result<Self> {
        let store = Store::start(None, Faults::NONE).await?;
        let (_, address) =
            store.endpoint().split_once("://").context("the endpoint has no scheme")?;
        let connection = BufReader::new(TcpStream::connect(address)?);
        Ok(Self { connection, store })
    }

    /// Puts an object, waits for the response, and empties the store.
    fn put(&mut self, object: &[u8]) -> anyhow::Result<()> {
        let len = object.len();
        let stream = self.connection.get_mut();
        let head =
            format!("PUT /{BUCKET}/limit HTTP/1.1\r\nhost: store\r\ncontent-length: {len}\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(object)?;
        let mut response = String::new();
        while !response.ends_with("\r\n\r\n") {
            ensure!(
                self.connection.read_line(&mut response)? > 0,
                "the store closed the connection"
            );
        }
        let arrived = self.store.take().bytes();
        ensure!(
            response.starts_with("HTTP/1.1 200") && arrived == len,
            "{arrived} of {len} bytes arrived: {response:?}"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_limit_has_the_steps_of_its_read_and_each_has_a_cost() {
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
