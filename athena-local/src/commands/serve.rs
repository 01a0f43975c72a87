//! Functions behind the Invoke endpoint of Lambda, for any AWS client.

use anyhow::Context as _;
use athena_lambda_host::invoke_endpoint;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::registry;
use crate::{cli::ServeCommand, output::say};

/// Runs the command until it is interrupted, and then until what runs is done or it is interrupted
/// once more.
///
/// The address goes to standard error as `serving on http://ADDRESS`, and with it what a client
/// needs to read what functions spilled, in the names that AWS clients look for: keys of this
/// process, for its own objects on the loopback interface.
pub(super) async fn run(command: ServeCommand) -> anyhow::Result<()> {
    let registry = registry::of(&command.connectors)?;
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
    say("waiting for what runs; interrupt once more to end it");
    tokio::select! {
        () = endpoint.stop() => {}
        () = stop.requested() => {}
    }
    Ok(())
}

/// Ctrl-C, and what a supervisor sends.
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
