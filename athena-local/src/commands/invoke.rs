//! The `invoke` command.

use std::io::{Read as _, Write as _};

use anyhow::Context as _;

use super::{registry, signals::until_stopped};
use crate::cli::InvokeCommand;

/// Runs the command and writes the response to standard output byte for byte.
pub(super) async fn run(command: InvokeCommand) -> anyhow::Result<()> {
    let mut request = Vec::new();
    match &command.file {
        Some(file) => {
            request =
                std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        }
        None => {
            std::io::stdin().read_to_end(&mut request).context("cannot read standard input")?;
        }
    }
    let registry =
        registry::for_function(&command.limits, &command.spec, command.limits.options())?;
    let response = until_stopped(async {
        let function = registry.open("function", command.spec.clone());
        Ok(function.invoke(request.into()).await?)
    })
    .await?;
    let mut out = std::io::stdout().lock();
    out.write_all(&response)?;
    out.flush()?;
    Ok(())
}
