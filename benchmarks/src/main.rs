//! Speed and memory of the Rust SDK and of the Java SDK, doing the same work in the same run.
//!
//! Both sides serve the tables of `connectors/bench` behind the same Lambda host and spill to the
//! same store. The last answer of every round is checked against the sums of the table's
//! definition: rows that are lost are not fast. What is compared is the CPU time of the function's
//! process; wall time is shown, but a laptop has other work to do.

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

/// Compares connectors of the Rust SDK with the same ones of the Java SDK.
#[derive(Debug, Parser)]
struct Options {
    /// The built Rust connector.
    #[arg(long)]
    rust: PathBuf,
    /// Class path of the Java connector. Without it there are no ratios.
    #[arg(long)]
    java: Option<String>,
    /// Runs only the benchmarks whose name contains this. Can be given more than once.
    #[arg(long)]
    only: Vec<String>,
    /// Writes all figures to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Writes the page of the book, which is of a whole run, to this file.
    #[arg(long, conflicts_with = "only", requires = "java")]
    markdown: Option<PathBuf>,
    /// How often each measurement is repeated.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let contestants = Contestants::new(&options.rust, options.java.as_deref())?;
    let mut report = Report::new(&contestants, options.rounds);
    print!("{}", report.head());

    let wanted =
        |name: &str| options.only.is_empty() || options.only.iter().any(|only| name.contains(only));
    if wanted("parts") {
        parts::measure(options.rounds, &mut report)?;
    }
    if wanted("filter") {
        filter::measure(&contestants, options.rounds, &mut report).await?;
    }
    if wanted("cold start") {
        cold_start::measure(&contestants, options.rounds, &mut report).await?;
    }
    if wanted("metadata") {
        metadata::measure(&contestants, options.rounds, &mut report).await?;
    }
    for workload in read::WORKLOADS {
        if wanted(workload.name) {
            read::measure(workload, &contestants, options.rounds, &mut report).await?;
        }
    }
    ensure!(!report.is_empty(), "no benchmark has a name with one of {:?} in it", options.only);
    let files = [(&options.json, report.json()), (&options.markdown, report.markdown())];
    for (file, text) in files {
        if let Some(file) = file {
            std::fs::write(file, text)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    Ok(())
}
