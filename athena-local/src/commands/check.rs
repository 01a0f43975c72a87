//! The `check` command.

use std::{io::Write as _, path::Path, sync::Arc, time::Instant};

use anyhow::{Context as _, bail};
use athena_client::ClientOptions;
use athena_conformance::suite::{Options, Report, Suite};
use athena_lambda_host::{FunctionOptions, Registry};

use super::{registry, signals::until_stopped, sql_engine::Engines};
use crate::{
    cli::CheckCommand,
    output::{Spool, StatusLine, for_terminal, say},
};

/// Runs the command and writes the report to standard output. Fails if there are findings.
pub(super) async fn run(command: CheckCommand) -> anyhow::Result<()> {
    let start = Instant::now();
    // The suite provokes hundreds of errors. To see the output of the function, run `invoke` with
    // the request of a finding.
    let options = FunctionOptions { show_output: false, ..command.limits.options() };
    let registry = registry::for_function(&command.limits, &command.spec, options)?;
    let report = until_stopped(check(&command, &registry)).await?;
    if let Some(file) = &command.json {
        write(file, &(report.to_json() + "\n"))?;
    }
    if let Some(file) = &command.junit {
        write(file, &report.to_junit())?;
    }
    let mut out = Spool::default();
    out.write_all(for_terminal(report.to_text(), &std::io::stdout()).as_bytes())?;
    out.release(&mut std::io::stdout().lock()).context("cannot write to standard output")?;
    say(format_args!("({:.1} s)", start.elapsed().as_secs_f64()));
    match report.findings.len() {
        0 => Ok(()),
        findings => {
            let remedy = if command.json.is_some() {
                ""
            } else {
                "; use --json FILE for requests that reproduce them"
            };
            let noun = if findings == 1 { "finding" } else { "findings" };
            bail!("{findings} {noun}, see conformance/src/docs/conformance.md{remedy}")
        }
    }
}

async fn check(command: &CheckCommand, registry: &Registry) -> anyhow::Result<Report> {
    let options = Options {
        seed: command.seed,
        cases: command.cases,
        statements: command.sql.unwrap_or_default(),
        max_rows: command.max_rows,
        tables: command.tables.clone(),
        max_inline_block_size: command.max_inline,
        fail_fast: command.fail_fast,
    };
    let function = registry.open("function", command.spec.clone());
    let store = registry.spill_store(&command.spec);
    let mut suite = Suite::new(Arc::clone(&function), options).with_store(Arc::clone(&store));
    if command.sql.is_some() {
        let options =
            ClientOptions { max_inline_block_size: command.max_inline, ..ClientOptions::default() };
        suite = suite.with_sql_engine(Arc::new(Engines::open(&function, &store, &options)?));
    }
    let status = StatusLine::new();
    Ok(suite.run_with(|activity| status.show(activity)).await)
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write to {}", file.display()))
}
