//! Blocks that are encoded, encrypted and written to a store.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Array, StringArray},
    record_batch::RecordBatch,
};
use athena_protocol::EncryptionKey;
use athena_spill::{BlockBuilder, ObjectStore, SpillTarget, SpillWriter, testing::MemoryStore};

use super::alone;

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
    let _alone = alone();
    const BLOCK: usize = 4_000_000;
    const IN_FLIGHT: usize = 2;
    let batches: Vec<_> = (0..50).map(batch).collect();
    let store = Arc::new(MemoryStore::discarding());
    let key = EncryptionKey { key: vec![7; 32], nonce: vec![9; 12] };
    let target =
        SpillTarget { bucket: "b".to_owned(), key: "k".to_owned(), encryption_key: Some(key) };
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();

    let _profiler = dhat::Profiler::builder().testing().build();
    runtime.block_on(async {
        let objects: Arc<dyn ObjectStore> = Arc::<MemoryStore>::clone(&store);
        let mut cutter = BlockBuilder::new(batches[0].schema(), BLOCK);
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

    let blocks = store.written_sizes();
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
