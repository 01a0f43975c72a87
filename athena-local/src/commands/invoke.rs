//! The `invoke` command.

use std::io::{Read as _, Write as _};

use anyhow::Context as _;

use super::{registry, replay, signals::until_stopped};
use crate::cli::InvokeCommand;

/// Runs the command: writes the response to standard output byte for byte, or the rows of a replay.
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
    if command.replay {
        let text = String::from_utf8(request).context("the request is not UTF-8")?;
        return replay::run(command, &text).await;
    }
    send(command, request).await
}

/// Sends the bytes of a request, and writes those of the response.
pub(super) async fn send(command: InvokeCommand, request: Vec<u8>) -> anyhow::Result<()> {
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
