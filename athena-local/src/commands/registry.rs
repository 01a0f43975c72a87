//! The functions of a command line.

use std::sync::Arc;

use athena_client::ClientOptions;
use athena_engine::OpenFunction;
use athena_lambda_host::{FunctionOptions, Registry, Spec};

use super::{Usage, checkout};
use crate::cli::{Connectors, FunctionLimits, QueryOptions, Variable};

/// Registers the functions of `connectors`, with Athena's block sizes.
pub(super) fn for_functions(connectors: &Connectors) -> anyhow::Result<Registry> {
    let options = FunctionOptions {
        memory_mb: connectors.memory,
        timeout: connectors.timeout(),
        concurrency: usize::from(connectors.concurrency),
        ..FunctionOptions::default()
    };
    let specs = specs(connectors)?;
    for variable in &connectors.variables {
        let Some(catalog) = &variable.catalog else { continue };
        let spec = specs.iter().find(|(name, _)| name == catalog).map(|(_, spec)| spec);
        reject_unless_hosted(variable, catalog, spec)?;
    }
    let common = connectors.variables.iter().filter(|variable| variable.catalog.is_none());
    let options = FunctionOptions { env: pairs(common), ..options };
    let mut registry = Registry::new(options);
    for (name, spec) in specs {
        let own = connectors.variables.iter();
        let own = own.filter(|variable| variable.catalog.as_ref() == Some(&name));
        let registered = registry.register_with_env(&name, spec, pairs(own));
        registered.map_err(|error| Usage(error.to_string()))?;
    }
    Ok(registry)
}

/// Returns a registry for the only function of a command, at `spec`.
pub(super) fn for_function(
    limits: &FunctionLimits,
    spec: &Spec,
    options: FunctionOptions,
) -> anyhow::Result<Registry> {
    for variable in &limits.variables {
        if variable.catalog.is_some() {
            let name = &variable.name;
            return Err(Usage(format!(
                "--env {name} has a catalog, and this command none; use --env {name}=VALUE"
            ))
            .into());
        }
        reject_unless_hosted(variable, "the function", Some(spec))?;
    }
    Ok(Registry::new(FunctionOptions { env: pairs(&limits.variables), ..options }))
}

/// Rejects a variable of a function that does not exist, or whose environment is set elsewhere.
fn reject_unless_hosted(
    variable: &Variable,
    function: &str,
    spec: Option<&Spec>,
) -> anyhow::Result<()> {
    let name = &variable.name;
    let problem = match spec {
        Some(spec) if spec.is_hosted() => return Ok(()),
        Some(spec) => format!(
            "--env {name} cannot be set for {function}, which is not hosted here ({spec}); set it \
             where the function runs"
        ),
        None => format!("--env {name} is for catalog {function}, which does not exist"),
    };
    Err(Usage(problem).into())
}

fn pairs<'a>(variables: impl IntoIterator<Item = &'a Variable>) -> Vec<(String, String)> {
    let variables = variables.into_iter();
    variables.map(|variable| (variable.name.clone(), variable.value.clone())).collect()
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
