//! The text that comments are pieces of: 300 MB by the specification, made in a second or more.

use std::sync::LazyLock;

use athena_connector_sdk::{Error, Result, Setting};
use tpchgen::{distribution::Distributions, text::TextPool};

/// The least memory of a function that reads comments, in MiB: the text, and what any read takes
/// beside it.
const LEAST_MEMORY_MIB: usize = 512;

/// A text for comments that nobody asks for. Which rows there are, and what is in other columns,
/// does not depend on it.
static ANY: LazyLock<TextPool> =
    LazyLock::new(|| TextPool::new(1 << 16, Distributions::static_default()));

/// The text for tables whose comments are read, or not.
///
/// # Errors
///
/// `InvalidInput` for a function with less memory than the text takes.
pub(crate) fn text(with_comments: bool) -> Result<&'static TextPool> {
    if !with_comments {
        return Ok(&ANY);
    }
    let memory = std::env::var(Setting::FunctionMemory.variable())
        .ok()
        .and_then(|memory| memory.parse().ok());
    check(memory)?;
    Ok(TextPool::get_or_init_default())
}

fn check(memory: Option<usize>) -> Result<()> {
    match memory.filter(|mib| *mib < LEAST_MEMORY_MIB) {
        None => Ok(()),
        Some(mib) => Err(Error::invalid_input(format!(
            "the query reads comments, which are pieces of a text of 300 MB, and this function has {mib} MB of memory: give \
             it {LEAST_MEMORY_MIB} MB or more, or leave the comment columns out"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use athena_connector_sdk::ErrorKind;

    use super::*;

    #[test]
    fn a_function_too_small_for_the_text_says_so() {
        assert_eq!(check(Some(LEAST_MEMORY_MIB - 1)).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(check(Some(LEAST_MEMORY_MIB)).is_ok() && check(None).is_ok());
    }
}
