//! Lenient access to a [`Node`], with the path in every error.
//!
//! Coercions match the Java reader (section 2.5 of the protocol): numbers as text, text as numbers,
//! null as zero. Members may be in any order; unknown ones are ignored.

use std::{borrow::Cow, cell::Cell, collections::BTreeMap, fmt};

use super::{Content, Node};
use crate::{
    block::Framing,
    error::{Error, Result},
    version::SerdeVersion,
};

/// Evidence of a document's version, collected while reading.
#[derive(Debug, Default)]
pub(crate) struct ReadContext {
    /// Framing of the first Arrow message.
    pub(crate) framing: Cell<Option<Framing>>,
    /// Version implied by the members of the constraints or of the message.
    pub(crate) by_members: Cell<Option<SerdeVersion>>,
    /// Whether a requested member of the message is missing.
    pub(crate) missed_member: Cell<bool>,
    /// Whether a member occurs that only version 1 has.
    pub(crate) is_version_1: Cell<bool>,
    /// Elements that were read, and entries, each as [`ENTRY_COST`] elements.
    elements: Cell<usize>,
}

/// Maximum number of elements of all lists in one message.
///
/// Bounds the memory of a message that was made to exhaust it: an element of 2 bytes of JSON takes
/// 50 bytes of memory. A table in a list has 36 bytes of JSON or more, an expression 100, so that a
/// message of 6 MB has at most 180,000 of them.
const MAX_ELEMENTS: usize = 500_000;

/// Number of elements that an entry of a map counts as.
///
/// An entry takes 100 bytes of memory, and identities are copied. Maps have an entry for each
/// column or property.
const ENTRY_COST: usize = 5;

impl ReadContext {
    /// Returns the version of the document (section 2.4 of the protocol).
    pub(crate) fn version(&self) -> SerdeVersion {
        if self.is_version_1.get() {
            return SerdeVersion::V1;
        }
        let by_members = self.by_members.get().unwrap_or(SerdeVersion::LATEST);
        match self.framing.get() {
            Some(Framing::Legacy)
                if by_members <= SerdeVersion::V3 || self.by_members.get().is_none() =>
            {
                SerdeVersion::V2
            }
            Some(Framing::Legacy | Framing::Modern) | None => by_members,
        }
    }
}

/// A value with its path and the context of the document.
#[derive(Clone, Copy)]
pub(crate) struct JsonCursor<'c> {
    node: Option<Node<'c>>,
    step: Step<'c>,
    parent: Option<&'c JsonCursor<'c>>,
    pub(crate) context: &'c ReadContext,
}

#[derive(Clone, Copy)]
enum Step<'c> {
    Root,
    Member(&'c str),
    Element(usize),
}

impl<'c> JsonCursor<'c> {
    pub(crate) fn root(node: Node<'c>, context: &'c ReadContext) -> Self {
        Self { node: Some(node), step: Step::Root, parent: None, context }
    }

    fn child(&'c self, node: Option<Node<'c>>, step: Step<'c>) -> JsonCursor<'c> {
        JsonCursor { node, step, parent: Some(self), context: self.context }
    }

    fn content(&self) -> Option<Content<'c>> {
        self.node.map(Node::content)
    }

    fn find(&self, name: &str) -> Option<Node<'c>> {
        match self.content() {
            Some(Content::Object(mut members)) => {
                members.find(|(member, _)| *member == name).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    /// Returns the member `name`, which may be [missing](Self::is_missing).
    pub(crate) fn member(&'c self, name: &'c str) -> JsonCursor<'c> {
        let node = self.find(name);
        if node.is_none() && matches!(self.step, Step::Root) {
            self.context.missed_member.set(true);
        }
        self.child(node, Step::Member(name))
    }

    /// Returns the member `name`, or else `version_1`, its name in version 1 (section 2.8 of the
    /// protocol).
    pub(crate) fn member_or(&'c self, name: &'c str, version_1: &'c str) -> JsonCursor<'c> {
        let older = self.child(self.find(version_1), Step::Member(version_1));
        if older.is_missing() || self.find(name).is_some() {
            return self.member(name);
        }
        self.context.is_version_1.set(true);
        older
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.node.is_none()
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.content(), None | Some(Content::Null))
    }

    /// Returns the value if it is neither missing nor null.
    pub(crate) fn optional(self) -> Option<Self> {
        (!self.is_null()).then_some(self)
    }

    /// Checks that this is an object. Without it, every member of another value reads as missing.
    pub(crate) fn object(&self) -> Result<&Self> {
        match self.content() {
            Some(Content::Object(_)) => Ok(self),
            _ => Err(self.unexpected("an object")),
        }
    }

    /// Reads text, or a scalar as text; `None` for null and for a missing member.
    pub(crate) fn optional_text(&self) -> Result<Option<Cow<'c, str>>> {
        match self.content() {
            None | Some(Content::Null) => Ok(None),
            Some(Content::Text(text)) => Ok(Some(Cow::Borrowed(text))),
            Some(Content::Bool(value)) => Ok(Some(Cow::Owned(value.to_string()))),
            Some(Content::Integer(value)) => Ok(Some(Cow::Owned(value.to_string()))),
            // As short as in the document: `Display` writes 1e308 with 309 digits.
            Some(Content::Number(value)) => Ok(Some(Cow::Owned(format!("{value:?}")))),
            Some(Content::List(_) | Content::Object(_)) => Err(self.unexpected("a string")),
        }
    }

    pub(crate) fn optional_string(&self) -> Result<Option<String>> {
        Ok(self.optional_text()?.map(Cow::into_owned))
    }

    pub(crate) fn text(&self) -> Result<Cow<'c, str>> {
        self.optional_text()?.ok_or_else(|| self.unexpected("a string"))
    }

    pub(crate) fn string(&self) -> Result<String> {
        self.text().map(Cow::into_owned)
    }

    /// Reads a boolean like Java: null and fractions are false, an integer is true unless zero,
    /// text is true only if it is `true`.
    pub(crate) fn boolean(&self) -> Result<bool> {
        match self.content() {
            Some(Content::Bool(value)) => Ok(value),
            Some(Content::Integer(value)) => Ok(value != 0),
            Some(Content::Null | Content::Number(_)) => Ok(false),
            Some(Content::Text(text)) => Ok(text.trim() == "true"),
            None | Some(Content::List(_) | Content::Object(_)) => {
                Err(self.unexpected("true or false"))
            }
        }
    }

    /// Reads an integer like Java: null is 0, fractions are truncated, text is parsed or 0.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the fraction is truncated on purpose, and the range is checked"
    )]
    pub(crate) fn integer(&self) -> Result<i64> {
        match self.content() {
            Some(Content::Integer(value)) => Ok(value),
            Some(Content::Null) => Ok(0),
            Some(Content::Number(value)) if value.abs() < 9.2e18 => Ok(value.trunc() as i64),
            Some(Content::Text(text)) => Ok(text.trim().parse().unwrap_or(0)),
            None
            | Some(Content::Number(_) | Content::Bool(_) | Content::List(_) | Content::Object(_)) => {
                Err(self.unexpected("an integer of 64 bits"))
            }
        }
    }

    /// Reads a limit like [`Self::integer`], but neither null nor text that is not a number.
    pub(crate) fn limit(&self) -> Result<i64> {
        let expected = "an integer of 64 bits, or -1 for no limit";
        match self.content() {
            Some(Content::Null) => Err(self.unexpected(expected)),
            Some(Content::Text(text)) => text.trim().parse().map_err(|_| self.unexpected(expected)),
            _ => self.integer(),
        }
    }

    pub(crate) fn int(&self) -> Result<i32> {
        i32::try_from(self.integer()?).map_err(|_| self.unexpected("an integer of 32 bits"))
    }

    /// Reads a size in bytes, which is decimal text.
    pub(crate) fn size(&self) -> Result<u64> {
        let expected = "a decimal number of bytes, as text";
        match self.content() {
            Some(Content::Integer(value)) => Ok(u64::try_from(value).unwrap_or(0)),
            Some(Content::Text(text)) => {
                let size: i64 = text.parse().map_err(|_| self.unexpected(expected))?;
                // A negative size makes every block too large, like zero.
                Ok(u64::try_from(size).unwrap_or(0))
            }
            None
            | Some(
                Content::Null
                | Content::Bool(_)
                | Content::Number(_)
                | Content::List(_)
                | Content::Object(_),
            ) => Err(self.unexpected(expected)),
        }
    }

    /// Reads bytes in standard base64 with padding; white space is skipped.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>> {
        let Some(Content::Text(text)) = self.content() else {
            return Err(self.unexpected("base64 text"));
        };
        if let Ok(bytes) = base64_simd::STANDARD.decode_to_vec(text.as_bytes()) {
            return Ok(bytes);
        }
        let dense: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        base64_simd::STANDARD.decode_to_vec(&dense).map_err(|_| {
            self.error(format!(
                "is not base64 (standard alphabet, with padding, {} characters)",
                text.len()
            ))
        })
    }

    /// Reads the elements of a list.
    pub(crate) fn elements<T>(&self, read: impl Fn(JsonCursor<'_>) -> Result<T>) -> Result<Vec<T>> {
        let Some(Content::List(nodes)) = self.content() else {
            return Err(self.unexpected("a list"));
        };
        let elements = nodes.enumerate().map(|(index, node)| {
            self.count(1)?;
            read(self.child(Some(node), Step::Element(index)))
        });
        elements.collect()
    }

    /// Reads an object as a map; of equal names the first counts.
    pub(crate) fn entries<T>(
        &self,
        read: impl Fn(JsonCursor<'_>) -> Result<T>,
    ) -> Result<BTreeMap<String, T>> {
        let Some(Content::Object(members)) = self.content() else {
            return Err(self.unexpected("an object"));
        };
        let mut map = BTreeMap::new();
        for (name, node) in members {
            self.count(ENTRY_COST)?;
            let value = read(self.child(Some(node), Step::Member(name)))?;
            map.entry(name.to_owned()).or_insert(value);
        }
        Ok(map)
    }

    /// Counts an element or entry that is read.
    fn count(&self, cost: usize) -> Result<()> {
        let elements = &self.context.elements;
        elements.set(elements.get() + cost);
        if elements.get() > MAX_ELEMENTS {
            return Err(self.error(format!(
                "has too many elements; a message can have {MAX_ELEMENTS} in all its lists, or {} \
                 in maps",
                MAX_ELEMENTS / ENTRY_COST
            )));
        }
        Ok(())
    }

    /// Reads a list or map; null or a missing member, as in older versions, is empty.
    pub(crate) fn or_default<T: Default>(self, read: impl FnOnce(Self) -> Result<T>) -> Result<T> {
        self.optional().map_or_else(|| Ok(T::default()), read)
    }

    /// Returns the error "PATH is FOUND, expected EXPECTED".
    pub(crate) fn unexpected(&self, expected: &str) -> Error {
        let found = match self.content() {
            None => "missing".to_owned(),
            Some(Content::Null) => "null".to_owned(),
            Some(Content::Bool(value)) => value.to_string(),
            Some(Content::Integer(value)) => value.to_string(),
            Some(Content::Number(value)) => value.to_string(),
            Some(Content::Text(_)) if self.is_sensitive() => "text".to_owned(),
            Some(Content::Text(text)) if text.chars().nth(40).is_some() => {
                format!("{:?}...", text.chars().take(40).collect::<String>())
            }
            Some(Content::Text(text)) => format!("{text:?}"),
            Some(Content::List(_)) => "a list".to_owned(),
            Some(Content::Object(_)) => "an object".to_owned(),
        };
        self.error(format!("is {found}, expected {expected}"))
    }

    /// Returns the error "PATH PROBLEM".
    pub(crate) fn error(&self, problem: impl fmt::Display) -> Error {
        Error::invalid_input(format!("{} {problem}", self.path()))
    }

    /// Wraps `error` in one that names the path.
    pub(crate) fn locate(&self, error: Error) -> Error {
        Error::new(error.kind(), format!("{} cannot be read", self.path())).with_source(error)
    }

    fn path(&self) -> String {
        let mut steps = Vec::new();
        let mut cursor = Some(self);
        while let Some(here) = cursor {
            steps.push(here.step);
            cursor = here.parent;
        }
        let mut path = String::new();
        for step in steps.iter().rev() {
            match step {
                Step::Root => {}
                Step::Member(name) if path.is_empty() => path.push_str(name),
                Step::Member(name) => path.extend([".", name]),
                Step::Element(index) => path.extend(["[", &index.to_string(), "]"]),
            }
        }
        if path.is_empty() { "the message".to_owned() } else { path }
    }

    /// Returns whether the value may be a secret or row data, which errors must not contain.
    fn is_sensitive(&self) -> bool {
        let mut cursor = Some(self);
        while let Some(here) = cursor {
            if let Step::Member(
                "encryptionKey"
                | "properties"
                | "records"
                | "configOptions"
                | "queryPassthroughArguments",
            ) = here.step
            {
                return true;
            }
            cursor = here.parent;
        }
        false
    }
}
