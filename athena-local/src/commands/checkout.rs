//! The connectors of this checkout, for a command line that names none.

use std::path::{Path, PathBuf};

use super::Usage;
use athena_lambda_host::Spec;

/// `tpch` and `example`, from the folder that this program was built in, or from the current one.
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
            "no checkout with its connectors is near; name one with --connector NAME=SPEC"
                .to_owned(),
        )
        .into());
    };
    Ok(["tpch", "example"].map(|name| (name.to_owned(), Spec::Cargo(folder.join(name)))).into())
}
