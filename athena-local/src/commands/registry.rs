//! The functions of a command line.

use std::sync::Arc;

use athena_client::ClientOptions;
use athena_engine::OpenFunction;
use athena_lambda_host::{FunctionOptions, Registry, Spec};

use super::{Usage, checkout};
use crate::cli::{Connectors, QueryOptions};

/// Registers the functions of `connectors`, with Athena's block sizes.
pub(super) fn for_functions(connectors: &Connectors) -> anyhow::Result<Registry> {
    let options = FunctionOptions {
        memory_mb: connectors.memory,
        timeout: connectors.timeout(),
        concurrency: usize::from(connectors.concurrency),
        ..FunctionOptions::default()
    };
    let mut registry = Registry::new(options);
    for (name, spec) in specs(connectors)? {
        registry.register(&name, spec).map_err(|error| Usage(error.to_string()))?;
    }
    Ok(registry)
}

/// Registers the functions of `options`, with its block sizes.
pub(super) fn for_queries(options: &QueryOptions) -> anyhow::Result<Registry> {
    Ok(for_functions(&options.connectors)?.with_client_options(ClientOptions {
        max_block_size: options.max_block_size,
        max_inline_block_size: options.max_inline,
        ..ClientOptions::default()
    }))
}

/// Returns the functions of `connectors`, or the connectors of this checkout if there are none.
pub(super) fn specs(connectors: &Connectors) -> anyhow::Result<Vec<(String, Spec)>> {
    if connectors.named.is_empty() { checkout::connectors() } else { Ok(connectors.named.clone()) }
}

/// Returns a callback that opens the function of a `LAMBDA` clause by its spec.
pub(super) fn opener(registry: &Registry) -> OpenFunction {
    let registry = registry.clone();
    Arc::new(move |text| {
        let registry = registry.clone();
        Box::pin(async move {
            let spec = text.parse::<Spec>()?;
            Ok(registry.open_client(&text, &spec))
        })
    })
}
