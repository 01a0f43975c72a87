//! The connectors of this checkout: the default catalogs.

use std::path::{Path, PathBuf};

use super::Usage;
use athena_lambda_host::Spec;

/// Returns `tpch` and `example` from the checkout that this program was built in, or from the
/// current folder.
///
/// # Errors
///
/// If neither has connectors.
pub(super) fn connectors() -> anyhow::Result<Vec<(String, Spec)>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf);
    let candidates = [here, Some(PathBuf::from("."))];
    let folder = candidates
        .into_iter()
        .flatten()
        .map(|root| root.join("connectors"))
        .find(|folder| folder.is_dir());
    let Some(folder) = folder else {
        return Err(Usage(
            "there is no catalog: add --connector NAME=SPEC, or run in a checkout with connectors"
                .to_owned(),
        )
        .into());
    };
    Ok(["tpch", "example"].map(|name| (name.to_owned(), Spec::Cargo(folder.join(name)))).into())
}
