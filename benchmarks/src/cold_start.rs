//! Time from the start of a process to its first responses, without the start of a sandbox.

use std::time::{Duration, Instant};

use anyhow::bail;
use athena_connector_bench::BenchTable;
use athena_protocol::{Constraints, Response};
use test_store::{Faults, Store};

use crate::{
    contestant::{Contestant, Contestants},
    process::{cpu, memory},
    report::{Figure, Report, Unit},
    running::{ReadOptions, RunningFunction, get_splits, ping, read_records},
    sample::Sample,
};

const NAME: &str = "cold start";
const ROWS: u64 = 5;

/// Times from the start of the process.
#[derive(Debug, Default)]
struct Samples {
    ping: Sample,
    ping_cpu: Sample,
    ping_memory: Sample,
    splits: Sample,
    read: Sample,
    read_cpu: Sample,
    read_memory: Sample,
    read_first: Sample,
    read_first_cpu: Sample,
}

pub(crate) async fn measure(
    contestants: &Contestants,
    rounds: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let store = Store::start(Some(&contestants.certificate), Faults::NONE).await?;
    for contestant in &contestants.all {
        let mut samples = Samples::default();
        for _ in 0..rounds {
            measure_round(contestant, &store, &mut samples).await?;
        }
        let side = contestant.name;
        let mut add = |name, unit, sample| {
            report.add(Figure { benchmark: NAME.to_owned(), name, side, unit, sample });
        };
        add("first ping", Unit::Milliseconds, samples.ping);
        add("... CPU", Unit::Milliseconds, samples.ping_cpu);
        add("... memory", Unit::Megabytes, samples.ping_memory);
        add("... then splits", Unit::Milliseconds, samples.splits);
        add("... then 5 rows", Unit::Milliseconds, samples.read);
        add("... CPU of all three", Unit::Milliseconds, samples.read_cpu);
        add("... memory of all three", Unit::Megabytes, samples.read_memory);
        add("5 rows, first call", Unit::Milliseconds, samples.read_first);
        add("5 rows, first call, CPU", Unit::Milliseconds, samples.read_first_cpu);
    }
    Ok(())
}

async fn measure_round(
    contestant: &Contestant,
    store: &Store,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    let table = BenchTable::Wide16;
    let options = ReadOptions {
        constraints: Constraints::default(),
        max_block_size: 16_000_000,
        max_inline_block_size: 5_242_880,
    };
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;

    let function = RunningFunction::new(contestant, store, true);
    function.call(&ping()).await?;
    let start = function.cold_start()?;
    let responded = Instant::now();
    let since_start = || milliseconds(start.first_answer + responded.elapsed());
    samples.ping.push(milliseconds(start.first_answer));
    samples.ping_cpu.push(milliseconds(cpu(start.process)?));
    samples.ping_memory.push(memory(start.process)? / 1e6);
    let layout = function.layout(table).await?;
    let Response::GetSplits(splits) = function.call(&get_splits(layout)).await? else {
        bail!("the table has no splits")
    };
    samples.splits.push(since_start());
    let Some(mut split) = splits.splits.into_iter().next() else {
        bail!("the table has no splits")
    };
    split.properties.insert("start".to_owned(), "0".to_owned());
    split.properties.insert("end".to_owned(), ROWS.to_string());
    let read = read_records(table, split, &options);
    check(&function.call(&read).await?)?;
    samples.read.push(since_start());
    samples.read_cpu.push(milliseconds(cpu(start.process)?));
    samples.read_memory.push(memory(start.process)? / 1e6);
    drop(function);

    let function = RunningFunction::new(contestant, store, true);
    check(&function.call(&read).await?)?;
    let start = function.cold_start()?;
    samples.read_first.push(milliseconds(start.first_answer));
    samples.read_first_cpu.push(milliseconds(cpu(start.process)?));
    Ok(())
}

fn check(response: &Response) -> anyhow::Result<()> {
    match response {
        Response::ReadRecords(answer) if answer.records.num_rows() as u64 == ROWS => Ok(()),
        other => bail!("expected {ROWS} rows inline, got {other:?}"),
    }
}
