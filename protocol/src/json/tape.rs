//! A JSON document as a flat list of its values, 12 bytes each, whose strings borrow from the
//! input.
//!
//! A tree takes 32 bytes and more for each value: `[0,0,0,...]` of the largest request would take
//! more memory than a small function has. Members keep their order, and duplicates are kept (the
//! first one counts, as in the Java reader).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The values of a document in the order of its text. The first is the document itself, an object.
#[derive(Debug, Default)]
pub(crate) struct Tape<'a> {
    text: &'a str,
    values: Vec<Value>,
    /// Strings with escapes, unescaped, one after another.
    unescaped: String,
}

/// A value; the members of an object are a name and a value each.
#[derive(Debug, Clone, Copy)]
enum Value {
    Null,
    Bool(bool),
    Integer([u8; 8]),
    /// A number outside `i64`, or with a fraction or an exponent.
    Number([u8; 8]),
    /// A string in the document's text.
    Text(Span),
    Unescaped(Span),
    List(End),
    Object(End),
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    len: u32,
}

/// Position after the last value inside a list or object.
#[derive(Debug, Clone, Copy)]
struct End(u32);

/// A value of a document.
#[derive(Clone, Copy)]
pub(crate) struct Node<'t> {
    tape: &'t Tape<'t>,
    at: usize,
}

/// The content of a [`Node`].
pub(crate) enum Content<'t> {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number outside `i64`, or with a fraction or an exponent.
    Number(f64),
    Text(&'t str),
    List(Nodes<'t>),
    Object(Members<'t>),
}

impl<'a> Tape<'a> {
    /// Reads the object at the start of `text`, and returns the error that ended it early.
    ///
    /// Members before the error are kept. `text` is shorter than 4 GiB.
    pub(crate) fn parse(text: &'a str) -> (Self, Option<serde_json::Error>) {
        let mut tape = Self { text, values: vec![Value::Null], unescaped: String::new() };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let broken = deserializer.deserialize_map(DocumentVisitor(&mut tape)).err();
        tape.values[0] = Value::Object(End(position(tape.values.len())));
        (tape, broken)
    }

    pub(crate) fn root(&self) -> Node<'_> {
        Node { tape: self, at: 0 }
    }

    fn push_borrowed(&mut self, text: &'a str) {
        let start = position(text.as_ptr().addr() - self.text.as_ptr().addr());
        self.values.push(Value::Text(Span { start, len: position(text.len()) }));
    }

    fn push_unescaped(&mut self, text: &str) {
        let span = Span { start: position(self.unescaped.len()), len: position(text.len()) };
        self.unescaped.push_str(text);
        self.values.push(Value::Unescaped(span));
    }

    fn text(&self, value: Value) -> &str {
        let (text, span) = match value {
            Value::Text(span) => (self.text, span),
            Value::Unescaped(span) => (self.unescaped.as_str(), span),
            _ => return "",
        };
        let Span { start, len } = span;
        &text[start as usize..][..len as usize]
    }

    /// Returns the position after the value at `at`.
    fn after(&self, at: usize) -> usize {
        match self.values[at] {
            Value::List(End(end)) | Value::Object(End(end)) => end as usize,
            _ => at + 1,
        }
    }
}

/// Converts a position in a document, which is shorter than 4 GiB.
fn position(at: usize) -> u32 {
    u32::try_from(at).expect("a document is shorter than 4 GiB")
}

impl<'t> Node<'t> {
    pub(crate) fn content(self) -> Content<'t> {
        let Self { tape, at } = self;
        let nodes = |End(end): End| Nodes { tape, at: at + 1, end: end as usize };
        match tape.values[at] {
            Value::Null => Content::Null,
            Value::Bool(value) => Content::Bool(value),
            Value::Integer(bytes) => Content::Integer(i64::from_ne_bytes(bytes)),
            Value::Number(bytes) => Content::Number(f64::from_ne_bytes(bytes)),
            text @ (Value::Text(_) | Value::Unescaped(_)) => Content::Text(tape.text(text)),
            Value::List(end) => Content::List(nodes(end)),
            Value::Object(end) => Content::Object(Members(nodes(end))),
        }
    }
}

/// The elements of a list.
#[derive(Clone)]
pub(crate) struct Nodes<'t> {
    tape: &'t Tape<'t>,
    at: usize,
    end: usize,
}

impl<'t> Iterator for Nodes<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Self::Item> {
        let node = (self.at < self.end).then_some(Node { tape: self.tape, at: self.at })?;
        self.at = self.tape.after(self.at);
        Some(node)
    }
}

/// The members of an object: name and value.
#[derive(Clone)]
pub(crate) struct Members<'t>(Nodes<'t>);

impl<'t> Iterator for Members<'t> {
    type Item = (&'t str, Node<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.0.next()?;
        Some((name.tape.text(name.tape.values[name.at]), self.0.next()?))
    }
}

/// Appends the members of the document; an incomplete one is dropped.
struct DocumentVisitor<'t, 'a>(&'t mut Tape<'a>);

impl<'de> Visitor<'de> for DocumentVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        loop {
            let complete = self.0.values.len();
            match append_member(self.0, &mut entries) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    self.0.values.truncate(complete);
                    return Err(error);
                }
            }
        }
    }
}

/// Appends a name and a value, unless there is no further member.
fn append_member<'de, A: MapAccess<'de>>(
    tape: &mut Tape<'de>,
    entries: &mut A,
) -> Result<bool, A::Error> {
    if entries.next_key_seed(ValueSeed(tape))?.is_none() {
        return Ok(false);
    }
    entries.next_value_seed(ValueSeed(tape))?;
    Ok(true)
}

/// Appends a value and everything in it.
struct ValueSeed<'t, 'a>(&'t mut Tape<'a>);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.values.push(Value::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.values.push(Value::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.values.push(Value::Integer(value.to_ne_bytes()));
        Ok(())
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a number beyond i64 is rejected if an integer is expected"
    )]
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        let value = i64::try_from(value).map_or_else(
            |_| Value::Number((value as f64).to_ne_bytes()),
            |value| Value::Integer(value.to_ne_bytes()),
        );
        self.0.values.push(value);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.0.values.push(Value::Number(value.to_ne_bytes()));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        self.0.push_borrowed(value);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.push_unescaped(value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let at = self.0.values.len();
        self.0.values.push(Value::Null);
        while elements.next_element_seed(ValueSeed(self.0))?.is_some() {}
        self.0.values[at] = Value::List(End(position(self.0.values.len())));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let at = self.0.values.len();
        self.0.values.push(Value::Null);
        while append_member(self.0, &mut entries)? {}
        self.0.values[at] = Value::Object(End(position(self.0.values.len())));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_12_bytes() {
        assert_eq!(size_of::<Value>(), 12);
    }

    /// Writes a node as JSON.
    fn rewrite(node: Node<'_>) -> serde_json::Value {
        match node.content() {
            Content::Null => serde_json::Value::Null,
            Content::Bool(value) => value.into(),
            Content::Integer(value) => value.into(),
            Content::Number(value) => value.into(),
            Content::Text(text) => text.into(),
            Content::List(elements) => elements.map(rewrite).collect(),
            Content::Object(members) => {
                members.map(|(name, node)| (name.to_owned(), rewrite(node))).collect()
            }
        }
    }

    #[test]
    fn every_kind_of_value_is_read_as_it_was_written() {
        let text = r#"{"a\u0062": [1, -9223372036854775808, 1e19, 0.5, 1e300, true,
            false, null, "", "x\ny", "\u00e9é", [], {}, [[{"q": [1]}], 2]], "z": {"y": {"x": 3}},
            "last": "plain"}"#;
        let (tape, broken) = Tape::parse(text);
        assert!(broken.is_none());
        assert_eq!(rewrite(tape.root()), serde_json::from_str::<serde_json::Value>(text).unwrap());
        let (tape, _) = Tape::parse(r#"{"beyond i64": 18446744073709551615}"#);
        assert_eq!(rewrite(tape.root()).to_string(), r#"{"beyond i64":1.8446744073709552e+19}"#);
    }

    #[test]
    fn members_before_an_error_are_kept_and_the_incomplete_one_is_dropped() {
        for (text, kept) in [
            (r#"{"a": 1, "b": [1, {"c": 2"#, r#"{"a": 1}"#),
            (r#"{"a": 1, "b"#, r#"{"a": 1}"#),
            (r#"{"a": [1, 2], "b": 2, "c":"#, r#"{"a": [1, 2], "b": 2}"#),
            ("{", "{}"),
            ("[1]", "{}"),
        ] {
            let (tape, broken) = Tape::parse(text);
            assert!(broken.is_some(), "{text}");
            let kept: serde_json::Value = serde_json::from_str(kept).unwrap();
            assert_eq!(rewrite(tape.root()), kept, "{text}");
        }
    }
}
