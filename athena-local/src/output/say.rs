//! Messages and reports for a person.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write as _},
};

use athena_engine::escape_controls;

/// Writes `message` and a line break to standard error. Ignores errors, such as a closed pipe.
///
/// Messages may contain text of a function. On a terminal, its control characters are escaped.
pub(crate) fn say(message: impl Display) {
    let text = for_terminal(message.to_string(), &io::stderr());
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Escapes control characters in `text` if `stream` is a terminal.
pub(crate) fn for_terminal(text: String, stream: &impl IsTerminal) -> String {
    if stream.is_terminal() { escape_controls(&text).into_owned() } else { text }
}
