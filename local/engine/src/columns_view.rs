//! The view `columns` of `information_schema`.

use std::sync::{Arc, LazyLock};

use arrow::{
    array::{ArrayRef, Int64Builder, StringBuilder, new_null_array},
    datatypes::{DataType, Field, Schema, SchemaRef},
    error::ArrowError,
    record_batch::RecordBatch,
};
use athena_protocol::TableName;

use crate::type_name::type_name;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        text("table_catalog"),
        text("table_schema"),
        text("table_name"),
        text("column_name"),
        Field::new("ordinal_position", DataType::Int64, true),
        text("column_default"),
        text("is_nullable"),
        text("data_type"),
    ]))
});

/// Returns the schema of the view.
pub(crate) fn schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

/// Returns a row for each column of `tables`. Positions begin with 1.
pub(crate) fn rows<'a>(
    catalog: &str,
    tables: impl Iterator<Item = (&'a TableName, SchemaRef)>,
) -> Result<RecordBatch, ArrowError> {
    let mut texts: [StringBuilder; 6] = std::array::from_fn(|_| StringBuilder::new());
    let mut positions = Int64Builder::new();
    for (table, schema) in tables {
        for (field, position) in schema.fields().iter().zip(1..) {
            let data_type = type_name(field.data_type());
            let is_nullable = if field.is_nullable() { "YES" } else { "NO" };
            let row = [catalog, &table.schema, &table.table, field.name(), is_nullable, &data_type];
            for (column, text) in texts.iter_mut().zip(row) {
                column.append_value(text);
            }
            positions.append_value(position);
        }
    }
    let length = positions.values_slice().len();
    let [catalogs, schemas, names, columns, nullable, types] =
        texts.map(|mut text| Arc::new(text.finish()) as ArrayRef);
    let defaults = new_null_array(&DataType::Utf8, length);
    let arrays = vec![
        catalogs,
        schemas,
        names,
        columns,
        Arc::new(positions.finish()),
        defaults,
        nullable,
        types,
    ];
    RecordBatch::try_new(schema(), arrays)
}
