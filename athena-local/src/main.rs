//! The `athena-local` command.

use std::process::ExitCode;

use athena_local::{cli::Cli, commands};
use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    commands::run(Cli::parse()).await
}
