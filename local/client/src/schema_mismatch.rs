//! Whether the schema of an answer is the one that was asked for.

use arrow::datatypes::{DataType, Field, SchemaRef};

/// Why an answer's schema is not the one expected: `None` if it is.
///
/// Names, order and types must agree. What the protocol leaves open may differ: names of list
/// items, nullability, metadata, and the zone of a zoned timestamp's type, since the zone travels
/// with each value.
pub fn schema_mismatch(expected: &SchemaRef, got: &SchemaRef) -> Option<String> {
    if expected.fields().len() != got.fields().len() {
        let names = |schema: &SchemaRef| {
            schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>().join(", ")
        };
        return Some(format!(
            "its rows have {} columns ({}), expected {} ({})",
            got.fields().len(),
            names(got),
            expected.fields().len(),
            names(expected)
        ));
    }
    expected.fields().iter().zip(got.fields()).enumerate().find_map(|(index, (expected, got))| {
        if expected.name() != got.name() {
            return Some(format!(
                "column {index} of its rows is {:?}, expected {:?}",
                got.name(),
                expected.name()
            ));
        }
        (!same_type(expected.data_type(), got.data_type())).then(|| {
            format!(
                "column {:?} of its rows is {}, expected {}",
                got.name(),
                got.data_type(),
                expected.data_type()
            )
        })
    })
}

fn same_type(expected: &DataType, got: &DataType) -> bool {
    let same_field =
        |expected: &Field, got: &Field| same_type(expected.data_type(), got.data_type());
    match (expected, got) {
        (DataType::Timestamp(unit, zone), DataType::Timestamp(got_unit, got_zone)) => {
            unit == got_unit && zone.is_some() == got_zone.is_some()
        }
        (DataType::List(item), DataType::List(got_item)) => same_field(item, got_item),
        (DataType::Map(entries, _), DataType::Map(got_entries, _)) => {
            match (entries.data_type(), got_entries.data_type()) {
                // The names of the two are fixed by position: peers write them differently.
                (DataType::Struct(pair), DataType::Struct(got_pair)) => {
                    pair.len() == got_pair.len()
                        && pair.iter().zip(got_pair).all(|(a, b)| same_field(a, b))
                }
                _ => false,
            }
        }
        (DataType::Struct(fields), DataType::Struct(got_fields)) => {
            fields.len() == got_fields.len()
                && fields
                    .iter()
                    .zip(got_fields)
                    .all(|(a, b)| a.name() == b.name() && same_field(a, b))
        }
        _ => expected == got,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Schema;

    use super::*;

    fn schema(fields: Vec<Field>) -> SchemaRef {
        Arc::new(Schema::new(fields))
    }

    #[test]
    fn another_order_of_columns_is_a_mismatch() {
        let (a, b) =
            (Field::new("a", DataType::Int32, true), Field::new("b", DataType::Int32, true));
        let mismatch =
            schema_mismatch(&schema(vec![a.clone(), b.clone()]), &schema(vec![b, a])).unwrap();
        assert!(mismatch.contains("column 0"), "{mismatch}");
    }

    #[test]
    fn another_type_is_a_mismatch() {
        let expected = schema(vec![Field::new("a", DataType::Int32, true)]);
        let got = schema(vec![Field::new("a", DataType::Int64, true)]);
        assert!(schema_mismatch(&expected, &got).is_some());
    }
}
