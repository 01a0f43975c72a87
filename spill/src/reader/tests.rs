//! Blocks arrive in order, with prefetch, and errors name the object.

use athena_protocol::{
    ErrorKind,
    block::{Framing, encode_batch},
};
use futures::FutureExt;

use super::*;
use crate::{
    encrypt_in_place,
    samples::{a_while, key, numbers, until},
    testing::MemoryStore,
};

fn object(number: i64, key: Option<&EncryptionKey>) -> Bytes {
    let mut bytes = Vec::new();
    encode_batch(&numbers(number..number + 5), Framing::Legacy, &mut bytes).unwrap();
    if let Some(key) = key {
        encrypt_in_place(key, &mut bytes).unwrap();
    }
    bytes.into()
}

fn response(blocks: i64, encryption_key: Option<EncryptionKey>) -> RemoteReadRecordsResponse {
    let location = |number| S3SpillLocation {
        bucket: Some("spill".to_owned()),
        key: Some(format!("s.{number}")),
        directory: false,
    };
    RemoteReadRecordsResponse {
        catalog_name: String::new(),
        schema: numbers(0..0).schema(),
        remote_blocks: (0..blocks).map(location).collect(),
        encryption_key,
    }
}

fn fill(store: &MemoryStore, blocks: i64) {
    for number in 0..blocks {
        store.set_object("spill", &format!("s.{number}"), object(number, None));
    }
}

#[tokio::test]
async fn blocks_arrive_in_the_order_of_the_response() {
    for prefetch in [0, 1, 3, 100] {
        let store = Arc::new(MemoryStore::new());
        fill(&store, 12);
        let blocks: Vec<_> =
            SpillReader::new(store, prefetch).read(response(12, None)).collect().await;
        assert_eq!(blocks.len(), 12);
        for (number, block) in (0..).zip(blocks) {
            assert_eq!(block.unwrap(), (numbers(number..number + 5), object(number, None).len()));
        }
    }
}

#[tokio::test]
async fn no_more_blocks_than_allowed_are_prefetched() {
    for prefetch in [0, 1, 3] {
        let store = Arc::new(MemoryStore::gated());
        fill(&store, 12);
        let mut blocks =
            SpillReader::new(Arc::clone(&store) as _, prefetch).read(response(12, None));
        a_while().await;
        assert_eq!(store.started(), 0, "nothing was polled");
        assert!(blocks.next().now_or_never().is_none());
        store.release(1_000);
        blocks.next().await.unwrap().unwrap();
        // The prefetch progresses without polls.
        until("all prefetches start", || store.started() == 1 + prefetch).await;
        until("all prefetches complete", || store.running() == 0).await;
        a_while().await;
        assert_eq!(store.started(), 1 + prefetch);
        assert_eq!(blocks.count().await, 11);
        assert_eq!(store.max_running().max(1 + prefetch), 1 + prefetch);
    }
}

#[tokio::test]
async fn a_dropped_stream_stops_its_fetches() {
    let store = Arc::new(MemoryStore::gated());
    fill(&store, 12);
    let mut blocks = SpillReader::new(Arc::clone(&store) as _, 3).read(response(12, None));
    assert!(blocks.next().now_or_never().is_none());
    until("fetches run", || store.running() == 4).await;
    drop(blocks);
    until("no task holds the store", || Arc::strong_count(&store) == 1).await;
    assert_eq!(store.running(), 0);
}

#[tokio::test]
async fn a_missing_object_ends_the_stream_with_an_error() {
    let store = Arc::new(MemoryStore::new());
    fill(&store, 2);
    store.set_object("spill", "s.3", object(3, None));
    let blocks: Vec<_> = SpillReader::new(store, 5).read(response(4, None)).collect().await;
    let kinds: Vec<_> = blocks.iter().map(|block| block.as_ref().err().map(Error::kind)).collect();
    assert_eq!(kinds, [None, None, Some(ErrorKind::NotFound)]);
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_named() {
    let encrypted = object(0, Some(&key(32)));
    let truncated = encrypted.slice(..encrypted.len() - 1);
    for (body, encryption_key, kind) in [
        (object(0, None), Some(key(32)), ErrorKind::InvalidResponse),
        (encrypted.clone(), None, ErrorKind::InvalidResponse),
        (encrypted.clone(), Some(key(16)), ErrorKind::InvalidResponse),
        (truncated, Some(key(32)), ErrorKind::InvalidResponse),
        (Bytes::new(), None, ErrorKind::InvalidResponse),
        (Bytes::from_static(&[0; 7]), None, ErrorKind::InvalidResponse),
        (encrypted, Some(key(5)), ErrorKind::InvalidInput),
    ] {
        let store = Arc::new(MemoryStore::new());
        store.set_object("spill", "s.0", body);
        let mut blocks = SpillReader::new(store, 1).read(response(1, encryption_key));
        let error = blocks.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains("s3://spill/s.0"), "{error}");
    }
}

#[tokio::test]
async fn a_location_without_bucket_or_key_is_rejected() {
    for (bucket, key) in [(None, Some("s.0".to_owned())), (Some("spill".to_owned()), None)] {
        let location = S3SpillLocation { bucket, key, directory: false };
        let response =
            RemoteReadRecordsResponse { remote_blocks: vec![location], ..response(0, None) };
        let store = Arc::new(MemoryStore::new());
        let mut blocks = SpillReader::new(Arc::clone(&store) as _, 1).read(response);
        assert_eq!(blocks.next().await.unwrap().unwrap_err().kind(), ErrorKind::InvalidResponse);
        assert_eq!(store.started(), 0);
    }
}

#[test]
fn an_object_of_the_modern_framing_is_read() {
    // The Java reader accepts both (section 5.10 of the protocol).
    let batch = numbers(0..5);
    let mut bytes = Vec::new();
    encode_batch(&batch, Framing::Modern, &mut bytes).unwrap();
    assert_eq!(decode_object(bytes.into(), None, &batch.schema()).unwrap(), batch);
}

#[test]
fn an_object_of_another_schema_is_rejected() {
    let schema = crate::samples::mixed_schema();
    let error = decode_object(object(0, None), None, &schema).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
}
