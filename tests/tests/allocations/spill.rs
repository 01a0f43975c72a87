//! Blocks, encoded, encrypted and written to a store.

use std::sync::Arc;

use athena_protocol::EncryptionKey;
use athena_spill::{BlockBuilder, ObjectStore, SpillTarget, SpillWriter, testing::MemoryStore};

use super::{batch, exclusive};

#[test]
fn spilling_allocates_only_the_blocks_in_flight() {
    const BLOCK: usize = 4_000_000;
    const IN_FLIGHT: usize = 2;
    let _exclusive = exclusive();
    let batches: Vec<_> = (0..50).map(batch).collect();
    let store = Arc::new(MemoryStore::discarding());
    let key = EncryptionKey { key: vec![7; 32], nonce: vec![9; 12] };
    let target =
        SpillTarget { bucket: "b".to_owned(), key: "k".to_owned(), encryption_key: Some(key) };
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();

    let _profiler = dhat::Profiler::builder().testing().build();
    runtime.block_on(async {
        let objects: Arc<dyn ObjectStore> = Arc::<MemoryStore>::clone(&store);
        let mut builder = BlockBuilder::new(batches[0].schema(), BLOCK);
        let mut writer = SpillWriter::new(objects, target, IN_FLIGHT);
        for batch in batches {
            for block in builder.push(batch).unwrap() {
                writer.write(block).await.unwrap();
            }
        }
        writer.write(builder.finish().unwrap()).await.unwrap();
        writer.finish().await.unwrap();
    });
    let allocated = dhat::HeapStats::get();

    let blocks = store.written_sizes();
    assert!(blocks.len() > 10, "{blocks:?}");
    let bytes = allocated.total_bytes;
    let spilled = blocks.iter().sum::<usize>();
    println!(
        "allocations: {bytes} bytes in {} allocations for {spilled} bytes spilled",
        allocated.total_blocks
    );
    // The capacity of a block is a sixteenth more than its size, and all else is small. Joining or
    // copying the rows would allocate all of them again.
    assert!(bytes < ((IN_FLIGHT + 1) * BLOCK) as u64, "{bytes} bytes are allocated");
}
