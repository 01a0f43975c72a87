//! Control characters in text for a terminal.

use std::{borrow::Cow, fmt::Write as _};

/// Replaces the control characters of `text`, except line breaks and tabs, with `\\xNN`.
///
/// A terminal obeys control characters: text of a data source could move its cursor, change its
/// title, or imitate other output. Replaces those of ASCII, DEL, and U+0080 to U+009F. Backslashes
/// stay as they are, so the result cannot be reversed.
///
/// ```
/// assert_eq!(athena_engine::escape_controls("\u{1b}[31mred\n"), "\\x1b[31mred\n");
/// ```
pub fn escape_controls(text: &str) -> Cow<'_, str> {
    let is_escaped = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_escaped(c) {
            // Writing to a string cannot fail. The last control character is U+009F.
            let _ = write!(escaped, "\\x{:02x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}
