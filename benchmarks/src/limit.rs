//! What this machine could do at best, one core, nothing but the work itself: make rows, serialise, encrypt, put.
//!
//! Each step by itself, so that none pays for what another has left in the caches, and their CPU times added.
//! Of other people's code wherever there is some, so that it does not get slower with ours: Arrow's own writer, the cipher
//! itself, a connection of the TLS library with a request written by hand.

use std::{
    hint::black_box,
    io::{BufRead as _, BufReader, Read, Write},
    net::TcpStream,
    sync::Arc,
};

use anyhow::{Context as _, ensure};
use arrow::{datatypes::Schema, ipc::writer::StreamWriter, record_batch::RecordBatch};
use athena_connector_bench::BenchTable;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustls::{ClientConnection, StreamOwned};
use test_store::{BUCKET, Certificate, Store};

use crate::{parts::BLOCK_ROWS, process::of_thread, sample::Sample};

/// Rows of `narrow3` in one block of 16,000,000 bytes, about.
const NARROW3_ROWS: u64 = 550_000;
/// Blocks that are made in a round.
const BLOCKS: u64 = 4;

/// What is done to the blocks of a table, and where they go.
pub(crate) struct Work<'a> {
    pub(crate) table: BenchTable,
    pub(crate) encrypted: bool,
    pub(crate) store: &'a Store,
    /// The certificate of the store, if it has one.
    pub(crate) certificate: Option<&'a Certificate>,
}

/// Rows a CPU second. Blocks the thread, and waits for the store, which must be served by others.
pub(crate) fn measure(work: &Work<'_>, rounds: usize) -> anyhow::Result<Sample> {
    let rows = if work.table == BenchTable::Narrow3 { NARROW3_ROWS } else { BLOCK_ROWS };
    let schema = Arc::new(Schema::new(work.table.fields()));
    let block = work.table.batch(0..rows)?;
    let mut connection = connect(work.store, work.certificate)?;
    let mut memory = Vec::new();
    let mut sample = Sample::default();
    for round in 0..=rounds {
        let (done, used) = of_thread(|| {
            for _ in 0..BLOCKS {
                work.table.read(&schema, 0..rows)?.try_for_each(|batch| batch.map(drop))?;
            }
            for _ in 0..BLOCKS {
                serialise(black_box(&block), &mut memory)?;
            }
            if work.encrypted {
                (0..BLOCKS).try_for_each(|_| encrypt(&mut memory))?;
            }
            (0..BLOCKS).try_for_each(|_| put(&mut connection, &memory))
        });
        done?;
        // The first round pays for the pages of the memory.
        if round > 0 {
            #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
            sample.push((BLOCKS * rows) as f64 / used.as_secs_f64());
        }
    }
    Ok(sample)
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

trait Connection: Read + Write {}
impl<T: Read + Write> Connection for T {}

fn connect(store: &Store, certificate: Option<&Certificate>) -> anyhow::Result<BufReader<Box<dyn Connection>>> {
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
    Ok(BufReader::new(connection))
}

/// Puts an object and waits for the answer.
fn put(connection: &mut BufReader<Box<dyn Connection>>, object: &[u8]) -> anyhow::Result<()> {
    let len = object.len();
    let head = format!("PUT /{BUCKET}/limit HTTP/1.1\r\nhost: store\r\ncontent-length: {len}\r\n\r\n");
    connection.get_mut().write_all(head.as_bytes())?;
    connection.get_mut().write_all(object)?;
    connection.get_mut().flush()?;
    let mut answer = String::new();
    while !answer.ends_with("\r\n\r\n") {
        ensure!(connection.read_line(&mut answer)? > 0, "the store hung up");
    }
    ensure!(answer.starts_with("HTTP/1.1 200"), "the store answers {answer:?}");
    Ok(())
}
