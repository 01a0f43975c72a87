//! Messages on standard error.

use std::{fmt::Display, io::Write as _};

/// Writes `message` and a line break to standard error. Ignores errors, such as a closed pipe.
pub(crate) fn say(message: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}
