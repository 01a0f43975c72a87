//! The `athena-local` command.

mod cli;
mod commands;
mod output;
mod scaffold;

use std::{process::ExitCode, time::Duration};

use clap::Parser as _;
use tokio::runtime::Runtime;

/// Time for threads to end after the command.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::say(format_args!("error: cannot start threads: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let status = runtime.block_on(commands::run(cli));
    // If a signal has ended the command, a thread may still wait for a line or a build.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    status
}
