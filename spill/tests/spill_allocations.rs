//! What is allocated for each byte that is spilled: whoever copies needs memory for the copy.
//!
//! Bytes do not depend on the machine, as times do. In a program of its own, since all that a
//! process allocates is counted.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::{
    array::{ArrayRef, Int64Array, StringArray},
    record_batch::RecordBatch,
};
use athena_protocol::{EncryptionKey, Error, Result};
use athena_spill::{BlockCutter, ObjectStore, SpillTarget, SpillWriter};
use bytes::Bytes;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// A store that takes everything and keeps nothing.
#[derive(Debug, Default)]
struct Counter(Mutex<Vec<usize>>);

#[async_trait::async_trait]
impl ObjectStore for Counter {
    async fn put(&self, _: &str, _: &str, body: Bytes) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(body.len());
        Ok(())
    }

    async fn get(&self, _: &str, key: &str) -> Result<Bytes> {
        Err(Error::not_found(format!("nothing is kept, also not {key}")))
    }

    async fn check_bucket(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

/// About a megabyte of rows of numbers and texts.
fn batch(number: i64) -> RecordBatch {
    const ROWS: i64 = 20_000;
    let numbers = number * ROWS..(number + 1) * ROWS;
    let texts = StringArray::from_iter_values(
        numbers.clone().map(|n| format!("the text of row number {n:>16}")),
    );
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
    RecordBatch::try_from_iter([("n", numbers), ("t", Arc::new(texts))])
        .expect("two columns make a batch")
}

#[test]
fn spilling_allocates_blocks_for_those_in_flight_and_for_no_other() {
    const BLOCK: usize = 4_000_000;
    const IN_FLIGHT: usize = 2;
    let batches: Vec<_> = (0..50).map(batch).collect();
    let store = Arc::new(Counter::default());
    let key = EncryptionKey { key: vec![7; 32], nonce: vec![9; 12] };
    let target =
        SpillTarget { bucket: "b".to_owned(), key: "k".to_owned(), encryption_key: Some(key) };
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();

    let _profiler = dhat::Profiler::builder().testing().build();
    runtime.block_on(async {
        let objects: Arc<dyn ObjectStore> = Arc::<Counter>::clone(&store);
        let mut cutter = BlockCutter::new(batches[0].schema(), BLOCK);
        let mut writer = SpillWriter::new(objects, target, IN_FLIGHT);
        for batch in batches {
            for block in cutter.push(batch).unwrap() {
                writer.write(block).await.unwrap();
            }
        }
        writer.write(cutter.finish().unwrap()).await.unwrap();
        writer.finish().await.unwrap();
    });
    let allocated = dhat::HeapStats::get();

    let blocks = store.0.lock().unwrap().clone();
    assert!(blocks.len() > 10, "{blocks:?}");
    let (bytes, spilled) = (allocated.total_bytes, blocks.iter().sum::<usize>());
    println!(
        "allocations: {bytes} bytes in {} pieces for {spilled} spilled",
        allocated.total_blocks
    );
    // Each has room for a sixteenth more, and the rest is small. Joining or copying rows would take
    // all of them again.
    assert!(bytes < ((IN_FLIGHT + 1) * BLOCK) as u64, "{bytes} bytes were allocated");
}
