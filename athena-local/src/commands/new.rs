//! The `new` command.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;

use super::{Usage, checkout};
use crate::{
    cli::NewCommand,
    output::say,
    scaffold::{self, CrateName, SdkSource},
};

/// Runs the command: writes a crate, and says how to run it.
pub(super) fn run(command: &NewCommand) -> anyhow::Result<()> {
    let name = name(&command.path)?;
    let sdk = source(command)?;
    let files = scaffold::files(&name, command.kind, &sdk)?;
    scaffold::write(&command.path, &files)?;
    if matches!(sdk, SdkSource::Path(_)) {
        complete_lock(&command.path);
    }
    let path = command.path.display();
    let catalog = name.identifier();
    say(format_args!(
        "created {path}; next:\n  \
         athena-local check cargo:{path}\n  \
         athena-local shell --connector {catalog}=cargo:{path}"
    ));
    Ok(())
}

fn name(path: &Path) -> anyhow::Result<CrateName> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("{} does not end with a name", path.display()));
    let parsed = name.and_then(str::parse);
    parsed.map_err(|error| Usage(format!("{error:#}")).into())
}

fn source(command: &NewCommand) -> anyhow::Result<SdkSource> {
    if let Some(url) = &command.sdk_git {
        return Ok(SdkSource::Git { url: url.clone(), revision: command.sdk_rev.clone() });
    }
    if let Some(version) = &command.sdk_version {
        return Ok(SdkSource::Version(version.clone()));
    }
    let root = command.sdk_path.clone().or_else(checkout::root).ok_or_else(|| {
        Usage(
            "the SDK was not found: name its checkout with --sdk-path, its repository with \
             --sdk-git, or its version with --sdk-version"
                .to_owned(),
        )
    })?;
    let absolute = root.canonicalize().ok().filter(|root| root.join("connector-sdk").is_dir());
    let absolute = absolute.ok_or_else(|| {
        Usage(format!("{} is no checkout of the SDK: it has no connector-sdk", root.display()))
    })?;
    Ok(SdkSource::Path(absolute))
}

/// Has cargo write what the lock file lacks, without the network. Without cargo, the first build
/// does.
fn complete_lock(folder: &Path) {
    let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let _ = Command::new(cargo)
        .args(["metadata", "--offline", "--format-version", "1"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
