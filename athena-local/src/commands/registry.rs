//! The functions that a command line names.

use std::sync::Arc;

use athena_client::ClientOptions;
use athena_engine::OpenFunction;
use athena_lambda_host::{FunctionOptions, Registry, Spec};

use super::checkout;
use crate::cli::{Connectors, Running};

/// Registers the functions of `connectors`, with Athena's block sizes.
pub(super) fn of(connectors: &Connectors) -> anyhow::Result<Registry> {
    let options = FunctionOptions {
        memory_mb: connectors.memory,
        timeout: connectors.timeout(),
        concurrency: usize::from(connectors.concurrency),
        ..FunctionOptions::default()
    };
    let mut registry = Registry::new(options);
    for (name, spec) in specs(connectors)? {
        registry.register(&name, spec)?;
    }
    Ok(registry)
}

/// Registers the functions of `running`.
pub(super) fn for_queries(running: &Running) -> anyhow::Result<Registry> {
    Ok(of(&running.connectors)?.with_client_options(ClientOptions {
        max_block_size: running.max_block_size,
        max_inline_block_size: running.max_inline,
        ..ClientOptions::default()
    }))
}

/// Returns the functions that `connectors` name, or those of this checkout if they name none.
pub(super) fn specs(connectors: &Connectors) -> anyhow::Result<Vec<(String, Spec)>> {
    if connectors.named.is_empty() { checkout::connectors() } else { Ok(connectors.named.clone()) }
}

/// Opens the functions that a query names by a spec.
pub(super) fn opener(registry: &Registry) -> OpenFunction {
    let registry = registry.clone();
    Arc::new(move |text| {
        let registry = registry.clone();
        Box::pin(async move {
            let spec = text.parse::<Spec>()?;
            Ok(registry.open_client(&text, spec))
        })
    })
}
