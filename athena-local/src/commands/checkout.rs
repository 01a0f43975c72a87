//! The connectors of this checkout: the default catalogs.

use std::path::{Path, PathBuf};

use super::Usage;
use athena_lambda_host::Spec;

/// Returns the checkout that this program was built in, or else the current folder.
///
/// `None` if neither has the SDK.
pub(super) fn root() -> Option<PathBuf> {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf);
    let candidates = [built_in, Some(PathBuf::from("."))];
    candidates.into_iter().flatten().find(|root| root.join("connector-sdk").is_dir())
}

/// Returns the catalogs `tpch` and `example` of the checkout.
///
/// # Errors
///
/// If there is none.
pub(super) fn connectors() -> anyhow::Result<Vec<(String, Spec)>> {
    let root = root().ok_or_else(|| {
        Usage(
            "there is no catalog: add --connector NAME=SPEC, or run in a checkout with connectors"
                .to_owned(),
        )
    })?;
    let folder = root.join("connectors");
    Ok(["tpch", "example"].map(|name| (name.to_owned(), Spec::Cargo(folder.join(name)))).into())
}
