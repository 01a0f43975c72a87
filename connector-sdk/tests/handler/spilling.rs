//! Inline responses, spilled blocks and spill locations.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use arrow::{
    array::{ArrayRef, BinaryArray},
    datatypes::DataType,
    record_batch::RecordBatch,
};
use athena_connector_sdk::{ErrorKind, FederatedIdentity, Handler, Progress, RecordBatchStream};
use athena_protocol::{
    MAX_PAYLOAD_BYTES, Request, Response, S3SpillLocation, SerdeVersion,
    block::{Framing, encoded_len},
    message::ReadRecordsRequest,
};
use futures::stream;

use crate::fixture::*;

fn sized(max_block_size: u64, max_inline_block_size: u64) -> ReadRecordsRequest {
    ReadRecordsRequest { max_block_size, max_inline_block_size, ..read_request(n()) }
}

#[tokio::test]
async fn a_response_is_inline_below_the_requested_size_and_spilled_from_it_on() {
    let rows = numbers(0, 100).project(&[0]).unwrap();
    let bytes = encoded_len(&rows, Framing::Modern).unwrap() as u64;
    for (limit, blocks) in [(bytes + 1, None), (bytes, Some(1)), (0, Some(1))] {
        let (handler, store) = spilling(FakeConnector::new(numbers(0, 100)));
        let found = read(&handler, &store, sized(16_000_000, limit)).await.unwrap();
        assert_eq!(found.numbers("n"), (0..100).collect::<Vec<_>>());
        assert_eq!(found.blocks, blocks, "{limit} of {bytes} bytes");
        assert_eq!(store.keys().len(), blocks.unwrap_or(0));
    }
}

#[tokio::test]
async fn no_rows_with_an_inline_size_of_zero_give_no_blocks() {
    let (handler, store) = spilling(FakeConnector::new(numbers(0, 0)));
    assert_eq!(read(&handler, &store, sized(16_000_000, 0)).await.unwrap().blocks, Some(0));
    assert_eq!(read(&handler, &store, sized(16_000_000, 1)).await.unwrap().blocks, None);
    assert!(store.keys().is_empty());
}

#[tokio::test]
async fn spilled_blocks_have_every_row_in_order_within_the_block_size() {
    let batches = |_| {
        let batches = (0..50).map(|batch| Ok(numbers(batch * 100, batch * 100 + 100)));
        Ok(RecordBatchStream::new(stream::iter(batches)))
    };
    let (handler, store) = spilling(FakeConnector::new(numbers(0, 1)).with_read(batches));
    let found = read(&handler, &store, sized(2_000, 5_242_880)).await.unwrap();
    assert_eq!(found.numbers("n"), (0..5_000).collect::<Vec<_>>());
    assert!(found.blocks.unwrap() > 20, "{found:?}");
    let tag = 16;
    for key in store.keys() {
        let (bucket, name) = key.split_once('/').unwrap();
        let object = store.object(bucket, name).unwrap();
        assert!(key.starts_with(&format!("{BUCKET}/athena-federation-spill/{QUERY}/0/")), "{key}");
        assert!(object.len() <= 2_000 + tag, "{key} has {} bytes", object.len());
    }
}

#[tokio::test]
async fn a_block_larger_than_the_payload_limit_is_spilled() {
    // The request allows it inline, but it exceeds the payload limit of Lambda.
    let value = vec![7; 5_000_000];
    let column: ArrayRef = Arc::new(BinaryArray::from_iter_values([value]));
    let batch = RecordBatch::try_from_iter([("b", column)]).unwrap();
    let (handler, store) = spilling(FakeConnector::new(batch));
    let request = ReadRecordsRequest {
        schema: schema(&[("b", DataType::Binary)]),
        ..sized(16_000_000, 16_000_000)
    };
    let found = read(&handler, &store, request).await.unwrap();
    assert_eq!((found.count(), found.blocks), (1, Some(1)));
}

#[tokio::test]
async fn the_largest_inline_response_fits_the_payload_limit() {
    let mut sizes = Vec::new();
    for kib in [4_580, 4_600, 4_606, 4_608, 4_620] {
        let column: ArrayRef = Arc::new(BinaryArray::from_iter_values([vec![7; kib * 1_024]]));
        let batch = RecordBatch::try_from_iter([("b", column)]).unwrap();
        let (handler, _) = spilling(FakeConnector::new(batch));
        let request = ReadRecordsRequest {
            schema: schema(&[("b", DataType::Binary)]),
            ..sized(16_000_000, 16_000_000)
        };
        let request = Request::ReadRecords(request).encode(SerdeVersion::V5).unwrap();
        let response = handler.handle(&request, None).await.unwrap();
        assert!(response.len() <= MAX_PAYLOAD_BYTES);
        sizes.push(matches!(Response::decode(&response).unwrap(), Response::ReadRecords(_)));
    }
    assert_eq!(sizes.first(), Some(&true));
    assert_eq!(sizes.last(), Some(&false));
}

#[tokio::test]
async fn rows_without_a_spill_location_name_the_setting() {
    let handler = Handler::new(FakeConnector::new(numbers(0, 5_000)));
    for request in [sized(2_000, 5_242_880), sized(16_000_000, 100)] {
        let error = invoke(&handler, Request::ReadRecords(without_spill_location(request)))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("spill_bucket"), "{error}");
    }
    assert!(
        invoke(
            &handler,
            Request::ReadRecords(without_spill_location(sized(16_000_000, 5_242_880)))
        )
        .await
        .is_ok()
    );
}

fn at(bucket: &str, key: &str, directory: bool) -> ReadRecordsRequest {
    let mut request = read_request(n());
    request.split.spill_location =
        Some(S3SpillLocation { bucket: Some(bucket.into()), key: Some(key.into()), directory });
    request
}

#[tokio::test]
async fn a_foreign_spill_location_is_rejected_before_the_source_is_called() {
    let own = format!("athena-federation-spill/{QUERY}/0");
    let mut optioned = read_request(n());
    let mut identity = FederatedIdentity::default();
    identity.config_options.insert("spill_bucket".into(), Some("theirs".into()));
    optioned.identity = Some(identity);
    let mut nowhere = read_request(n());
    nowhere.split.spill_location.as_mut().unwrap().bucket = None;
    let refused = [
        at("theirs", &own, true),
        at(BUCKET, "other/place", true),
        at(BUCKET, "athena-federation-spill-of-others/0", true),
        at(BUCKET, "athena-federation-spill", true),
        at(BUCKET, &own, false),
        optioned,
        nowhere,
    ];
    for request in refused {
        let fake = FakeConnector::new(numbers(0, 1));
        let calls = Arc::clone(&fake.calls);
        let (handler, store) = spilling(fake);
        let location = format!("{:?}", request.split.spill_location);
        assert_eq!(
            error_kind(&handler, Request::ReadRecords(request)).await,
            ErrorKind::InvalidInput,
            "{location}"
        );
        assert!(calls.lock().unwrap().is_empty() && store.keys().is_empty());
    }
    // A function without a bucket has no location of its own.
    assert_eq!(
        error_kind(&math(), Request::ReadRecords(at(BUCKET, &own, true))).await,
        ErrorKind::InvalidInput
    );
}

#[tokio::test]
async fn a_foreign_spill_location_can_be_allowed() {
    let (handler, store) = spilling(FakeConnector::new(numbers(0, 10)));
    let handler =
        handler.with_settings(settings(&[("athena_connector_allow_foreign_spill", "true")]));
    let request = ReadRecordsRequest { max_inline_block_size: 0, ..at("theirs", "x/0", true) };
    assert_eq!(read(&handler, &store, request).await.unwrap().count(), 10);
    assert!(store.keys()[0].starts_with("theirs/x/0/"));
}

#[tokio::test]
async fn the_first_failed_upload_ends_the_read_and_drops_the_source() {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    let endless = move |_| {
        let guard = Flag(Arc::clone(&flag));
        Ok(RecordBatchStream::new(stream::repeat_with(move || {
            let _ = &guard;
            Ok(numbers(0, 1_000))
        })))
    };
    let (handler, store) = spilling(FakeConnector::new(numbers(0, 1)).with_read(endless));
    store.deny_keys("");
    let error = read(&handler, &store, sized(2_000, 0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    tokio::task::yield_now().await;
    assert!(ended.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_connector_can_observe_the_progress_of_a_read() {
    let seen = Arc::new(Mutex::new(Progress::default()));
    let last = Arc::clone(&seen);
    let watching = move |request: athena_connector_sdk::ReadRecords| {
        assert!(request.context.progress().is_retry_safe());
        let last = Arc::clone(&last);
        let context = request.context;
        let batches = (0..50).map(move |batch| {
            *last.lock().unwrap() = context.progress();
            Ok(numbers(batch * 100, batch * 100 + 100))
        });
        Ok(RecordBatchStream::new(stream::iter(batches)))
    };
    let (handler, store) = spilling(FakeConnector::new(numbers(0, 1)).with_read(watching));
    read(&handler, &store, sized(2_000, 0)).await.unwrap();
    let seen = *seen.lock().unwrap();
    assert!(seen.rows > 1_000 && seen.rows < 5_000, "{seen:?}");
    assert!(seen.blocks > 3 && seen.bytes > 3 * 1_000 && !seen.is_retry_safe(), "{seen:?}");
}

#[tokio::test]
async fn a_setting_overrides_the_block_size_of_the_request() {
    let (handler, store) = spilling(FakeConnector::new(numbers(0, 5_000)));
    let handler = handler.with_settings(settings(&[("MAX_BLOCK_SIZE_BYTES", "2000")]));
    let found = read(&handler, &store, sized(16_000_000, 0)).await.unwrap();
    assert_eq!(found.count(), 5_000);
    assert!(found.blocks.unwrap() > 20, "{found:?}");
}

#[tokio::test]
async fn blocks_too_small_to_hold_rows_are_refused_before_the_source() {
    for (bytes, outcome) in [(0, false), (199, false), (1_000, true)] {
        let (handler, store) = spilling(FakeConnector::new(numbers(0, 1)));
        let read = read(&handler, &store, sized(bytes, 0)).await;
        assert_eq!(read.is_ok(), outcome, "{read:?}");
        if let Err(error) = read {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.message().contains("maxBlockSize"), "{error}");
        }
    }
}
