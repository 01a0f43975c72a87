//! What this machine could do at best, one core, nothing but the work itself: make rows, serialise, encrypt, put.
//!
//! Block after block, each step measured by itself. Of other people's code wherever there is some, so that it does not get
//! slower with ours: Arrow's own writer, the cipher itself, a request written by hand.

use std::{
    io::{BufRead as _, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use arrow::{ipc::writer::StreamWriter, record_batch::RecordBatch};
use athena_connector_bench::BenchTable;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use test_store::{BUCKET, Certificate, Faults, Store};
use tokio_rustls::rustls::{ClientConnection, StreamOwned};

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
    /// A block as bytes.
    memory: Vec<u8>,
    http: Client,
    /// Where the read goes over https.
    https: Option<Client>,
}

/// What a row costs by one measurement, in nanoseconds of CPU time.
#[derive(Debug)]
pub(crate) struct Costs {
    /// The steps that make up the limit, by name.
    pub(crate) steps: Vec<(&'static str, f64)>,
    /// All steps, where TLS is not one more encryption but the TLS library.
    pub(crate) with_tls: Option<f64>,
}

impl Costs {
    pub(crate) fn limit(&self) -> f64 {
        self.steps.iter().map(|(_, cost)| cost).sum()
    }
}

const TLS: &str = "limit: encrypt for TLS";
const PUT: &str = "limit: put, http";
const PUT_OVER_TLS: &str = "put, https";

impl Limit {
    /// Blocks of `table` that go over https if there is a certificate.
    pub(crate) async fn new(
        table: BenchTable,
        encrypted: bool,
        certificate: Option<&Certificate>,
    ) -> anyhow::Result<Self> {
        let http = Client::new(None).await?;
        let https = match certificate {
            Some(_) => Some(Client::new(certificate).await?),
            None => None,
        };
        let mut limit = Self { table, encrypted, memory: Vec::new(), http, https };
        // The first time pays for the pages of the memory.
        limit.measure()?;
        Ok(limit)
    }

    /// Measures once. Blocks the thread, and waits for stores, which must be served by others.
    pub(crate) fn measure(&mut self) -> anyhow::Result<Costs> {
        let Self { table, encrypted, memory, http, https } = self;
        let rows = if *table == BenchTable::Narrow3 { NARROW3_ROWS } else { BLOCK_ROWS };
        let mut clock = Clock::default();
        for block in 0..BLOCKS {
            // A block is one record batch: its rows are made at once, or else copied together.
            let batch = clock.step("limit: make rows", || table.batch(block * rows..(block + 1) * rows))?;
            clock.step("limit: serialise", || serialise(&batch, memory))?;
            if *encrypted {
                clock.step("limit: encrypt", || encrypt(memory))?;
            }
            if let Some(https) = https {
                clock.step(PUT_OVER_TLS, || https.put(memory))?;
                clock.step(TLS, || encrypt(memory))?;
            }
            clock.step(PUT, || http.put(memory))?;
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
        let mut steps: Vec<_> =
            self.0.into_iter().map(|(name, sum)| (name, sum.as_secs_f64() * 1e9 / rows as f64)).collect();
        let over_tls = steps.iter().position(|(name, _)| *name == PUT_OVER_TLS).map(|at| steps.remove(at).1);
        let before: f64 = steps.iter().filter(|(name, _)| ![TLS, PUT].contains(name)).map(|(_, cost)| cost).sum();
        Costs { with_tls: over_tls.map(|put| before + put), steps }
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

trait Connection: Read + Write + Send {}
impl<T: Read + Write + Send> Connection for T {}

/// A connection to a store of its own.
struct Client {
    connection: BufReader<Box<dyn Connection>>,
    /// Ends when it is dropped.
    #[cfg_attr(not(test), expect(dead_code, reason = "it listens"))]
    store: Store,
}

impl Client {
    async fn new(certificate: Option<&Certificate>) -> anyhow::Result<Self> {
        let store = Store::start(certificate, Faults::NONE).await?;
        let (_, address) = store.endpoint().split_once("://").context("the store has no address")?;
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let connection: Box<dyn Connection> = match certificate {
            None => Box::new(stream),
            Some(certificate) => {
                let name = stream.peer_addr()?.ip().into();
                Box::new(StreamOwned::new(ClientConnection::new(certificate.client(), name)?, stream))
            }
        };
        Ok(Self { connection: BufReader::new(connection), store })
    }

    /// Puts an object and waits for the answer.
    fn put(&mut self, object: &[u8]) -> anyhow::Result<()> {
        let (len, connection) = (object.len(), self.connection.get_mut());
        let head = format!("PUT /{BUCKET}/limit HTTP/1.1\r\nhost: store\r\ncontent-length: {len}\r\n\r\n");
        connection.write_all(head.as_bytes())?;
        connection.write_all(object)?;
        connection.flush()?;
        let mut answer = String::new();
        while !answer.ends_with("\r\n\r\n") {
            ensure!(self.connection.read_line(&mut answer)? > 0, "the store hung up");
        }
        ensure!(answer.starts_with("HTTP/1.1 200"), "the store answers {answer:?}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_limit_puts_what_it_has_made_where_a_read_puts_it() {
        let certificate = Certificate::generate().unwrap();
        for certificate in [None, Some(&certificate)] {
            let mut limit = Limit::new(BenchTable::Narrow3, true, certificate).await.unwrap();
            let costs = tokio::task::block_in_place(|| limit.measure()).unwrap();
            assert!(costs.steps.iter().all(|(_, cost)| *cost > 0.0));
            assert_eq!(costs.with_tls.is_some(), certificate.is_some());
            let put = |client: &Client| client.store.get(BUCKET, "limit").unwrap();
            assert!(put(&limit.http) == limit.memory);
            // It was put before it was encrypted once more.
            assert!(limit.https.iter().all(|client| put(client).len() == limit.memory.len()));
        }
    }
}
