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

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};

    use super::*;

    #[test]
    fn the_first_of_equal_names_is_found() {
        let field = |name| Field::new(name, DataType::Int64, true);
        let fields: Fields = vec![field("a"), field("b"), field("a"), field("A")].into();
        let index = ColumnIndex::new(&fields);
        let found =
            |name| index.find(name).map(|(position, field)| (position, field.name().as_str()));
        assert_eq!(found("a"), Some((0, "a")));
        assert_eq!(found("b"), Some((1, "b")));
        assert_eq!(found("A"), Some((3, "A")));
        assert_eq!(found("c"), None);
    }
}
