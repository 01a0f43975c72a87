//! One raw request, one raw answer.

use std::io::{Read as _, Write as _};

use anyhow::Context as _;
use athena_lambda_host::Registry;

use crate::cli::InvokeCommand;

/// Runs the command: the answer goes to standard output byte for byte, the error of a function to
/// standard error.
pub(super) async fn run(command: InvokeCommand) -> anyhow::Result<()> {
    let mut request = Vec::new();
    match &command.file {
        Some(file) => {
            request =
                std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?
        }
        None => {
            std::io::stdin().read_to_end(&mut request).context("standard input cannot be read")?;
        }
    }
    let registry = Registry::new(command.process.options());
    let function = registry.open("function", command.spec.clone());
    let answer = function.invoke(request.into()).await?;
    let mut out = std::io::stdout().lock();
    out.write_all(&answer)?;
    out.flush()?;
    Ok(())
}
