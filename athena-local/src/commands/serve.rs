//! The `serve` command.

use anyhow::Context as _;
use athena_lambda_host::invoke_endpoint;

use super::{registry, signals::Signals};
use crate::{cli::ServeCommand, output::say};

/// Runs the command until a signal arrives and all invocations have ended, or until a second signal
/// arrives.
///
/// Writes three lines to standard error: `serving on http://ADDRESS`, the names of the functions,
/// and `objects:` with the variables that AWS clients need to read spilled objects. The keys in
/// them are valid only for the S3 stand-in of this process.
pub(super) async fn run(command: ServeCommand) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
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
    let stopped = signals.received().await;
    say("waiting for invocations to end; interrupt again to kill them");
    let _ = signals.stop(endpoint.stop()).await;
    Err(stopped.into())
}
