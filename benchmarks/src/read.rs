//! Reads of a split: generating, filtering, cutting, encrypting and putting rows, or returning them
//! inline.

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, bail, ensure};
use arrow::{
    array::{AsArray as _, BooleanArray, Int64Array},
    datatypes::{DataType, Int64Type},
    record_batch::RecordBatch,
};
use athena_connector_bench::{BenchTable, Checksum};
use athena_protocol::{
    Constraints, Response,
    predicate::{Bound, Marker, Range, SortedRangeSet, ValueSet},
};
use test_store::{Faults, Objects, Store};

use crate::{
    contestant::{Contestant, Contestants},
    limit::{Costs, Limit},
    process::cpu,
    report::{Figure, ONE_CORE, Report, Unit},
    running::{ReadOptions, RunningFunction, read_records},
    sample::Sample,
};

/// Read, and the parameters of its expected rows.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    table: BenchTable,
    /// Number of rows that are read, from row 0.
    rows: u64,
    encrypted: bool,
    https: bool,
    /// Whether only rows with `0 <= b1 < 10486` are selected.
    filtered: bool,
    max_block_size: u64,
    /// Number of reads per measurement, if one is too short for the clock of a process.
    reads: u32,
}

const WIDE16: Workload = Workload {
    name: "wide16, encrypted, https",
    table: BenchTable::Wide16,
    rows: 1_000_000,
    encrypted: true,
    https: true,
    filtered: false,
    max_block_size: 16_000_000,
    reads: 1,
};

/// All workloads.
pub(crate) const WORKLOADS: &[Workload] = &[
    WIDE16,
    Workload { name: "wide16 x 5, encrypted, https", rows: 5_000_000, ..WIDE16 },
    Workload { name: "wide16, encrypted, https, 1 MB", max_block_size: 1_000_000, ..WIDE16 },
    Workload { name: "wide16, not encrypted, https", encrypted: false, ..WIDE16 },
    Workload { name: "wide16, encrypted, http", https: false, ..WIDE16 },
    Workload { name: "wide16, not encrypted, http", encrypted: false, https: false, ..WIDE16 },
    Workload { name: "wide16, 1 % is_selected", filtered: true, reads: 4, ..WIDE16 },
    Workload { name: "narrow3, encrypted, https", table: BenchTable::Narrow3, reads: 4, ..WIDE16 },
    Workload { name: "wide16, 20,000 rows inline", rows: 20_000, reads: 20, ..WIDE16 },
];

impl Workload {
    fn constraints(&self) -> Constraints {
        let mut constraints = Constraints::default();
        if self.filtered {
            let marker = |bound, value| Marker::new(bound, Arc::new(Int64Array::from(vec![value])));
            let range =
                Range { low: marker(Bound::Exactly, 0), high: marker(Bound::Below, 10_486) };
            let set = SortedRangeSet {
                data_type: DataType::Int64,
                ranges: vec![range],
                null_allowed: false,
            };
            constraints.summary.insert("b1".to_owned(), ValueSet::SortedRange(set));
        }
        constraints
    }

    /// Returns whether the read does exactly the work of a [`Limit`].
    fn has_limit(&self) -> bool {
        !self.filtered && self.rows >= WIDE16.rows && self.max_block_size == WIDE16.max_block_size
    }

    /// Returns the expected checksum, by the table's definition.
    fn expected(&self) -> anyhow::Result<Checksum> {
        Ok(self
            .table
            .filtered_checksum(0..self.rows, |batch| self.filtered.then(|| is_selected(batch)))?)
    }
}

fn is_selected(batch: &RecordBatch) -> BooleanArray {
    let b1 = batch.column(1).as_primitive::<Int64Type>();
    b1.iter().map(|value| value.map(|value| (0..10_486).contains(&value))).collect()
}

pub(crate) async fn measure(
    workload: &Workload,
    contestants: &Contestants,
    rounds: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let expected = workload.expected()?;
    let certificate = workload.https.then_some(&contestants.certificate);
    for contestant in &contestants.all {
        let store = Store::start(certificate, Faults::NONE).await?;
        let mut limit = None;
        if workload.has_limit() && !contestant.is_java() {
            limit = Some(Limit::new(workload.table, workload.encrypted, workload.https).await?);
        }
        let read = Read { workload, contestant, store: &store, limit };
        let samples = read
            .rounds(rounds, &expected)
            .await
            .with_context(|| format!("{} of {}", workload.name, contestant.name))?;
        let mut add = |name, side, unit, sample| {
            report.add(Figure { benchmark: workload.name.to_owned(), name, side, unit, sample });
        };
        for (step, costs) in samples.steps {
            add(step, ONE_CORE, Unit::NanosecondsPerRow, costs);
        }
        let side = contestant.name;
        if !samples.limit.values().is_empty() {
            add("limit, rows / CPU second", ONE_CORE, Unit::RowsPerSecond, samples.limit);
            add("share of the limit", side, Unit::Percent, samples.share);
        }
        add("rows / CPU second", side, Unit::RowsPerSecond, samples.rows_per_cpu_second);
        add("rows / second", side, Unit::RowsPerSecond, samples.rows_per_second);
        add("peak memory", side, Unit::Megabytes, samples.memory);
        samples.incorrect.into_iter().for_each(|text| report.note(text));
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Samples {
    rows_per_cpu_second: Sample,
    rows_per_second: Sample,
    memory: Sample,
    /// Steps of the limit, by name.
    steps: Vec<(&'static str, Sample)>,
    limit: Sample,
    share: Sample,
    /// Incorrect results.
    incorrect: Vec<String>,
}

impl Samples {
    /// Records a limit, and the share of it that this many rows per CPU second are.
    fn compare(&mut self, rows_per_cpu_second: f64, costs: &Costs) {
        if self.steps.is_empty() {
            self.steps = costs.iter().map(|(name, _)| (*name, Sample::default())).collect();
        }
        for ((_, sample), (_, cost)) in self.steps.iter_mut().zip(costs) {
            sample.push(*cost);
        }
        let limit = 1e9 / costs.iter().map(|(_, cost)| cost).sum::<f64>();
        self.limit.push(limit);
        self.share.push(100.0 * rows_per_cpu_second / limit);
    }
}

/// Reads of one workload by one connector.
struct Read<'a> {
    workload: &'a Workload,
    contestant: &'a Contestant,
    store: &'a Store,
    /// Limit to compare with, if the workload has one.
    limit: Option<Limit>,
}

impl Read<'_> {
    async fn rounds(self, rounds: usize, expected: &Checksum) -> anyhow::Result<Samples> {
        let Self { workload, contestant, store, mut limit } = self;
        let function = RunningFunction::new(contestant, store, workload.encrypted);
        let options = ReadOptions {
            constraints: workload.constraints(),
            max_block_size: workload.max_block_size,
            max_inline_block_size: 5_242_880,
        };
        let split = function.split(workload.table, 0..workload.rows).await?;
        let request = read_records(workload.table, split, &options);
        for _ in 0..contestant.warm_up * workload.reads as usize {
            function.invoke(&request).await?;
            store.take();
        }
        let process = function.cold_start()?.process;
        #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
        let rows = (workload.rows * u64::from(workload.reads)) as f64;
        let mut samples = Samples::default();
        for _ in 0..rounds {
            // Measured result before the read, so that both run under the same conditions.
            let costs = limit.as_mut().map(Limit::measure).transpose()?;
            let before = cpu(process)?;
            let began = Instant::now();
            let mut last = None;
            for _ in 0..workload.reads {
                // Objects of repeated reads have the same names: only those of the last read are
                // checked.
                store.take();
                last = Some(function.invoke(&request).await?);
            }
            let wall = began.elapsed();
            let used = cpu(process)?.saturating_sub(before);
            let rows_per_cpu_second = rows / used.as_secs_f64();
            samples.rows_per_cpu_second.push(rows_per_cpu_second);
            if let Some(costs) = costs {
                samples.compare(rows_per_cpu_second, &costs);
            }
            samples.rows_per_second.push(rows / wall.as_secs_f64());
            samples.memory.push(function.peak_memory()? / 1e6);
            let response = Response::decode(&last.context("no read was measured")?)?;
            let objects = store.take();
            // The Java SDK sometimes loses blocks, and exceeds the block size by a row or more.
            let result = check(&response, &objects, expected);
            if !contestant.is_java() {
                result?;
                let largest = objects.largest() as u64;
                let max = workload.max_block_size;
                ensure!(
                    largest <= max,
                    "an object has {largest} bytes, at most {max} were requested"
                );
            } else if let Err(error) = result {
                samples.incorrect.push(format!("{}, {}: {error}", workload.name, contestant.name));
            }
        }
        Ok(samples)
    }
}

/// Checks that the response has all rows and names all objects.
pub(crate) fn check(
    response: &Response,
    objects: &Objects,
    expected: &Checksum,
) -> anyhow::Result<()> {
    let mut sum = Checksum::default();
    match response {
        Response::ReadRecords(response) => sum.add(&response.records)?,
        Response::RemoteReadRecords(response) => {
            for block in objects.blocks(response) {
                sum.add(&block?)?;
            }
            let written = objects.len();
            let named = response.remote_blocks.len();
            ensure!(
                written == named,
                "{written} objects were written, and the response names {named}"
            );
        }
        other => bail!("unexpected response {}", other.type_name()),
    }
    ensure!(
        &sum == expected,
        "the checksum of {} rows differs from the table's definition",
        sum.rows
    );
    Ok(())
}
