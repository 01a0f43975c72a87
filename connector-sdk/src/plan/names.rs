//! Look-up of a plan's names: a name counts exactly, or else ignoring case.

use std::collections::HashMap;

use arrow::datatypes::{Field, FieldRef, Schema};
use athena_protocol::predicate::Expression;

use crate::{Error, Result, column_index::ColumnIndex};

/// Columns of a table by name.
pub(super) struct TableColumns<'a> {
    exact: ColumnIndex<'a>,
    /// The columns of each name in lower case.
    alike: HashMap<String, Vec<&'a FieldRef>>,
}

impl<'a> TableColumns<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        let mut alike: HashMap<_, Vec<_>> = HashMap::new();
        for field in schema.fields() {
            alike.entry(field.name().to_lowercase()).or_default().push(field);
        }
        Self { exact: ColumnIndex::new(schema.fields()), alike }
    }

    /// Returns the column of this name, or else the only one whose name differs in case only.
    pub(super) fn find(&self, name: &str) -> Result<&'a Field> {
        if let Some((_, field)) = self.exact.find(name) {
            return Ok(field);
        }
        match self.alike.get(&name.to_lowercase()).map(Vec::as_slice) {
            Some([field]) => Ok(field),
            Some([one, other, ..]) => Err(Error::invalid_input(format!(
                "the query plan names column {name:?}, which matches {:?} and {:?} of the table; \
                 rename one, as names must differ in more than case",
                one.name(),
                other.name()
            ))),
            Some([]) | None => Err(Error::invalid_input(format!(
                "the query plan names column {name:?}, which does not exist in the table"
            ))),
        }
    }
}

/// Output columns of a plan by name. Of equal names, the first counts.
pub(crate) struct Outputs<'a> {
    exact: HashMap<&'a str, &'a Expression>,
    /// The columns by name in ASCII lower case.
    alike: HashMap<String, &'a Expression>,
}

impl<'a> Outputs<'a> {
    pub(super) fn new(outputs: &'a [(String, Expression)]) -> Self {
        let mut exact = HashMap::new();
        let mut alike = HashMap::new();
        for (name, expression) in outputs {
            exact.entry(name.as_str()).or_insert(expression);
            alike.entry(name.to_ascii_lowercase()).or_insert(expression);
        }
        Self { exact, alike }
    }

    /// Returns the expression of an output column, by its name or else ignoring ASCII case.
    pub(crate) fn find(&self, name: &str) -> Option<&'a Expression> {
        let alike = || self.alike.get(&name.to_ascii_lowercase());
        self.exact.get(name).or_else(alike).copied()
    }
}
