//! Decoding of the text of a message, and reading it as far as it goes.

use std::borrow::Cow;

use super::{JsonCursor, ReadContext, Tape};
use crate::error::{Error, Result};

/// Parses the object at the start of `bytes`, in UTF-8 or UTF-16, with or without a byte order
/// mark; anything after it is ignored.
///
/// As in the Java reader, everything after the last member that `read` requires is ignored: a
/// truncated document is accepted if the truncation is there, and rejected as invalid JSON if a
/// required member is missing too. An unpaired surrogate escape is read as U+FFFD.
///
/// Depth is bounded by the parser (128 levels), memory by the size of the input: 12 bytes for each
/// value.
pub(crate) fn parse<R>(bytes: &[u8], read: impl FnOnce(JsonCursor<'_>) -> Result<R>) -> Result<R> {
    let text = decode_text(bytes)?;
    if text.trim_ascii().is_empty() {
        return Err(Error::invalid_input("the message is empty, expected a JSON object"));
    }
    if u32::try_from(text.len()).is_err() {
        return Err(Error::invalid_input("the message has 4 GiB or more of text"));
    }
    let repaired;
    let (mut tape, mut broken) = Tape::parse(&text);
    if broken.is_some()
        && let Some(text) = replace_halves(&text)
    {
        repaired = text;
        (tape, broken) = Tape::parse(&repaired);
    }
    let context = ReadContext::default();
    let result = read(JsonCursor::root(tape.root(), &context));
    match broken {
        Some(error) if result.is_err() || context.missed_member.get() => {
            Err(Error::invalid_input(format!(
                "the message is not a JSON object (line {}, column {})",
                error.line(),
                error.column()
            ))
            .with_source(error))
        }
        _ => result,
    }
}

/// Replaces every escape of an unpaired surrogate with U+FFFD; `None` if there is none.
fn replace_halves(text: &str) -> Option<String> {
    let mut repaired = String::new();
    let mut rest = text;
    let mut replaced = false;
    while let Some(start) = rest.find('\\') {
        let (before, escape) = rest.split_at(start);
        repaired.push_str(before);
        let length = match (surrogate(escape), escape.get(6..).and_then(surrogate)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(_), _) => {
                repaired.push('\u{FFFD}');
                replaced = true;
                rest = &escape[6..];
                continue;
            }
            (None, _) => escape.char_indices().nth(2).map_or(escape.len(), |(end, _)| end),
        };
        repaired.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    repaired.push_str(rest);
    replaced.then_some(repaired)
}

/// Returns the surrogate that the escape at the start of `text` denotes.
fn surrogate(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok().filter(|unit| (0xD800..=0xDFFF).contains(unit))
}

/// Decodes `bytes` by their byte order mark or, for UTF-16 without one, by the zero byte in the
/// first character.
fn decode_text(bytes: &[u8]) -> Result<Cow<'_, str>> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text = char::decode_utf16(units).collect::<std::result::Result<String, _>>();
        text.map(Cow::Owned)
            .map_err(|error| Error::invalid_input("the message is not UTF-16").with_source(error))
    };
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0, _, ..] => utf16(bytes, u16::from_be_bytes),
        [_, 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] | rest => std::str::from_utf8(rest)
            .map(Cow::Borrowed)
            .map_err(|error| Error::invalid_input("the message is not UTF-8").with_source(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_members(text: &str) -> Result<(String, String)> {
        parse(text.as_bytes(), |at| Ok((at.member("a").string()?, at.member("b").string()?)))
    }

    #[test]
    fn bytes_after_the_last_required_member_are_ignored() {
        for tail in [
            "}",
            "",
            ",",
            ",}",
            "} and more",
            ", \"c\": ",
            &format!(", \"c\": {}", "[".repeat(1_000)),
        ] {
            let text = format!(r#"{{"a": "1", "b": "2"{tail}"#);
            assert_eq!(two_members(&text).unwrap(), ("1".to_owned(), "2".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_document_truncated_before_a_required_member_is_not_json() {
        for text in [
            "{",
            r#"{"a": "1""#,
            r#"{"a": "1", "b"#,
            r#"{"a": "1", "b": "2"#,
            r#"{"b": "2", "a": "1"#,
            "[]",
            "7",
        ] {
            let error = two_members(text).unwrap_err().to_string();
            assert!(
                error.starts_with("the message is not a JSON object (line 1, column"),
                "{text}: {error}"
            );
        }
        assert!(two_members(" \n").unwrap_err().to_string().contains("is empty"));
    }

    #[test]
    fn an_optional_member_lost_to_truncation_is_not_absent() {
        let optional = |text: &str| parse(text.as_bytes(), |at| at.member("b").optional_string());
        assert_eq!(optional(r#"{"a": "1"}"#).unwrap(), None);
        optional(r#"{"a": "1""#).unwrap_err();
    }

    #[test]
    fn unpaired_surrogates_are_replaced_and_pairs_are_kept() {
        for (escaped, read) in [
            (r"\uD800x", "\u{FFFD}x"),
            (r"\udc00\ud83d\ude00", "\u{FFFD}\u{1F600}"),
            (r"\ud83d\ud83d\ude00\ud83d", "\u{FFFD}\u{1F600}\u{FFFD}"),
            (r"\\uD800 \uD800\n\u00e9", "\\uD800 \u{FFFD}\n\u{e9}"),
        ] {
            let text = format!(r#"{{"a": "{escaped}"}}"#);
            assert_eq!(
                parse(text.as_bytes(), |at| at.member("a").string()).unwrap(),
                read,
                "{text}"
            );
        }
        parse(br#"{"a": "\uD8"}"#, |at| at.member("a").string()).unwrap_err();
        parse(br#"{"a": "\"#, |at| at.member("a").string()).unwrap_err();
    }
}
