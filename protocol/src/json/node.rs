//! A JSON document as a tree whose strings borrow from the input.
//!
//! `serde_json::Value` copies every string and sorts members; here a block of megabytes stays where it is, members keep
//! their order, and duplicates stay visible (the first one counts, as in the Java reader).

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, Result};

/// One JSON value.
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

/// Parses the first value of `bytes`: UTF-8 or UTF-16, with or without a byte order mark; what follows is not looked at.
///
/// Depth is bounded by the parser (128 levels), memory by the size of the input.
pub(crate) fn parse<R>(bytes: &[u8], read: impl FnOnce(&Node<'_>) -> Result<R>) -> Result<R> {
    let text = decode_text(bytes)?;
    let mut documents = serde_json::Deserializer::from_str(&text).into_iter::<Node<'_>>();
    match documents.next() {
        Some(Ok(node)) => read(&node),
        Some(Err(error)) => Err(Error::invalid_input(format!(
            "the message is not JSON (line {}, column {})",
            error.line(),
            error.column()
        ))
        .with_source(error)),
        None => Err(Error::invalid_input("the message is empty, expected a JSON object")),
    }
}

/// The text of `bytes`, by its byte order mark or, for UTF-16 without one, by the zero byte in its first character.
fn decode_text(bytes: &[u8]) -> Result<Cow<'_, str>> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text = char::decode_utf16(units).collect::<std::result::Result<String, _>>();
        text.map(Cow::Owned).map_err(|error| Error::invalid_input("the message is not UTF-16").with_source(error))
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

    #[expect(clippy::cast_precision_loss, reason = "a number beyond i64 is refused where an integer is wanted")]
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

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> std::result::Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(NodeName(name)) = entries.next_key()? {
            members.push((name, entries.next_value()?));
        }
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
