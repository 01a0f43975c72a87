//! Look-up of columns by name in constant time.

use std::collections::HashMap;

use arrow::datatypes::{FieldRef, Fields};

/// Index of the columns of one schema. Of equal names, the first counts.
///
/// `Fields::find` compares with every column: a request may name as many columns as a schema has,
/// 30,000 and more, and each would be compared with each.
#[derive(Debug)]
pub(crate) struct ColumnIndex<'a> {
    fields: &'a Fields,
    positions: HashMap<&'a str, usize>,
}

impl<'a> ColumnIndex<'a> {
    pub(crate) fn new(fields: &'a Fields) -> Self {
        let mut positions = HashMap::with_capacity(fields.len());
        for (position, field) in fields.iter().enumerate() {
            positions.entry(field.name().as_str()).or_insert(position);
        }
        Self { fields, positions }
    }

    pub(crate) fn find(&self, name: &str) -> Option<(usize, &'a FieldRef)> {
        let position = *self.positions.get(name)?;
        Some((position, &self.fields[position]))
    }
}
