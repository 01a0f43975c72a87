//! Text pool that comments are excerpts of: 300 MB by the specification, generated in about a
//! second.

use std::sync::LazyLock;

use athena_connector_sdk::{Error, Result, Setting};
use tpchgen::{distribution::Distributions, text::TextPool};

/// Minimum memory of a function that reads comments, in MiB: the text pool and the memory of any
/// read.
const MIN_MEMORY_MIB: usize = 512;

/// Small pool for queries that read no comments. Row counts and other columns do not depend on the
/// pool.
static SMALL_POOL: LazyLock<TextPool> =
    LazyLock::new(|| TextPool::new(1 << 16, Distributions::static_default()));

/// Returns the text pool for a read with or without comments.
///
/// # Errors
///
/// `InvalidInput` if the function has less memory than comments require.
pub(crate) fn text_pool(with_comments: bool) -> Result<&'static TextPool> {
    if !with_comments {
        return Ok(&SMALL_POOL);
    }
    let memory = std::env::var(Setting::FunctionMemory.variable())
        .ok()
        .and_then(|memory| memory.parse().ok());
    check_memory(memory)?;
    Ok(TextPool::get_or_init_default())
}

fn check_memory(memory: Option<usize>) -> Result<()> {
    match memory.filter(|mib| *mib < MIN_MEMORY_MIB) {
        None => Ok(()),
        Some(mib) => Err(Error::invalid_input(format!(
            "comment columns need a text pool of 300 MB, and this function has {mib} MB of memory; \
             give it {MIN_MEMORY_MIB} MB or more, or do not select comment columns"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use athena_connector_sdk::ErrorKind;

    use super::*;

    #[test]
    fn a_function_too_small_for_the_text_pool_is_an_input_error() {
        assert_eq!(
            check_memory(Some(MIN_MEMORY_MIB - 1)).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert!(check_memory(Some(MIN_MEMORY_MIB)).is_ok() && check_memory(None).is_ok());
    }
}
