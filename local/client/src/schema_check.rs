//! Comparison of the schema of a response with the requested one.

use std::sync::Arc;

use arrow::{
    array::{ArrayData, ArrayRef, make_array},
    datatypes::{DataType, Field, SchemaRef},
    error::ArrowError,
    record_batch::{RecordBatch, RecordBatchOptions},
};

/// Describes the first difference between the schema of a response and the `expected` one.
///
/// Returns `None` if they match: column names, order and types must agree. Details that the
/// protocol leaves open may differ: names of list items, nullability, metadata, and the zone in the
/// type of a timestamp with time zone, because each value carries its own.
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
                // Key and value are identified by position: implementations name them differently.
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

/// Returns `batch` under `schema`, which [`schema_mismatch`] accepts for it.
///
/// Values are not copied: only names, nullability, metadata and zones of types change.
///
/// # Errors
///
/// Describes the difference if the rows do not fit `schema`, such as nulls in a column without
/// them.
pub(super) fn apply_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, String> {
    let columns: Result<Vec<ArrayRef>, String> = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| apply_field(column, field))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns?, &options)
        .map_err(|error| format!("its rows do not fit their schema: {error}"))
}

fn apply_field(column: &ArrayRef, field: &Field) -> Result<ArrayRef, String> {
    if column.data_type() == field.data_type() {
        return Ok(Arc::clone(column));
    }
    let data = apply_type(column.to_data(), field.data_type()).map_err(|error| {
        format!("column {:?} of its rows does not fit {}: {error}", field.name(), field.data_type())
    })?;
    Ok(make_array(data))
}

fn apply_type(data: ArrayData, data_type: &DataType) -> Result<ArrayData, ArrowError> {
    let child_types: Vec<DataType> = match data_type {
        DataType::List(item) | DataType::Map(item, _) => vec![item.data_type().clone()],
        DataType::Struct(fields) => fields.iter().map(|field| field.data_type().clone()).collect(),
        _ => Vec::new(),
    };
    let children: Result<Vec<_>, _> = data
        .child_data()
        .iter()
        .zip(&child_types)
        .map(|(child, data_type)| apply_type(child.clone(), data_type))
        .collect();
    data.into_builder().data_type(data_type.clone()).child_data(children?).build()
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{Array as _, Int32Array, ListArray},
        datatypes::{Int32Type, Schema},
    };

    use super::*;

    fn schema(fields: Vec<Field>) -> SchemaRef {
        Arc::new(Schema::new(fields))
    }

    #[test]
    fn reordered_columns_are_a_mismatch() {
        let a = Field::new("a", DataType::Int32, true);
        let b = Field::new("b", DataType::Int32, true);
        let mismatch =
            schema_mismatch(&schema(vec![a.clone(), b.clone()]), &schema(vec![b, a])).unwrap();
        assert!(mismatch.contains("column 0"), "{mismatch}");
    }

    #[test]
    fn a_different_type_is_a_mismatch() {
        let expected = schema(vec![Field::new("a", DataType::Int32, true)]);
        let got = schema(vec![Field::new("a", DataType::Int64, true)]);
        assert!(schema_mismatch(&expected, &got).is_some());
    }

    #[test]
    fn renamed_list_items_match_and_keep_their_values() {
        let list =
            ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
        let got = schema(vec![Field::new("l", list.data_type().clone(), true)]);
        let item = Field::new("", DataType::Int32, true);
        let expected = schema(vec![Field::new("l", DataType::List(Arc::new(item)), true)]);
        assert_eq!(schema_mismatch(&expected, &got), None);
        let batch = RecordBatch::try_new(got, vec![Arc::new(list)]).unwrap();
        let applied = apply_schema(&batch, &expected).unwrap();
        assert_eq!(applied.schema(), expected);
        assert_eq!(applied.column(0).null_count(), 1);
    }

    #[test]
    fn nulls_do_not_fit_a_column_without_nulls() {
        let got = schema(vec![Field::new("a", DataType::Int32, true)]);
        let expected = schema(vec![Field::new("a", DataType::Int32, false)]);
        let batch =
            RecordBatch::try_new(got, vec![Arc::new(Int32Array::from(vec![Some(1), None]))])
                .unwrap();
        assert!(apply_schema(&batch, &expected).is_err());
    }
}
