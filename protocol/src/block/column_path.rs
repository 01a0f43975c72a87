//! The path of a field in a schema, for errors.

use std::fmt;

/// The path of a column, or of a field inside it.
#[derive(Clone, Copy)]
pub(super) struct ColumnPath<'a> {
    parent: Option<&'a ColumnPath<'a>>,
    name: &'a str,
}

impl<'a> ColumnPath<'a> {
    pub(super) fn column(name: &'a str) -> Self {
        Self { parent: None, name }
    }

    pub(super) fn child(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), name }
    }
}

/// Writes names joined by dots; nameless elements, as in Java's lists, are written `[]`.
impl fmt::Display for ColumnPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        f.write_str(if self.name.is_empty() { "[]" } else { self.name })
    }
}
