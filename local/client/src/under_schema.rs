//! Puts the rows that came back under the schema that was asked for.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, make_array},
    datatypes::{DataType, Field, SchemaRef},
    record_batch::{RecordBatch, RecordBatchOptions},
};

/// Puts the rows of `batch` under `schema`, which
/// [`schema_mismatch`](crate::schema_mismatch) found equal; says why if they do not
/// fit.
pub(super) fn under_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, String> {
    let columns: Result<Vec<ArrayRef>, String> = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| relabel(column, field))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns?, &options)
        .map_err(|error| format!("its rows do not fit their schema: {error}"))
}

/// The same values under the type of `field`, which differs in labels at most.
fn relabel(column: &ArrayRef, field: &Field) -> Result<ArrayRef, String> {
    if column.data_type() == field.data_type() {
        return Ok(Arc::clone(column));
    }
    let data = relabel_data(column.to_data(), field.data_type()).map_err(|error| {
        format!("column {:?} of its rows does not fit {}: {error}", field.name(), field.data_type())
    })?;
    Ok(make_array(data))
}

fn relabel_data(
    data: arrow::array::ArrayData,
    data_type: &DataType,
) -> Result<arrow::array::ArrayData, arrow::error::ArrowError> {
    let child_types: Vec<DataType> = match data_type {
        DataType::List(item) | DataType::Map(item, _) => vec![item.data_type().clone()],
        DataType::Struct(fields) => fields.iter().map(|field| field.data_type().clone()).collect(),
        _ => Vec::new(),
    };
    let children = data.child_data().to_vec();
    let children: Result<Vec<_>, _> = children
        .into_iter()
        .zip(&child_types)
        .map(|(child, data_type)| relabel_data(child, data_type))
        .collect();
    data.into_builder().data_type(data_type.clone()).child_data(children?).build()
}

#[cfg(test)]
mod tests {
    use crate::schema_mismatch;
    use arrow::{
        array::{Array as _, Int32Array, ListArray},
        datatypes::{Int32Type, Schema},
    };

    use super::*;

    fn schema(fields: Vec<Field>) -> SchemaRef {
        Arc::new(Schema::new(fields))
    }

    #[test]
    fn list_items_keep_their_values_under_another_name() {
        let list =
            ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
        let got = schema(vec![Field::new("l", list.data_type().clone(), true)]);
        let item = Field::new("", DataType::Int32, true);
        let expected = schema(vec![Field::new("l", DataType::List(Arc::new(item)), true)]);
        assert_eq!(schema_mismatch(&expected, &got), None);
        let batch = RecordBatch::try_new(got, vec![Arc::new(list)]).unwrap();
        let fitted = under_schema(&batch, &expected).unwrap();
        assert_eq!(fitted.schema(), expected);
        assert_eq!(fitted.column(0).null_count(), 1);
    }

    #[test]
    fn nulls_do_not_fit_a_column_that_has_none() {
        let got = schema(vec![Field::new("a", DataType::Int32, true)]);
        let expected = schema(vec![Field::new("a", DataType::Int32, false)]);
        let batch =
            RecordBatch::try_new(got, vec![Arc::new(Int32Array::from(vec![Some(1), None]))])
                .unwrap();
        assert!(under_schema(&batch, &expected).is_err());
    }
}
