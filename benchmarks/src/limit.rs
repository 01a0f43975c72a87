//! What this machine could do at best, one core, nothing but the work itself: make the columns of a whole block, serialise,
//! encrypt, once more for TLS, and send.
//!
//! Of other people's code wherever there is some, so that it does not get slower with ours: Arrow's own writer, the cipher
//! itself, a socket.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    ops::Range,
    thread,
};

use arrow::{ipc::writer::StreamWriter, record_batch::RecordBatch};
use athena_connector_bench::BenchTable;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::{parts::BLOCK_ROWS, process::of_thread, sample::Sample};

/// Rows of `narrow3` in one block of 16,000,000 bytes, about.
const NARROW3_ROWS: u64 = 550_000;
/// Blocks that are made in a round.
const BLOCKS: u64 = 4;

/// Rows a CPU second, with so many `passes` of encryption: one for the block, one for TLS.
pub(crate) fn measure(table: BenchTable, passes: usize, rounds: usize) -> anyhow::Result<Sample> {
    let rows = if table == BenchTable::Narrow3 { NARROW3_ROWS } else { BLOCK_ROWS };
    let mut sink = Sink::start()?;
    let mut memory = Vec::new();
    let mut sample = Sample::default();
    for round in 0..=rounds {
        let block = |at| block(table, at * rows..(at + 1) * rows, passes, &mut memory, &mut sink);
        let (done, used) = of_thread(|| (0..BLOCKS).try_for_each(block));
        done?;
        // The first round pays for the pages of the memory.
        if round > 0 {
            #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
            sample.push((BLOCKS * rows) as f64 / used.as_secs_f64());
        }
    }
    Ok(sample)
}

fn block(
    table: BenchTable,
    rows: Range<u64>,
    passes: usize,
    memory: &mut Vec<u8>,
    sink: &mut Sink,
) -> anyhow::Result<()> {
    // A block is one record batch: its rows are made at once, or else copied together.
    serialise(&table.batch(rows)?, memory)?;
    for _ in 0..passes {
        encrypt(memory)?;
    }
    Ok(sink.stream.write_all(memory)?)
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

/// A peer on loopback that reads and forgets, on a thread of its own.
struct Sink {
    stream: TcpStream,
}

impl Sink {
    fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let stream = TcpStream::connect(listener.local_addr()?)?;
        let (mut peer, _) = listener.accept()?;
        thread::spawn(move || {
            let mut bytes = vec![0; 1 << 20];
            // It ends when the other end is dropped.
            while matches!(peer.read(&mut bytes), Ok(count) if count > 0) {}
        });
        Ok(Self { stream })
    }
}
