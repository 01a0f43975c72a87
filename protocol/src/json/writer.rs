//! A JSON writer that keeps the order of calls, because Java peers require an order.
//!
//! Escapes match Jackson (section 2.9 of the protocol): characters beyond the basic multilingual
//! plane are two escapes in values and raw in member names, the only forms that Java peers read.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{error::Result, limits::base64_len, version::SerdeVersion};

/// A JSON document under construction, for a peer of one version.
#[derive(Debug)]
pub(crate) struct Writer {
    out: Vec<u8>,
    pub(crate) version: SerdeVersion,
    /// Whether the next member or element needs a preceding comma.
    comma: bool,
}

impl Writer {
    pub(crate) fn new(version: SerdeVersion) -> Self {
        Self { out: Vec::with_capacity(512), version, comma: false }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    /// Writes an object whose members `members` writes.
    pub(crate) fn object(&mut self, members: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.nested(b'{', b'}', members)
    }

    /// Writes a list, each item with `write`.
    pub(crate) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Result<()>,
    ) -> Result<()> {
        self.nested(b'[', b']', |writer| items.into_iter().try_for_each(|item| write(writer, item)))
    }

    fn nested(
        &mut self,
        open: u8,
        close: u8,
        content: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.before_value();
        self.out.push(open);
        self.comma = false;
        content(self)?;
        self.out.push(close);
        self.comma = true;
        Ok(())
    }

    /// Writes the name of the next member.
    pub(crate) fn name(&mut self, name: &str) -> &mut Self {
        self.before_value();
        self.quoted(name, false);
        self.out.push(b':');
        self.comma = false;
        self
    }

    pub(crate) fn null(&mut self) {
        self.raw("null");
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    pub(crate) fn integer(&mut self, value: i64) {
        self.raw(&value.to_string());
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.before_value();
        self.quoted(value, true);
        self.comma = true;
    }

    pub(crate) fn optional_text(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// Writes bytes in base64, encoded directly into the document.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.before_value();
        // Includes the end of the document: growing by one byte would double and copy all of it.
        self.out.reserve(base64_len(bytes.len()) + 512);
        self.out.push(b'"');
        base64_simd::STANDARD.encode_append(bytes, &mut self.out);
        self.out.push(b'"');
        self.comma = true;
    }

    pub(crate) fn text_map(&mut self, map: &BTreeMap<String, Option<String>>) -> Result<()> {
        self.object(|writer| {
            for (name, value) in map {
                writer.name(name).optional_text(value.as_deref());
            }
            Ok(())
        })
    }

    pub(crate) fn text_list<'t>(
        &mut self,
        texts: impl IntoIterator<Item = &'t String>,
    ) -> Result<()> {
        self.list(texts, |writer, text| {
            writer.text(text);
            Ok(())
        })
    }

    fn raw(&mut self, text: &str) {
        self.before_value();
        self.out.extend_from_slice(text.as_bytes());
        self.comma = true;
    }

    fn before_value(&mut self) {
        if self.comma {
            self.out.push(b',');
            self.comma = false;
        }
    }

    fn quoted(&mut self, text: &str, escape_supplementary: bool) {
        self.out.push(b'"');
        let needs_escape = |byte: u8| {
            byte < 0x20 || byte == b'"' || byte == b'\\' || (byte >= 0xF0 && escape_supplementary)
        };
        if text.bytes().any(needs_escape) {
            let mut escaped = String::with_capacity(text.len() + 16);
            for character in text.chars() {
                push_escaped(&mut escaped, character, escape_supplementary);
            }
            self.out.extend_from_slice(escaped.as_bytes());
        } else {
            self.out.extend_from_slice(text.as_bytes());
        }
        self.out.push(b'"');
    }
}

fn push_escaped(out: &mut String, character: char, escape_supplementary: bool) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0'..='\u{1f}' => {
            write!(out, "\\u{:04X}", u32::from(character))
                .expect("writing to a string cannot fail");
        }
        '\u{10000}'.. if escape_supplementary => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04X}").expect("writing to a string cannot fail");
            }
        }
        _ => out.push(character),
    }
}
