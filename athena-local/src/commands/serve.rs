//! The `serve` command.

use anyhow::Context as _;
use athena_lambda_host::invoke_endpoint;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::registry;
use crate::{cli::ServeCommand, output::say};

/// Runs the command until it is interrupted and all invocations have ended, or until it is
/// interrupted twice.
///
/// Writes three lines to standard error: `serving on http://ADDRESS`, the names of the functions,
/// and `objects:` with the variables that AWS clients need to read spilled objects. The keys in
/// them are valid only for the S3 stand-in of this process.
pub(super) async fn run(command: ServeCommand) -> anyhow::Result<()> {
    let registry = registry::for_functions(&command.connectors)?;
    let functions = registry.functions();
    let names = functions.keys().cloned().collect::<Vec<_>>().join(", ");
    let endpoint = invoke_endpoint::serve(command.listen, functions)
        .await
        .with_context(|| format!("cannot listen on {}", command.listen))?;
    say(format_args!("serving on http://{}", endpoint.address()));
    say(format_args!("functions: {names}"));
    if registry.has_hosted() {
        let objects = registry.local_s3().await?.env();
        let variables = objects.iter().filter(|(name, _)| name.starts_with("AWS_"));
        let variables: Vec<String> =
            variables.map(|(name, value)| format!("{name}={value}")).collect();
        say(format_args!("objects: {}", variables.join(" ")));
    }
    let mut stop = Stop::new()?;
    stop.requested().await;
    say("waiting for invocations to end; interrupt again to kill them");
    tokio::select! {
        () = endpoint.stop() => {}
        () = stop.requested() => {}
    }
    Ok(())
}

/// The signals that stop the server: Ctrl-C and a supervisor's `SIGTERM`.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn requested(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
