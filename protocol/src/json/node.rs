//! A JSON document as a tree whose strings borrow from the input.
//!
//! `serde_json::Value` copies every string and sorts members. Here a block of megabytes is not
//! copied, members keep their order, and duplicates are kept (the first one counts, as in the Java
//! reader).

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{JsonCursor, ReadContext};
use crate::error::{Error, Result};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number outside `i64`, or with a fraction or an exponent.
    Number(f64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Parses the object at the start of `bytes`, in UTF-8 or UTF-16, with or without a byte order
/// mark; anything after it is ignored.
///
/// As in the Java reader, everything after the last member that `read` requires is ignored: a
/// truncated document is accepted if the truncation is there, and rejected as invalid JSON if a
/// required member is missing too. An unpaired surrogate escape is read as U+FFFD.
///
/// Depth is bounded by the parser (128 levels), memory by the size of the input.
pub(crate) fn parse<R>(bytes: &[u8], read: impl FnOnce(JsonCursor<'_>) -> Result<R>) -> Result<R> {
    let text = decode_text(bytes)?;
    if text.trim_ascii().is_empty() {
        return Err(Error::invalid_input("the message is empty, expected a JSON object"));
    }
    let repaired;
    let mut document = Document::parse(&text);
    if document.broken.is_some()
        && let Some(text) = replace_halves(&text)
    {
        repaired = text;
        document = Document::parse(&repaired);
    }
    let context = ReadContext::default();
    let root = Node::Object(document.members);
    let result = read(JsonCursor::root(&root, &context));
    match document.broken {
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

/// The members of an object, and the error that ended it early.
#[derive(Default)]
struct Document<'a> {
    members: Vec<(Cow<'a, str>, Node<'a>)>,
    broken: Option<serde_json::Error>,
}

impl<'a> Document<'a> {
    fn parse(text: &'a str) -> Self {
        let mut document = Self::default();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        document.broken = deserializer.deserialize_map(MembersVisitor(&mut document.members)).err();
        document
    }
}

/// Collects the members of an object, keeping them if an error follows.
struct MembersVisitor<'m, 'a>(&'m mut Vec<(Cow<'a, str>, Node<'a>)>);

impl<'de> Visitor<'de> for MembersVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<(), A::Error> {
        while let Some(NodeName(name)) = entries.next_key()? {
            self.0.push((name, entries.next_value()?));
        }
        Ok(())
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

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Self::Value, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Self::Value, E> {
        Ok(Node::Integer(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a number beyond i64 is rejected if an integer is expected"
    )]
    fn visit_u64<E>(self, value: u64) -> std::result::Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Node::Number(value as f64), Node::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Self::Value, E> {
        Ok(Node::Number(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> std::result::Result<Self::Value, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut elements: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        entries: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        MembersVisitor(&mut members).visit_map(entries)?;
        Ok(Node::Object(members))
    }
}

/// A member name, borrowed where it has no escapes.
struct NodeName<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for NodeName<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = NodeName<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> std::result::Result<Self::Value, E> {
                Ok(NodeName(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E> {
                Ok(NodeName(Cow::Owned(value.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
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
