//! Schemas from their neutral form, for objects that come without a message.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde_json::Value;

/// The schema that `neutral` describes; it may only have scalar types.
pub(crate) fn schema(neutral: &Value) -> Result<SchemaRef, String> {
    let fields = neutral["fields"].as_array().ok_or("has no schema")?.iter().map(|field| {
        let (name, data_type) =
            (field["name"].as_str(), field["type"].as_str().and_then(data_type));
        match (name, data_type) {
            (Some(name), Some(data_type)) => {
                Ok(Field::new(name, data_type, field["nullable"] == true))
            }
            _ => Err(format!("has a field that this test cannot build: {field}")),
        }
    });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>, String>>()?)))
}

fn data_type(neutral: &str) -> Option<DataType> {
    Some(match neutral {
        "bool" => DataType::Boolean,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" => DataType::Int64,
        "float32" => DataType::Float32,
        "float64" => DataType::Float64,
        "utf8" => DataType::Utf8,
        "binary" => DataType::Binary,
        "date32" => DataType::Date32,
        "date64" => DataType::Date64,
        _ => {
            let (name, arguments) = neutral.strip_suffix(')')?.split_once('(')?;
            match (name, arguments.split_once(',')?) {
                ("decimal128", (precision, scale)) => {
                    DataType::Decimal128(precision.parse().ok()?, scale.parse().ok()?)
                }
                ("timestamp", ("ms", zone)) => {
                    DataType::Timestamp(TimeUnit::Millisecond, Some(zone.into()))
                }
                _ => return None,
            }
        }
    })
}
