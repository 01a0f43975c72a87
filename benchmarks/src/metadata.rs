//! Cost of metadata requests to a warm process.

use std::time::Instant;

use athena_connector_bench::BenchTable;
use test_store::{Faults, Store};

use crate::{
    contestant::Contestants,
    process::cpu,
    report::{Figure, Report, Unit},
    running::{RunningFunction, get_splits, get_table, list_tables, ping},
    sample::Sample,
};

/// Number of unmeasured requests of each kind.
const WARM_UP: usize = 1_500;
/// Number of requests per round.
const CALLS: u32 = 500;

pub(crate) async fn measure(
    contestants: &Contestants,
    rounds: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let store = Store::start(Some(&contestants.certificate), Faults::NONE).await?;
    for contestant in &contestants.all {
        let function = RunningFunction::new(contestant, &store, true);
        let table = BenchTable::Wide16;
        let kinds = [
            ("metadata: Ping", ping()),
            ("metadata: ListTables", list_tables()),
            ("metadata: GetTable", get_table(table)),
            ("metadata: GetSplits", get_splits(function.layout(table).await?)),
        ];
        for (_, request) in &kinds {
            for _ in 0..WARM_UP {
                function.invoke(request).await?;
            }
        }
        let process = function.cold_start()?.process;
        for (name, request) in &kinds {
            let mut wall = Sample::default();
            let mut used = Sample::default();
            for _ in 0..rounds {
                let before = cpu(process)?;
                let mut calls = Sample::default();
                for _ in 0..CALLS {
                    let began = Instant::now();
                    function.invoke(request).await?;
                    calls.push(began.elapsed().as_secs_f64() * 1e3);
                }
                wall.push(calls.median());
                used.push(
                    cpu(process)?.saturating_sub(before).as_secs_f64() * 1e3 / f64::from(CALLS),
                );
            }
            for (figure, sample) in [("wall, median of 500", wall), ("CPU", used)] {
                report.add(Figure {
                    benchmark: (*name).to_owned(),
                    name: figure,
                    side: contestant.name,
                    unit: Unit::Milliseconds,
                    sample,
                });
            }
        }
    }
    Ok(())
}
