//! Reads that spill to a failing store return all rows, or an error with a remedy, and never fewer
//! rows.
//!
//! `ATHENA_LONG_TESTS=1` runs a thousand seeded runs and thirty calls of 14,085 blocks, instead of
//! a few.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use athena_connector_bench::{BenchTable, Checksum};
use athena_connector_sdk::{
    Context, Error, ErrorKind, Handler, RecordBatchStream, Result, Scan, Settings, StaticConnector,
    Table, TableDef, TableName,
    arrow::datatypes::{Schema, SchemaRef},
    async_trait,
};
use athena_protocol::{
    EncryptionKey, Request, Response, S3SpillLocation, SerdeVersion, Split,
    message::{ReadRecordsRequest, RemoteReadRecordsResponse},
};
use athena_spill::{SpillSettings, aws::S3Store};
use futures::{StreamExt, future::join_all, stream};
use test_store::{BUCKET, Fault, Faults, Store, When};

const TABLE: BenchTable = BenchTable::Narrow3;
/// Number of rows that fill [`BLOCKS`] blocks of [`BLOCK`] bytes.
const ROWS: u64 = 20_000;
const BLOCK: u64 = 50_000;
const BLOCKS: usize = 12;

const DENIED: Fault = Fault::Status(403, "AccessDenied");
const NO_BUCKET: Fault = Fault::Status(404, "NoSuchBucket");
const INTERNAL: Fault = Fault::Status(500, "InternalError");
const SLOW_DOWN: Fault = Fault::Status(503, "SlowDown");

/// Table that counts the rows read from it.
struct Counted {
    rows: u64,
    taken: Arc<AtomicU64>,
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(TABLE.fields()))
}

#[async_trait]
impl Table for Counted {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        Ok(TableDef::new(TABLE.fields()))
    }

    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        let taken = Arc::clone(&self.taken);
        let count = move |batch: &Result<_>| {
            let rows = batch
                .as_ref()
                .map_or(0, athena_connector_sdk::arrow::record_batch::RecordBatch::num_rows);
            taken.fetch_add(rows as u64, SeqCst);
        };
        Ok(RecordBatchStream::from_blocking(TABLE.read(&schema(), 0..self.rows)?.inspect(count))
            .with_prefetch(2))
    }
}

/// Function, the store that it spills to, and the number of rows read from its source.
struct Setup {
    handler: Handler,
    store: Store,
    taken: Arc<AtomicU64>,
}

impl Setup {
    async fn new(rows: u64, faults: Faults) -> Self {
        let store = Store::start(None, faults).await.expect("a store");
        let objects = S3Store::new(&SpillSettings::default()).with_endpoint(
            store.endpoint(),
            "us-east-1",
            "test",
            "test",
        );
        let settings = [("spill_bucket", BUCKET), ("athena_connector_check_spill_bucket", "false")];
        let taken = Arc::<AtomicU64>::default();
        let table = Counted { rows, taken: Arc::clone(&taken) };
        let handler = Handler::new(StaticConnector::new().table("bench", "counted", table))
            .with_settings(Settings::from_vars(settings).expect("valid settings"))
            .with_object_store(Arc::new(objects));
        Self { handler, store, taken }
    }

    async fn read(&self, max_block_size: u64) -> Result<RemoteReadRecordsResponse> {
        let location = S3SpillLocation {
            bucket: Some(BUCKET.to_owned()),
            key: Some("athena-federation-spill/query/split".to_owned()),
            directory: true,
        };
        let split = Split {
            spill_location: Some(location),
            encryption_key: Some(EncryptionKey { key: vec![7; 32], nonce: vec![9; 12] }),
            ..Split::default()
        };
        let table = TableName::new("bench", "counted");
        let request = Request::ReadRecords(ReadRecordsRequest {
            query_id: "query".to_owned(),
            max_block_size,
            max_inline_block_size: 0,
            ..ReadRecordsRequest::new(table, schema(), split)
        });
        let request = request.encode(SerdeVersion::V6).expect("a request");
        let answer = self.handler.handle(&request, None).await?;
        match Response::decode(&answer)? {
            Response::RemoteReadRecords(answer) => Ok(answer),
            other => panic!("unexpected response {}", other.type_name()),
        }
    }

    /// Returns the numbers of rows read and of puts, once neither grows any more.
    async fn until_idle(&self) -> (u64, usize) {
        let mut last = (0, 0);
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let now = (self.taken.load(SeqCst), self.store.puts());
            if now == last {
                return now;
            }
            last = now;
        }
        panic!("still busy: {last:?}");
    }

    /// Returns whether answer and store contain all blocks, with the rows of the table.
    fn is_complete(&self, answer: &RemoteReadRecordsResponse, expected: &Checksum) -> bool {
        let objects = self.store.take();
        let mut sum = Checksum::default();
        for block in objects.blocks(answer) {
            sum.add(&block.expect("a block that can be read")).expect("a sum");
        }
        sum == *expected && objects.len() == answer.remote_blocks.len()
    }
}

fn expected(rows: u64) -> Checksum {
    TABLE.checksum(0..rows).expect("a table")
}

fn names_an_object(error: &Error) -> bool {
    error.to_string().contains(&format!("s3://{BUCKET}/athena-federation-spill/query/split/"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transient_fault_loses_no_row() {
    let expected = expected(ROWS);
    // A stalled put is retried after 20 seconds without a response.
    let slow = Fault::Slow(Duration::from_millis(300));
    let faults =
        [INTERNAL, SLOW_DOWN, Fault::Reset, Fault::Truncate, Fault::Unanswered, slow, Fault::Stall];
    let cases =
        faults.into_iter().flat_map(|fault| [0, BLOCKS / 2, BLOCKS - 1].map(|put| (fault, put)));
    join_all(cases.map(async |(fault, put)| {
        let setup = Setup::new(ROWS, Faults { when: When::Only(put), fault }).await;
        let answer = setup
            .read(BLOCK)
            .await
            .unwrap_or_else(|error| panic!("{fault:?} of put {put}: {error}"));
        assert_eq!(answer.remote_blocks.len(), BLOCKS);
        assert!(setup.is_complete(&answer, &expected), "{fault:?} of put {put}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_fault_fails_the_read_and_names_the_object() {
    let cases = [
        (DENIED, ErrorKind::AccessDenied, "s3:PutObject"),
        (NO_BUCKET, ErrorKind::NotFound, "bucket does not exist"),
        (INTERNAL, ErrorKind::Internal, "retry later"),
        (SLOW_DOWN, ErrorKind::Throttled, "reduce the concurrency"),
        (Fault::Reset, ErrorKind::Timeout, "closed the connection on every attempt"),
        (Fault::Unanswered, ErrorKind::Timeout, "closed the connection on every attempt"),
        (Fault::Truncate, ErrorKind::InvalidResponse, "truncated or malformed on every attempt"),
        (
            Fault::Stall,
            ErrorKind::Timeout,
            "stopped responding or closed the connection on every attempt",
        ),
    ];
    let cases =
        cases.into_iter().flat_map(|case| [0, BLOCKS / 2, BLOCKS - 1].map(|put| (case, put)));
    join_all(cases.map(async |((fault, kind, remedy), put)| {
        let setup = Setup::new(ROWS, Faults { when: When::From(put), fault }).await;
        let error = setup.read(BLOCK).await.expect_err("puts fail");
        assert!(
            names_an_object(&error) && error.to_string().contains(remedy),
            "{fault:?} of put {put}: {error}"
        );
        assert_eq!(error.kind(), kind, "{fault:?} of put {put}: {error}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_failure_stops_an_endless_source_within_the_data_in_flight() {
    for put in [0, 20, 100] {
        let setup = Setup::new(u64::MAX, Faults { when: When::From(put), fault: DENIED }).await;
        let error = setup.read(BLOCK).await.expect_err("puts fail");
        assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
        let (taken, puts) = setup.until_idle().await;
        let rows_of_a_block = ROWS / (BLOCKS as u64 - 1);
        let batch = 8_192;
        // Two blocks in flight, one queued, one being filled; batches between the stages.
        let most = rows_of_a_block * (put as u64 + 4) + 8 * batch;
        assert!(taken <= most, "{taken} rows were read, at most {most} expected; put {put} failed");
        assert!(puts <= put + 2, "{puts} puts were sent, and number {put} failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_faults_never_lose_a_row() {
    let runs = if is_long() { 1_000 } else { 60 };
    let expected = expected(ROWS);
    let faults =
        [INTERNAL, SLOW_DOWN, Fault::Reset, Fault::Truncate, Fault::Unanswered, DENIED, NO_BUCKET];
    let results = stream::iter(0..runs).map(async |seed: u64| {
        let fault = faults[(seed % 7) as usize];
        let percent = [2, 10, 40][(seed / 7 % 3) as usize];
        let setup = Setup::new(ROWS, Faults { when: When::Some { seed, percent }, fault }).await;
        match setup.read(BLOCK).await {
            Ok(answer) => {
                assert!(setup.is_complete(&answer, &expected), "seed {seed}: rows are missing");
                true
            }
            Err(error) => {
                assert!(names_an_object(&error), "seed {seed}: {error}");
                false
            }
        }
    });
    let results: Vec<bool> = results.buffer_unordered(40).collect().await;
    let right = results.iter().filter(|right| **right).count();
    println!(
        "faults: {runs} runs, {right} with all rows, {} failed with the object named, 0 lost",
        results.len() - right
    );
    assert!(right > 0 && right < results.len(), "some runs must succeed and some fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_thousands_of_blocks_is_lost() {
    let (calls, rows) = if is_long() { (30, 1_000_000) } else { (2, 70_000) };
    let expected = expected(rows);
    let setup = Setup::new(rows, Faults::NONE).await;
    let mut blocks = 0;
    for call in 0..calls {
        let answer = setup.read(2_000).await.expect("nothing fails");
        blocks = answer.remote_blocks.len();
        assert!(setup.is_complete(&answer, &expected), "call {call}: blocks are missing");
    }
    println!("blocks: {calls} calls of {blocks} blocks, 0 lost");
    assert!(blocks > if is_long() { 14_000 } else { 900 });
}

fn is_long() -> bool {
    std::env::var_os("ATHENA_LONG_TESTS").is_some_and(|value| value == "1")
}
