//! Order, concurrency and failures of puts.

use std::pin::pin;

use arrow::record_batch::RecordBatch;
use athena_protocol::{
    block::{Framing, encode_batch, encoded_len},
    message::RemoteReadRecordsResponse,
};
use futures::{FutureExt, TryStreamExt};

use super::*;
use crate::{
    SpillReader,
    samples::{a_while, every_type, key, no_columns, numbers, until},
    testing::MemoryStore,
};

fn target(encryption_key: Option<EncryptionKey>) -> SpillTarget {
    SpillTarget { bucket: "spill".to_owned(), key: "p/q/s".to_owned(), encryption_key }
}

fn writer(store: &Arc<MemoryStore>, in_flight: usize) -> SpillWriter {
    SpillWriter::new(Arc::clone(store) as _, target(None), in_flight)
}

/// Returns the rows of block `number`.
fn rows(number: i64) -> RecordBatch {
    numbers(number * 10..(number + 1) * 10)
}

fn block(number: i64) -> Block {
    rows(number).try_into().unwrap()
}

#[tokio::test]
async fn objects_are_numbered_without_a_gap_in_row_order() {
    for in_flight in [0, 1, 3, 100] {
        let store = Arc::new(MemoryStore::new());
        let mut writer = writer(&store, in_flight);
        for number in 0..12 {
            writer.write(block(number)).await.unwrap();
        }
        let locations = writer.finish().await.unwrap();
        let keys: Vec<_> = locations.iter().map(|location| location.key.clone().unwrap()).collect();
        let attempt = keys[0].strip_suffix(".0").unwrap();
        assert!(attempt.starts_with("p/q/s/"), "{attempt}");
        assert_eq!(keys, (0..12).map(|number| format!("{attempt}.{number}")).collect::<Vec<_>>());
        assert!(locations.iter().all(|at| at.bucket.as_deref() == Some("spill") && !at.directory));
        for (number, key) in (0..).zip(&keys) {
            let mut expected = Vec::new();
            encode_batch(&rows(number), Framing::Legacy, &mut expected).unwrap();
            assert_eq!(store.object("spill", key).unwrap(), expected, "{key}");
        }
        assert_eq!(store.keys().len(), 12);
    }
}

#[tokio::test]
async fn two_attempts_at_one_split_never_share_an_object() {
    let store = Arc::new(MemoryStore::new());
    let mut first = writer(&store, 1);
    first.write(block(0)).await.unwrap();
    first.write(block(1)).await.unwrap();
    let first = first.finish().await.unwrap();
    let mut second = writer(&store, 1);
    second.write(block(2)).await.unwrap();
    second.finish().await.unwrap();
    let read = |remote_blocks| {
        let response = RemoteReadRecordsResponse {
            catalog_name: String::new(),
            schema: rows(0).schema(),
            remote_blocks,
            encryption_key: None,
        };
        SpillReader::new(Arc::clone(&store) as _, 1).read(response).try_collect::<Vec<_>>()
    };
    let blocks = read(first).await.unwrap();
    assert!(blocks.iter().map(|(block, _)| block).eq([&rows(0), &rows(1)]));
    assert_eq!(store.keys().len(), 3);
}

#[tokio::test]
async fn blocks_of_every_type_round_trip_with_and_without_a_key() {
    for key in [None, Some(key(16)), Some(key(24)), Some(key(32))] {
        for batch in
            [every_type(), every_type().slice(1, 3), every_type().slice(0, 0), no_columns(5)]
        {
            let store = Arc::new(MemoryStore::new());
            let mut writer = SpillWriter::new(Arc::clone(&store) as _, target(key.clone()), 2);
            let schema = batch.schema();
            for _ in 0..3 {
                writer.write(batch.clone().try_into().unwrap()).await.unwrap();
            }
            let remote_blocks = writer.finish().await.unwrap();
            let catalog_name = String::new();
            let response = RemoteReadRecordsResponse {
                catalog_name,
                schema,
                remote_blocks,
                encryption_key: key.clone(),
            };
            let blocks: Vec<_> =
                SpillReader::new(store, 1).read(response).try_collect().await.unwrap();
            assert_eq!(blocks.len(), 3);
            for (block, bytes) in blocks {
                assert_eq!(block, batch);
                let tag = if key.is_some() { TAG_LEN } else { 0 };
                assert_eq!(bytes, encoded_len(&batch, Framing::Legacy).unwrap() + tag);
            }
        }
    }
}

#[tokio::test]
async fn no_blocks_are_no_objects() {
    let store = Arc::new(MemoryStore::new());
    assert_eq!(writer(&store, 2).finish().await.unwrap(), []);
    assert_eq!(store.started(), 0);
}

#[tokio::test]
async fn no_more_blocks_than_allowed_are_in_flight() {
    for in_flight in [1, 3] {
        let store = Arc::new(MemoryStore::gated());
        let mut writer = writer(&store, in_flight);
        for number in 0..in_flight {
            writer.write(block(i64::try_from(number).unwrap())).await.unwrap();
        }
        until("all allowed puts run", || store.running() == in_flight).await;
        // The next waits, as columns, until one is complete.
        {
            let mut next = pin!(writer.write(block(100)));
            for _ in 0..200 {
                assert!(next.as_mut().now_or_never().is_none());
                tokio::task::yield_now().await;
            }
            assert_eq!(store.started(), in_flight);
            store.release(1);
            next.await.unwrap();
        }
        store.release(1_000);
        for number in 200..220 {
            writer.write(block(number)).await.unwrap();
        }
        assert_eq!(writer.finish().await.unwrap().len(), in_flight + 21);
        assert_eq!(store.max_running(), in_flight);
    }
}

#[tokio::test]
async fn the_memory_of_a_block_is_reused() {
    let store = Arc::new(MemoryStore::new());
    let mut writer = writer(&store, 1);
    let mut places = Vec::new();
    for number in 0..5 {
        writer.write(block(number)).await.unwrap();
        let ended = writer.puts.join_next().await.unwrap();
        writer.complete(ended).await.unwrap();
        places.push(writer.spare[0].as_ptr());
    }
    assert!(places.iter().all(|place| *place == places[0]));
    assert_eq!(store.keys().len(), 5);
}

#[tokio::test]
async fn nothing_is_put_after_a_failure() {
    for in_flight in 1..5 {
        for key in [".0", ".1", ".4", ".9"] {
            let store = Arc::new(MemoryStore::new());
            store.deny_keys(key);
            let mut writer = writer(&store, in_flight);
            let mut error = None;
            for number in 0..1_000 {
                if let Err(met) = writer.write(block(number)).await {
                    error = Some(met);
                    break;
                }
            }
            // One of the next calls reports the failure, long before the end.
            let error = error.expect("a put failed");
            assert_eq!(error.kind(), ErrorKind::AccessDenied);
            assert!(error.message().contains(key), "{error}");
            let begun = store.started();
            // Blocks in flight may start their put in the meantime.
            let before = store.started_before_denial();
            assert!(
                begun < before + in_flight,
                "{begun} puts, {in_flight} at a time; {before} until {key} failed"
            );
            assert_eq!(store.running(), 0);
            let again = writer.write(block(0)).await.unwrap_err();
            assert_eq!(again.kind(), ErrorKind::AccessDenied);
            assert_eq!(writer.finish().await.unwrap_err().kind(), ErrorKind::AccessDenied);
            a_while().await;
            assert_eq!(store.started(), begun);
        }
    }
}

#[tokio::test]
async fn a_failure_that_a_dropped_call_met_keeps_its_reason() {
    let store = Arc::new(MemoryStore::gated());
    store.deny_keys(".0");
    let mut writer = writer(&store, 3);
    for number in 0..3_u8 {
        writer.write(block(number.into())).await.unwrap();
        until("the put waits", || store.running() == usize::from(number) + 1).await;
    }
    // The put that waits for longest continues, and fails.
    store.release(1);
    a_while().await;
    // The call meets the failure, and is dropped while it waits for the end of the other puts.
    assert!(writer.failure().now_or_never().is_none());
    assert_eq!(writer.failure().await.kind(), ErrorKind::AccessDenied);
    assert_eq!(writer.finish().await.unwrap_err().kind(), ErrorKind::AccessDenied);
}

#[tokio::test]
async fn a_failure_of_the_last_block_fails_finish() {
    for in_flight in [1, 4] {
        let store = Arc::new(MemoryStore::new());
        store.deny_keys(".2");
        let mut writer = writer(&store, in_flight);
        for number in 0..3 {
            writer.write(block(number)).await.unwrap();
        }
        assert_eq!(writer.finish().await.unwrap_err().kind(), ErrorKind::AccessDenied);
        assert_eq!(store.running(), 0);
    }
}

#[tokio::test]
async fn a_bad_key_is_an_error_and_writes_nothing() {
    let store = Arc::new(MemoryStore::new());
    let mut writer = SpillWriter::new(Arc::clone(&store) as _, target(Some(key(20))), 2);
    writer.write(block(0)).await.unwrap();
    let error = writer.finish().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let message = error.to_string();
    assert!(message.contains("s3://spill/p/q/s/") && message.contains(".0"), "{message}");
    assert_eq!(store.started(), 0);
}

#[tokio::test]
async fn a_dropped_writer_leaves_no_task() {
    let store = Arc::new(MemoryStore::gated());
    let mut writer = writer(&store, 3);
    for number in 0..3 {
        writer.write(block(number)).await.unwrap();
    }
    until("all puts run", || store.running() == 3).await;
    drop(writer);
    until("no task holds the store", || Arc::strong_count(&store) == 1).await;
    store.release(1_000);
    a_while().await;
    assert_eq!((store.running(), store.started()), (0, 3));
    assert!(store.keys().is_empty());
}

#[tokio::test]
async fn a_cancelled_write_does_not_lose_its_rows_silently() {
    let store = Arc::new(MemoryStore::gated());
    let mut writer = writer(&store, 1);
    writer.write(block(0)).await.unwrap();
    assert!(writer.write(block(1)).now_or_never().is_none());
    store.release(1_000);
    assert_eq!(writer.write(block(2)).await.unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(writer.finish().await.unwrap_err().kind(), ErrorKind::Internal);
}
