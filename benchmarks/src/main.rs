//! Speed and memory of the Rust SDK and the Java SDK, doing the same work in the same run.
//!
//! Both serve the tables of `connectors/bench` behind the same Lambda host and spill to the same
//! store. The last response of every round is verified against the checksums of the table's
//! definition: losing rows is not speed. The primary metric is the CPU time of the function's
//! process; wall time is shown as well, but depends on the load of the machine.

mod block;
mod calls;
mod cold_start;
mod contestant;
mod filter;
mod limit;
mod metadata;
mod parts;
mod process;
mod read;
mod report;
mod running;
mod sample;

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Parser;

use crate::{contestant::Contestants, report::Report};

/// Compares connectors on the Rust SDK with their counterparts on the Java SDK.
#[derive(Debug, Parser)]
struct Options {
    /// Path of the Rust connector's binary
    #[arg(long)]
    rust: PathBuf,
    /// Class path of the Java connector; without it, no ratios are reported
    #[arg(long)]
    java: Option<String>,
    /// Run only benchmarks whose name contains this text (repeatable)
    #[arg(long)]
    only: Vec<String>,
    /// Write all figures to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write the documentation page to this file; requires a complete run
    #[arg(long, conflicts_with = "only", requires = "java")]
    markdown: Option<PathBuf>,
    /// Number of repetitions of each measurement
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let contestants = Contestants::new(&options.rust, options.java.as_deref())?;
    let mut report = Report::new(&contestants, options.rounds);
    print!("{}", report.head());

    let is_selected =
        |name: &str| options.only.is_empty() || options.only.iter().any(|only| name.contains(only));
    if is_selected("parts") {
        parts::measure(options.rounds, &mut report)?;
    }
    if is_selected("calls") {
        tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                let measuring = scope.spawn(|| calls::measure(options.rounds, &mut report));
                measuring.join().expect("measuring does not panic")
            })
        })?;
    }
    if is_selected("filter") {
        filter::measure(&contestants, options.rounds, &mut report).await?;
    }
    if is_selected("cold start") {
        cold_start::measure(&contestants, options.rounds, &mut report).await?;
    }
    if is_selected("metadata") {
        metadata::measure(&contestants, options.rounds, &mut report).await?;
    }
    for workload in read::WORKLOADS {
        if is_selected(workload.name) {
            read::measure(workload, &contestants, options.rounds, &mut report).await?;
        }
    }
    ensure!(!report.is_empty(), "no benchmark name contains any of {:?}", options.only);
    let files = [(&options.json, report.json()), (&options.markdown, report.markdown())];
    for (file, text) in files {
        if let Some(file) = file {
            std::fs::write(file, text)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    Ok(())
}
