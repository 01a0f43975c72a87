//! The commands, one per file.

#[cfg(feature = "aws")]
mod account_profiles;
mod check;
mod checkout;
mod decode;
#[cfg(feature = "aws")]
mod doctor;
mod invoke;
mod new;
mod query;
mod registry;
mod replay;
mod serve;
#[cfg(feature = "aws")]
mod share;
mod shell;
mod signals;
mod sql_engine;

use std::{io::IsTerminal as _, process::ExitCode};

use tracing_subscriber::EnvFilter;

use signals::Stopped;

use crate::{
    cli::{Cli, Command},
    output::say,
};

/// Runs a command and returns its exit status: 0 on success, 1 on failure, 2 for an invalid command
/// line, 128 and the number of the signal if one stopped it.
pub(crate) async fn run(cli: Cli) -> ExitCode {
    // Standard output is for rows. RUST_LOG overrides the log level.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let colors = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colors)
        .init();
    let done = match cli.command {
        Command::Query(command) => query::run(command).await,
        Command::Shell(command) => shell::run(command).await,
        Command::Invoke(command) => invoke::run(command).await,
        Command::Decode(command) => decode::run(&command),
        Command::Check(command) => check::run(command).await,
        Command::Serve(command) => serve::run(command).await,
        Command::New(command) => new::run(&command),
        #[cfg(feature = "aws")]
        Command::Share(command) => share::share(command).await,
        #[cfg(feature = "aws")]
        Command::Unshare(command) => share::unshare(command).await,
        #[cfg(feature = "aws")]
        Command::Doctor(command) => doctor::run(command).await,
        #[cfg(not(feature = "aws"))]
        Command::Share(_) | Command::Unshare(_) | Command::Doctor(_) => Err(without_aws()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(stopped) = error.downcast_ref::<Stopped>() {
                say(stopped);
                return ExitCode::from(stopped.exit_status());
            }
            say(format_args!("error: {error:#}"));
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

#[cfg(not(feature = "aws"))]
fn without_aws() -> anyhow::Error {
    Usage("this build has no AWS support; build athena-local with --features aws".to_owned()).into()
}

/// An error of the command line, with exit status 2.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}
