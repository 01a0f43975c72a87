//! Reading a split: rows made, filtered, cut, encrypted and put, or answered inline.

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
    report::{ONE_CORE, Report, Unit},
    running::{ReadOptions, Running, read_records},
    sample::Sample,
};

/// One read, and what its rows have to sum up to.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    table: BenchTable,
    /// Rows that are read, from row 0.
    rows: u64,
    encrypted: bool,
    https: bool,
    /// Whether only rows with `0 <= b1 < 10486` are wanted.
    filtered: bool,
    max_block_size: u64,
    /// Reads that are measured together, where one is too short for the clock of a process.
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

/// All reads.
pub(crate) const WORKLOADS: &[Workload] = &[
    WIDE16,
    Workload { name: "wide16 x 5, encrypted, https", rows: 5_000_000, ..WIDE16 },
    Workload { name: "wide16, encrypted, https, 1 MB", max_block_size: 1_000_000, ..WIDE16 },
    Workload { name: "wide16, not encrypted, https", encrypted: false, ..WIDE16 },
    Workload { name: "wide16, encrypted, http", https: false, ..WIDE16 },
    Workload { name: "wide16, not encrypted, http", encrypted: false, https: false, ..WIDE16 },
    Workload { name: "wide16, 1 % kept", filtered: true, reads: 4, ..WIDE16 },
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

    /// Whether all that is asked for is what [`Limit`] does.
    fn has_limit(&self) -> bool {
        !self.filtered && self.rows >= WIDE16.rows && self.max_block_size == WIDE16.max_block_size
    }

    /// The sums by the table's definition.
    fn expected(&self) -> anyhow::Result<Checksum> {
        Ok(self.table.checksum_of_kept(0..self.rows, |batch| self.filtered.then(|| kept(batch)))?)
    }
}

fn kept(batch: &RecordBatch) -> BooleanArray {
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
        for (step, costs) in samples.steps {
            report.add(workload.name, step, ONE_CORE, Unit::NanosecondsARow, costs);
        }
        if !samples.limit.values().is_empty() {
            report.add(
                workload.name,
                "limit, rows / CPU second",
                ONE_CORE,
                Unit::RowsASecond,
                samples.limit,
            );
            report.add(
                workload.name,
                "share of the limit",
                contestant.name,
                Unit::Percent,
                samples.share,
            );
        }
        let mut add =
            |figure, unit, sample| report.add(workload.name, figure, contestant.name, unit, sample);
        add("rows / CPU second", Unit::RowsASecond, samples.rows_by_cpu);
        add("rows / second", Unit::RowsASecond, samples.rows_by_wall);
        add("peak memory", Unit::Megabytes, samples.memory);
        samples.wrong.into_iter().for_each(|text| report.note(text));
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Samples {
    rows_by_cpu: Sample,
    rows_by_wall: Sample,
    memory: Sample,
    /// Steps of the limit, by name.
    steps: Vec<(&'static str, Sample)>,
    limit: Sample,
    share: Sample,
    /// What was wrong with answers.
    wrong: Vec<String>,
}

impl Samples {
    /// Takes note of a limit, and of how much of it so many rows in a CPU second are.
    fn compare(&mut self, rows_by_cpu: f64, costs: &Costs) {
        if self.steps.is_empty() {
            self.steps = costs.iter().map(|(name, _)| (*name, Sample::default())).collect();
        }
        for ((_, sample), (_, cost)) in self.steps.iter_mut().zip(costs) {
            sample.push(*cost);
        }
        let limit = 1e9 / costs.iter().map(|(_, cost)| cost).sum::<f64>();
        self.limit.push(limit);
        self.share.push(100.0 * rows_by_cpu / limit);
    }
}

/// Reads of one workload by one contestant.
struct Read<'a> {
    workload: &'a Workload,
    contestant: &'a Contestant,
    store: &'a Store,
    /// What they are compared with, if it can be.
    limit: Option<Limit>,
}

impl Read<'_> {
    async fn rounds(self, rounds: usize, expected: &Checksum) -> anyhow::Result<Samples> {
        let Self { workload, contestant, store, mut limit } = self;
        let function = Running::new(contestant, store, workload.encrypted);
        let options = ReadOptions {
            constraints: workload.constraints(),
            max_block_size: workload.max_block_size,
            max_inline_block_size: 5_242_880,
        };
        let split = function.split(workload.table, 0..workload.rows).await?;
        let request = read_records(workload.table, split, &options);
        for _ in 0..contestant.warm_up * workload.reads as usize {
            function.ask_in_bytes(&request).await?;
            store.take();
        }
        let process = function.cold_start()?.process;
        #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
        let rows = (workload.rows * u64::from(workload.reads)) as f64;
        let mut samples = Samples::default();
        for _ in 0..rounds {
            // Right before the read, so that both have the same weather.
            let costs = limit.as_mut().map(Limit::measure).transpose()?;
            let (before, began) = (cpu(process)?, Instant::now());
            let mut last = None;
            for _ in 0..workload.reads {
                // What is written again has the same names: only what the last read wrote is
                // checked.
                store.take();
                last = Some(function.ask_in_bytes(&request).await?);
            }
            let (wall, used) = (began.elapsed(), cpu(process)?.saturating_sub(before));
            let by_cpu = rows / used.as_secs_f64();
            samples.rows_by_cpu.push(by_cpu);
            if let Some(costs) = costs {
                samples.compare(by_cpu, &costs);
            }
            samples.rows_by_wall.push(rows / wall.as_secs_f64());
            samples.memory.push(function.peak_memory()? / 1e6);
            let answer = Response::decode(&last.context("nothing was read")?)?;
            let objects = store.take();
            // The Java SDK loses blocks now and then, and goes over the size of a block by a row
            // and more.
            let right = check(&answer, &objects, expected);
            if !contestant.is_java() {
                right?;
                let (largest, most) = (objects.largest() as u64, workload.max_block_size);
                ensure!(
                    largest <= most,
                    "an object has {largest} bytes, at most {most} were asked for"
                );
            } else if let Err(error) = right {
                samples.wrong.push(format!(
                    "{}: an answer of {} is wrong: {error}",
                    workload.name, contestant.name
                ));
            }
        }
        Ok(samples)
    }
}

/// Whether the answer has all rows and names all objects.
pub(crate) fn check(
    answer: &Response,
    objects: &Objects,
    expected: &Checksum,
) -> anyhow::Result<()> {
    let mut sum = Checksum::default();
    match answer {
        Response::ReadRecords(answer) => sum.add(&answer.records)?,
        Response::RemoteReadRecords(answer) => {
            for block in objects.blocks(answer) {
                sum.add(&block?)?;
            }
            let (written, named) = (objects.len(), answer.remote_blocks.len());
            ensure!(
                written == named,
                "{written} objects were written, and the answer names {named}"
            );
        }
        other => bail!("the answer is {}", other.type_name()),
    }
    ensure!(
        &sum == expected,
        "the sums of {} rows are not those of the table's definition",
        sum.rows
    );
    Ok(())
}
