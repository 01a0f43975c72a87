//! Calls of a process that is warm: what each costs.

use std::time::Instant;

use athena_connector_bench::BenchTable;
use test_store::{Faults, Store};

use crate::{
    contestant::Contestants,
    process::cpu,
    report::{Report, Unit},
    running::{Running, get_splits, get_table, list_tables, ping},
    sample::Sample,
};

/// Calls of each kind before any is measured.
const WARM_UP: usize = 1_500;
/// Calls a round.
const CALLS: u32 = 500;

pub(crate) async fn measure(
    contestants: &Contestants,
    rounds: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let store = Store::start(Some(&contestants.certificate), Faults::NONE).await?;
    for contestant in &contestants.all {
        let function = Running::new(contestant, &store, true);
        let table = BenchTable::Wide16;
        let kinds = [
            ("metadata: Ping", ping()),
            ("metadata: ListTables", list_tables()),
            ("metadata: GetTable", get_table(table)),
            ("metadata: GetSplits", get_splits(function.layout(table).await?)),
        ];
        for (_, request) in &kinds {
            for _ in 0..WARM_UP {
                function.ask_in_bytes(request).await?;
            }
        }
        let process = function.cold_start()?.process;
        for (name, request) in &kinds {
            let (mut wall, mut used) = (Sample::default(), Sample::default());
            for _ in 0..rounds {
                let before = cpu(process)?;
                let mut calls = Sample::default();
                for _ in 0..CALLS {
                    let began = Instant::now();
                    function.ask_in_bytes(request).await?;
                    calls.push(began.elapsed().as_secs_f64() * 1e3);
                }
                wall.push(calls.median());
                used.push(
                    cpu(process)?.saturating_sub(before).as_secs_f64() * 1e3 / f64::from(CALLS),
                );
            }
            report.add(name, "wall, median of 500", contestant.name, Unit::Milliseconds, wall);
            report.add(name, "CPU", contestant.name, Unit::Milliseconds, used);
        }
    }
    Ok(())
}
