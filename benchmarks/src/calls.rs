//! Cost of what a call may have around it: seals, typed splits, hooks. A page of 1,000 splits and a
//! read of one row, with each and without.

use std::{io, sync::Arc, time::Duration};

use anyhow::bail;
use arrow::{
    array::{ArrayRef, Int64Array},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{
    Connector, GetPartitions, GetSplits, GetTable, Handler, ListSchemas, ListTables, PageStream,
    ReadRecords, RecordBatchStream, Result, Settings, Split, TableDef, TableName, async_trait,
    hook::{EmbeddedMetrics, Hook, Invocation, Next},
};
use athena_protocol::{
    Constraints, Request, Response, SerdeVersion,
    message::{GetSplitsRequest, ReadRecordsRequest},
};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

use crate::{
    process::thread_cpu,
    report::{Figure, ONE_CORE, Report, Unit},
    sample::Sample,
};

/// Splits of a page.
const SPLITS: u32 = 1_000;

/// Calls that are timed together.
const CALLS: u32 = 20;

const QUERY: &str = "8f6c0f3e-7a41-4a5e-9a3e-5d5f0a7f2b10";

/// Table of 1,000 splits that describe what those of a lake do, with one row in each.
struct Lake {
    /// Whether splits are typed, instead of maps of texts.
    is_typed: bool,
}

/// Row groups of a file.
#[derive(Serialize, Deserialize)]
struct RowGroups {
    key: String,
    etag: String,
    first: u32,
    groups: u32,
}

/// Hook that only passes on.
struct Nothing;

#[async_trait]
impl Hook for Nothing {
    async fn around(&self, _: &Invocation, next: Next<'_>) -> Result<Vec<u8>> {
        next.run().await
    }
}

/// Handler to measure.
struct Side {
    name: &'static str,
    seal: &'static str,
    is_typed: bool,
    /// Adds the hook to a handler.
    hook: fn(Handler) -> Handler,
}

const PLAIN: Side = Side { name: "plain", seal: "off", is_typed: false, hook: |handler| handler };

const SIDES: [Side; 5] = [
    PLAIN,
    Side { name: "seals", seal: "secret:0123456789abcdef0123456789abcdef", ..PLAIN },
    Side { name: "typed splits", is_typed: true, ..PLAIN },
    Side { name: "a hook", hook: |handler| handler.with_hook(Nothing), ..PLAIN },
    Side {
        name: "embedded metrics",
        hook: |handler| handler.with_hook(EmbeddedMetrics::new("Bench").with_writer(io::sink())),
        ..PLAIN
    },
];

#[async_trait]
impl Connector for Lake {
    fn source_type(&self) -> &'static str {
        "lake"
    }

    async fn list_schemas(&self, _: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list(["s".to_owned()], None)
    }

    async fn list_tables(&self, _: ListTables) -> Result<PageStream<String>> {
        PageStream::from_list(["t".to_owned()], None)
    }

    async fn get_table(&self, _: GetTable) -> Result<TableDef> {
        Ok(TableDef::new([Field::new("n", DataType::Int64, false)]))
    }

    async fn get_partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
        Ok(RecordBatchStream::unpartitioned())
    }

    async fn get_splits(&self, _: GetSplits) -> Result<PageStream<Split>> {
        let key = |n| format!("warehouse/orders/day=2024-02-29/part-{n:05}.parquet");
        let etag = |n| format!("{n:032x}");
        if self.is_typed {
            let splits = (0..SPLITS).map(|n| {
                let key = key(n);
                Split::of(&RowGroups { key, etag: etag(n), first: n, groups: 4 })
            });
            return PageStream::from_list(splits.collect::<Result<Vec<_>>>()?, None);
        }
        let splits = (0..SPLITS).map(|n| {
            Split::new()
                .with("key", key(n))
                .with("etag", etag(n))
                .with("first", n)
                .with("groups", 4)
        });
        PageStream::from_list(splits.collect::<Vec<_>>(), None)
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        let groups = if self.is_typed {
            request.split.read()?
        } else {
            RowGroups {
                key: request.split.get("key")?,
                etag: request.split.get("etag")?,
                first: request.split.get("first")?,
                groups: request.split.get("groups")?,
            }
        };
        std::hint::black_box(groups);
        Ok(row().into())
    }
}

fn row() -> RecordBatch {
    let n: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    RecordBatch::try_from_iter([("n", n)]).expect("one column")
}

pub(crate) fn measure(rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    let mut samples: [[Sample; 2]; SIDES.len()] = Default::default();
    // A runtime of its own, whose tasks all run on the thread that is measured.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    for round in 0..=rounds {
        // Alternating, so that a change of the machine's speed affects both.
        for (side, [splits, reads]) in SIDES.iter().zip(&mut samples) {
            let (planning, reading) = round_of(side, &runtime)?;
            if round > 0 {
                splits.push(planning);
                reads.push(reading);
            }
        }
    }
    for (side, [splits, reads]) in SIDES.iter().zip(samples) {
        for (benchmark, sample) in [("a split of a page", splits), ("a read of one row", reads)] {
            report.add(Figure {
                benchmark: format!("calls: {benchmark}, {}", side.name),
                name: "CPU",
                side: ONE_CORE,
                unit: Unit::Microseconds,
                sample,
            });
        }
    }
    Ok(())
}

/// Returns the microseconds of one split of a page, and of the read of one row.
fn round_of(side: &Side, runtime: &Runtime) -> anyhow::Result<(f64, f64)> {
    let settings = [
        ("spill_bucket", "spill"),
        ("athena_connector_check_spill_bucket", "false"), // there is no S3
        ("athena_connector_seal", side.seal),
    ];
    let lake = Lake { is_typed: side.is_typed };
    let handler = (side.hook)(Handler::new(lake)).with_settings(Settings::from_vars(settings)?);
    let call = |request: &[u8]| runtime.block_on(handler.handle(request, None));
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let planning = Request::GetSplits(GetSplitsRequest {
        identity: None,
        query_id: Some(QUERY.to_owned()),
        catalog_name: "c".to_owned(),
        table_name: TableName::new("s", "t"),
        partitions: RecordBatch::try_from_iter([("partitionId", one)])?,
        partition_columns: Vec::new(),
        constraints: Constraints::default(),
        continuation_token: None,
    });
    let planning = planning.encode(SerdeVersion::V6)?;
    let Response::GetSplits(page) = Response::decode(&call(&planning)?)? else {
        bail!("the table has no splits")
    };
    let Some(split) = page.splits.into_iter().next() else { bail!("the table has no splits") };
    let reading = Request::ReadRecords(ReadRecordsRequest {
        identity: None,
        query_id: QUERY.to_owned(),
        catalog_name: "c".to_owned(),
        table_name: TableName::new("s", "t"),
        schema: Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)])),
        split,
        constraints: Constraints::default(),
        max_block_size: 16_000_000,
        max_inline_block_size: 3_465_000,
    });
    let reading = reading.encode(SerdeVersion::V6)?;
    let time = |request: &[u8], calls: u32| -> anyhow::Result<Duration> {
        let (result, used) = thread_cpu(|| (0..calls).try_for_each(|_| call(request).map(drop)));
        result?;
        Ok(used / calls)
    };
    let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
    let page = time(&planning, CALLS)?;
    let read = time(&reading, CALLS * 100)?;
    Ok((microseconds(page / SPLITS), microseconds(read)))
}
