//! Functions behind the Invoke endpoint of Lambda, for any AWS client.

use std::sync::Arc;

use anyhow::Context as _;

use super::functions::Functions;
use crate::{cli::ServeCommand, host::endpoint};

/// Runs the command until it is interrupted. The address goes to standard error as `serving on http://ADDRESS`.
pub(super) async fn run(command: ServeCommand) -> anyhow::Result<()> {
    let functions = Functions::of(&command.connectors);
    let specs = functions.specs()?;
    let served = specs.into_iter().map(|(name, spec)| (name.clone(), functions.function(&name, spec))).collect();
    let served: endpoint::Functions = served;
    let names = served.keys().cloned().collect::<Vec<_>>().join(", ");
    let endpoint = endpoint::serve(
        command.listen,
        served.into_iter().map(|(name, function)| (name, Arc::clone(&function))).collect(),
    )
    .await
    .with_context(|| format!("cannot listen on {}", command.listen))?;
    eprintln!("serving on http://{}", endpoint.address());
    eprintln!("functions: {names}");
    tokio::signal::ctrl_c().await?;
    endpoint.stop().await;
    Ok(())
}
