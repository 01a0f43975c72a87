//! The `athena-local` command.

mod cli;
mod commands;
mod output;

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    commands::run(cli::Cli::parse()).await
}
