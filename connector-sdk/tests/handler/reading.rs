//! Reads: the rows and columns of the response, and the requests to the connector.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use arrow::{
    array::{ArrayRef, Int8Array, Int64Array, StringArray, TimestampMillisecondArray},
    datatypes::{DataType, TimeUnit},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{
    Error, ErrorKind, Handler, Pushed, RecordBatchStream, Result,
    predicate::{Constraints, Expression, OrderByField},
};
use athena_protocol::{
    Request, SerdeVersion,
    message::ReadRecordsRequest,
    predicate::{Direction, functions},
};
use futures::{StreamExt, stream};

use crate::fixture::*;

async fn rows(fake: FakeConnector, request: ReadRecordsRequest) -> Result<ReadResult> {
    let (handler, store) = spilling(fake);
    read(&handler, &store, request).await
}

fn constrained(constraints: Constraints) -> ReadRecordsRequest {
    ReadRecordsRequest { constraints, ..read_request(n()) }
}

fn limited(limit: u64, constraints: Constraints) -> ReadRecordsRequest {
    constrained(Constraints { limit: Some(limit), ..constraints })
}

/// Creates the condition `function(n)`.
fn call(function: &str) -> Constraints {
    let n = Expression::Variable { column: "n".into(), data_type: DataType::Int64 };
    let call = Expression::Call {
        function: function.into(),
        arguments: vec![n],
        data_type: DataType::Boolean,
    };
    Constraints { expressions: vec![call], ..Constraints::default() }
}

fn descending(column: &str) -> OrderByField {
    OrderByField { column_name: Some(column.into()), direction: Direction::DescNullsLast }
}

#[tokio::test]
async fn a_request_for_a_missing_column_or_wrong_type_is_invalid_input() {
    let asked = |columns: &[(&str, DataType)]| read_request(schema(columns));
    for (columns, says) in [
        ([("n", DataType::Int64), ("m", DataType::Int64)], "no column \"m\""),
        ([("n", DataType::Int64), ("text", DataType::Null)], "\"text\" as Utf8"),
    ] {
        let error = rows(FakeConnector::new(numbers(0, 3)), asked(&columns)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.message().contains(says), "{error}");
    }
    // A connector that omits one of its own columns is at fault.
    let forgetful = FakeConnector::new(numbers(0, 3))
        .with_read(|_| Ok(numbers(0, 3).project(&[0]).unwrap().into()));
    let error = rows(forgetful, asked(&[("n", DataType::Int64), ("text", DataType::Utf8)])).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Internal);
}

#[tokio::test]
async fn a_static_connector_is_read() {
    let request = ReadRecordsRequest {
        table_name: athena_connector_sdk::TableName::new("math", "squares"),
        schema: schema(&[("n", DataType::Int64), ("square", DataType::Int64)]),
        ..constrained(only("n", &[3, 12]))
    };
    let handler = math().with_settings(settings(&[]));
    let found = read(&handler, &Arc::default(), request).await.unwrap();
    assert_eq!((found.numbers("n"), found.numbers("square")), (vec![3, 12], vec![9, 144]));
    assert_eq!(found.blocks, None);
}

#[tokio::test]
async fn the_sdk_removes_rows_that_the_connector_does_not() {
    let found = rows(FakeConnector::new(numbers(0, 100)), constrained(only("n", &[3, 7, 1000])))
        .await
        .unwrap();
    assert_eq!(found.numbers("n"), [3, 7]);
}

#[tokio::test]
async fn columns_that_only_the_predicate_needs_are_read_but_not_returned() {
    let fake = FakeConnector::new(numbers(0, 100)).with_read(|request| {
        assert_eq!(request.projection.fields().len(), 2);
        Ok(numbers(0, 100).into())
    });
    let request = ReadRecordsRequest {
        schema: schema(&[("text", DataType::Utf8)]),
        ..constrained(only("n", &[5]))
    };
    let found = rows(fake, request).await.unwrap();
    assert_eq!((found.count(), found.batches[0].num_columns()), (1, 1));
    assert!(found.batches[0].column_by_name("text").is_some());
}

#[tokio::test]
async fn the_definition_is_requested_only_when_needed() {
    let fake = FakeConnector::new(numbers(0, 10));
    let calls = Arc::clone(&fake.calls);
    rows(fake, constrained(only("n", &[5]))).await.unwrap();
    assert_eq!(*calls.lock().unwrap(), ["read_records"]);
}

#[tokio::test]
async fn reads_without_columns_keep_the_row_count() {
    for count in [0, 1, 200_000] {
        let fake = FakeConnector::new(numbers(0, 10)).with_read(move |request| {
            assert!(request.projection.fields().is_empty());
            Ok(RecordBatchStream::row_count_only(count))
        });
        assert_eq!(rows(fake, read_request(schema(&[]))).await.unwrap().count(), count);
    }
    // The predicate still applies, and spilled rows count too.
    let request = ReadRecordsRequest {
        schema: schema(&[]),
        max_inline_block_size: 0,
        ..constrained(only("n", &[5, 6]))
    };
    let found = rows(FakeConnector::new(numbers(0, 100)), request).await.unwrap();
    assert_eq!((found.count(), found.blocks), (2, Some(1)));
}

/// Creates an endless stream of batches of ten numbers, which counts the batches taken.
fn endless(taken: &Arc<AtomicUsize>) -> RecordBatchStream {
    let taken = Arc::clone(taken);
    RecordBatchStream::new(stream::iter(0_i64..).map(move |batch| {
        taken.fetch_add(1, Ordering::SeqCst);
        Ok(numbers(batch * 10, batch * 10 + 10))
    }))
}

#[tokio::test]
async fn reaching_the_limit_stops_the_source() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let fake = FakeConnector::new(numbers(0, 1)).with_read(move |_| Ok(endless(&counter)));
    let found = rows(fake, limited(25, Constraints::default())).await.unwrap();
    assert_eq!(found.numbers("n"), (0..25).collect::<Vec<_>>());
    assert_eq!(taken.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_limit_counts_rows_that_pass_the_predicate() {
    let taken = Arc::new(AtomicUsize::new(0));
    let fake = FakeConnector::new(numbers(0, 1)).with_read(move |_| Ok(endless(&taken)));
    let found = rows(fake, limited(3, only("n", &[95, 5, 55, 15]))).await.unwrap();
    assert_eq!(found.numbers("n"), [5, 15, 55]);
}

#[tokio::test]
async fn a_limit_of_zero_does_not_call_the_source() {
    let fake = FakeConnector::new(numbers(0, 10));
    let calls = Arc::clone(&fake.calls);
    assert_eq!(rows(fake, limited(0, Constraints::default())).await.unwrap().count(), 0);
    assert!(calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_order_with_a_limit_returns_the_first_rows() {
    let request =
        limited(3, Constraints { order_by: vec![descending("n")], ..Constraints::default() });
    let found = rows(FakeConnector::new(numbers(0, 100)), request.clone()).await.unwrap();
    assert_eq!(found.numbers("n"), [99, 98, 97]);
    // The column of the order need not be requested.
    let request = ReadRecordsRequest { schema: schema(&[("text", DataType::Utf8)]), ..request };
    let found = rows(FakeConnector::new(numbers(0, 100)), request).await.unwrap();
    let texts = StringArray::from(vec!["number 99", "number 98", "number 97"]);
    assert_eq!(found.batches[0].column(0).as_ref(), &texts);
}

/// Creates a connector that returns `push` for every conjunct, and applies the limit if it gets
/// one.
fn claiming(push: fn(()) -> Pushed<()>, rows: std::ops::Range<i64>) -> FakeConnector {
    FakeConnector::new(numbers(0, 1)).with_read(move |request| {
        let pushed = request.push_down(|_| push(()));
        let all = numbers(rows.start, rows.end);
        let limit = pushed
            .limit
            .map_or(all.num_rows(), |limit| usize::try_from(limit).unwrap().min(all.num_rows()));
        Ok(all.slice(0, limit).into())
    })
}

#[tokio::test]
async fn a_false_claim_of_exactness_fails_instead_of_losing_rows() {
    let error =
        rows(claiming(Pushed::Exact, 0..10), limited(3, only("n", &[5, 6, 7]))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().contains("Superset"), "{error}");
}

#[tokio::test]
async fn an_exact_pushdown_gets_the_limit() {
    let found =
        rows(claiming(Pushed::Exact, 5..8), limited(3, only("n", &[5, 6, 7]))).await.unwrap();
    assert_eq!(found.numbers("n"), [5, 6, 7]);
}

#[tokio::test]
async fn a_superset_does_not_get_the_limit() {
    let found =
        rows(claiming(Pushed::Superset, 0..10), limited(2, only("n", &[5, 6, 7]))).await.unwrap();
    assert_eq!(found.numbers("n"), [5, 6]);
    // Without a limit, a false claim is harmless.
    let found =
        rows(claiming(Pushed::Exact, 0..10), constrained(only("n", &[5, 6, 7]))).await.unwrap();
    assert_eq!(found.numbers("n"), [5, 6, 7]);
}

#[tokio::test]
async fn an_unknown_function_keeps_its_rows_unless_a_limit_depends_on_it() {
    let found =
        rows(FakeConnector::new(numbers(0, 10)), constrained(call("$frobnicate"))).await.unwrap();
    assert_eq!(found.count(), 10);
    let ordered = Constraints { order_by: vec![descending("n")], ..call("$frobnicate") };
    for request in [limited(3, call("$frobnicate")), limited(3, ordered)] {
        let fake = FakeConnector::new(numbers(0, 10));
        let calls = Arc::clone(&fake.calls);
        let error = rows(fake, request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("$frobnicate"), "{error}");
        assert!(calls.lock().unwrap().is_empty(), "rejected before the source is called");
    }
}

#[tokio::test]
async fn a_known_function_is_evaluated_under_a_limit() {
    let found = rows(FakeConnector::new(numbers(0, 10)), limited(3, call(functions::IS_NULL)))
        .await
        .unwrap();
    assert_eq!(found.count(), 0);
}

#[tokio::test]
async fn columns_are_found_by_name_and_cast() {
    let narrow: ArrayRef = Arc::new(Int8Array::from(vec![1, 2]));
    let batch =
        RecordBatch::try_from_iter([("unasked", Arc::clone(&narrow)), ("n", narrow)]).unwrap();
    let fake = FakeConnector::new(numbers(0, 1)).with_read(move |_| Ok(batch.clone().into()));
    assert_eq!(rows(fake, read_request(n())).await.unwrap().numbers("n"), [1, 2]);
}

#[tokio::test]
async fn a_duplicate_column_is_named_in_the_error() {
    let twice = schema(&[("n", DataType::Int64), ("n", DataType::Utf8)]);
    let error = rows(
        FakeConnector::new(numbers(0, 1)),
        ReadRecordsRequest { schema: twice, ..read_request(n()) },
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("\"n\""), "{error}");
}

#[tokio::test]
async fn a_missing_column_is_named_in_the_error() {
    let fake =
        FakeConnector::new(numbers(0, 1)).with_read(|_| Ok(RecordBatchStream::row_count_only(3)));
    let error = rows(fake, read_request(n())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().contains("\"n\""), "{error}");
}

#[tokio::test]
async fn timestamps_with_time_zone_are_packed() {
    let zone = "America/New_York";
    let times = TimestampMillisecondArray::from(vec![1_709_294_400_000]).with_timezone(zone);
    let batch = RecordBatch::try_from_iter([("at", Arc::new(times) as ArrayRef)]).unwrap();
    let zoned = schema(&[("at", DataType::Timestamp(TimeUnit::Millisecond, Some(zone.into())))]);
    let found = rows(FakeConnector::new(batch), read_request(zoned)).await.unwrap();
    let packed =
        found.batches[0].column(0).as_any().downcast_ref::<TimestampMillisecondArray>().unwrap();
    assert_eq!(packed.values(), &[7_001_269_862_401_847]);
}

#[tokio::test]
async fn an_error_of_the_source_keeps_its_kind_and_names_the_split() {
    let fake = FakeConnector::new(numbers(0, 1)).with_read(|_| {
        Ok(RecordBatchStream::new(stream::iter([
            Ok(numbers(0, 5)),
            Err(Error::throttled("slow down")),
        ])))
    });
    let error = rows(fake, read_request(n())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert!(error.to_string().contains("s.t, split number=3"), "{error}");
}

/// Guard that sets a flag when it is dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_deadline_names_the_split_and_drops_the_source() {
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&dropped);
    let fake = FakeConnector::new(numbers(0, 1)).with_read(move |request| {
        assert!(request.context.remaining().unwrap() <= Duration::from_secs(2));
        let guard = Dropped(Arc::clone(&flag));
        Ok(RecordBatchStream::new(stream::pending().map(move |batch| {
            let _ = &guard;
            batch
        })))
    });
    let (handler, _) = spilling(fake);
    let request = Request::ReadRecords(read_request(n())).encode(SerdeVersion::V5).unwrap();
    let deadline = SystemTime::now() + Duration::from_secs(2);
    let error = handler.handle(&request, Some(deadline)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("s.t, split number=3"), "{error}");
    assert!(SystemTime::now() < deadline, "in time");
    tokio::task::yield_now().await;
    assert!(dropped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_source_that_never_waits_still_meets_its_deadline() {
    let fake = FakeConnector::new(numbers(0, 1))
        .with_read(|_| Ok(RecordBatchStream::new(stream::repeat_with(|| Ok(numbers(0, 0))))));
    let (handler, _) = spilling(fake);
    let request = Request::ReadRecords(read_request(n())).encode(SerdeVersion::V5).unwrap();
    let error = handler
        .handle(&request, Some(SystemTime::now() + Duration::from_millis(100)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_deadline_of_the_epoch_is_unknown() {
    let fake = FakeConnector::new(numbers(0, 1)).with_read(|request| {
        assert_eq!(request.context.remaining(), None);
        Ok(numbers(0, 1).into())
    });
    let (handler, _) = spilling(fake);
    let request = Request::ReadRecords(read_request(n())).encode(SerdeVersion::V5).unwrap();
    assert!(handler.handle(&request, Some(SystemTime::UNIX_EPOCH)).await.is_ok());
}

#[tokio::test]
async fn a_panic_of_the_source_is_not_an_empty_response() {
    let handler = Handler::new(FakeConnector::new(numbers(0, 1)).with_read(|_| panic!("boom")));
    let request = Request::ReadRecords(without_spill_location(read_request(n())));
    let outcome = tokio::spawn(async move { invoke(&handler, request).await }).await;
    assert!(outcome.expect_err("the panic propagates").is_panic());
}

#[tokio::test]
async fn huge_batches_of_a_connector_are_read_like_small_ones() {
    let all: ArrayRef = Arc::new(Int64Array::from_iter_values(0..300_000));
    let batch = RecordBatch::try_from_iter([("n", all)]).unwrap();
    let found =
        rows(FakeConnector::new(batch), limited(70_000, Constraints::default())).await.unwrap();
    assert_eq!(found.numbers("n"), (0..70_000).collect::<Vec<_>>());
}
