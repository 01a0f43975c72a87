//! Prints the public API that a file of rustdoc JSON describes, one item per line.

use std::path::PathBuf;

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    let file = std::env::args_os().nth(1).map(PathBuf::from).context("expected a JSON file")?;
    let api = public_api::Builder::from_rustdoc_json(&file)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .with_context(|| format!("cannot read {}", file.display()))?;
    for item in api.items() {
        println!("{item}");
    }
    Ok(())
}
