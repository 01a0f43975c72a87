//! A whole read with spilled rows, from the bytes of the request to those of the response.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use arrow::{
    array::Int64Array,
    datatypes::{DataType, SchemaRef},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{
    Context, Handler, RecordBatchStream, Result, Scan, Settings, StaticConnector, Table, TableDef,
    TableName, async_trait,
};
use athena_protocol::{
    EncryptionKey, Request, Response, S3SpillLocation, SerdeVersion, Split,
    message::ReadRecordsRequest,
    predicate::{Bound, Constraints, Marker, Range as Between, SortedRangeSet, ValueSet},
};
use athena_spill::testing::MemoryStore;
use futures::stream;

use super::{batch, exclusive};

const BATCHES: u64 = 50;
const BLOCK: u64 = 4_000_000;
const IN_FLIGHT: u64 = 2;

/// Table of batches that exist before the read.
struct Prepared {
    schema: SchemaRef,
    batches: Mutex<Vec<RecordBatch>>,
}

#[async_trait]
impl Table for Prepared {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        Ok(TableDef::new(self.schema.fields().iter().map(|field| field.as_ref().clone())))
    }

    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        let batches =
            std::mem::take(&mut *self.batches.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(RecordBatchStream::new(stream::iter(batches.into_iter().map(Ok))))
    }
}

fn request(schema: &SchemaRef, constraints: Constraints) -> Vec<u8> {
    let location = S3SpillLocation {
        bucket: Some("b".to_owned()),
        key: Some("athena-federation-spill/query/split".to_owned()),
        directory: true,
    };
    let split = Split {
        spill_location: Some(location),
        encryption_key: Some(EncryptionKey { key: vec![7; 32], nonce: vec![9; 12] }),
        ..Split::default()
    };
    let request = Request::ReadRecords(ReadRecordsRequest {
        query_id: "query".to_owned(),
        constraints,
        max_block_size: BLOCK,
        max_inline_block_size: 0,
        ..ReadRecordsRequest::new(TableName::new("s", "t"), Arc::clone(schema), split)
    });
    request.encode(SerdeVersion::LATEST).expect("a request")
}

/// Allocations and spilled bytes of one read.
struct Read {
    bytes: u64,
    allocations: u64,
    spilled: u64,
}

fn read(name: &str, constraints: Constraints) -> Read {
    let batches: Vec<_> = (0..i64::try_from(BATCHES).expect("few")).map(batch).collect();
    let request = request(&batches[0].schema(), constraints);
    let in_flight = IN_FLIGHT.to_string();
    let settings = [
        ("spill_bucket", "b"),
        ("athena_connector_check_spill_bucket", "false"),
        ("SPILL_QUEUE_CAPACITY", in_flight.as_str()),
    ];
    let store = Arc::new(MemoryStore::discarding());
    let table = Prepared { schema: batches[0].schema(), batches: Mutex::new(batches) };
    let handler = Handler::new(StaticConnector::new().table("s", "t", table))
        .with_settings(Settings::from_vars(settings).expect("the settings are valid"))
        .with_object_store(Arc::<MemoryStore>::clone(&store));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");

    let profiler = dhat::Profiler::builder().testing().build();
    let answer = runtime.block_on(handler.handle(&request, None)).expect("rows");
    let allocated = dhat::HeapStats::get();
    drop(profiler);

    let blocks = store.written_sizes();
    let Ok(Response::RemoteReadRecords(answer)) = Response::decode(&answer) else {
        panic!("the rows are spilled")
    };
    assert_eq!(answer.remote_blocks.len(), blocks.len());
    let spilled = blocks.iter().sum::<usize>() as u64;
    let read = Read { bytes: allocated.total_bytes, allocations: allocated.total_blocks, spilled };
    let Read { bytes, allocations, .. } = read;
    println!(
        "allocations: {name}: {bytes} bytes, {} % of {spilled} spilled, {} allocations per batch",
        bytes * 100 / spilled,
        allocations / BATCHES
    );
    // A third more than measured, as a margin for other versions of dependencies. One allocation
    // per row would be 20,000.
    assert!(allocations < 80 * BATCHES, "{name}: {allocations} allocations");
    read
}

/// Returns a constraint on a column to a range of values.
fn in_range(column: &str, values: Range<i64>) -> Constraints {
    let marker = |bound, value| Marker::new(bound, Arc::new(Int64Array::from(vec![value])));
    let range = Between {
        low: marker(Bound::Exactly, values.start),
        high: marker(Bound::Below, values.end),
    };
    let set =
        SortedRangeSet { data_type: DataType::Int64, ranges: vec![range], null_allowed: false };
    Constraints {
        summary: [(column.to_owned(), ValueSet::SortedRange(set))].into(),
        ..Constraints::default()
    }
}

#[test]
fn a_read_allocates_the_blocks_in_flight_and_the_rows_that_a_filter_copies() {
    let _exclusive = exclusive();
    // The capacity of a block is a sixteenth more than its size, and all else is small. Copying
    // the rows would allocate all of them again.
    let blocks = (IN_FLIGHT + 1) * BLOCK;
    let all = read("no filter", Constraints::default());
    assert!(all.bytes < blocks, "{} bytes are allocated", all.bytes);

    // The filter needs a bit or two for each row.
    let kept = read("a filter that keeps all rows", in_range("n", 0..i64::MAX));
    assert_eq!(kept.spilled, all.spilled);
    assert!(kept.bytes < all.bytes + all.spilled / 100, "{} bytes are allocated", kept.bytes);

    // The filter copies the kept rows once, with some spare capacity.
    let half = read("a filter that keeps half", in_range("odd", 1..2));
    assert!(
        half.spilled.abs_diff(all.spilled / 2) < all.spilled / 100,
        "{} bytes are spilled",
        half.spilled
    );
    assert!(half.bytes < blocks + half.spilled * 9 / 8, "{} bytes are allocated", half.bytes);
}
