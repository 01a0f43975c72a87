//! Words for people, on standard error, which nobody has to read.

use std::{fmt::Display, io::Write as _};

/// Writes `words` and a line end. If standard error is closed, nobody wanted to know.
pub(crate) fn say(words: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{words}");
}
