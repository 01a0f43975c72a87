//! Schemas from canonical JSON, for objects without a message.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde_json::Value;

/// Builds a schema with scalar types from canonical JSON.
pub(crate) fn schema(canonical: &Value) -> Result<SchemaRef, String> {
    let fields =
        canonical["fields"].as_array().ok_or("the case has no schema")?.iter().map(|field| {
            let name = field["name"].as_str();
            let data_type = field["type"].as_str().and_then(data_type);
            match (name, data_type) {
                (Some(name), Some(data_type)) => {
                    Ok(Field::new(name, data_type, field["nullable"] == true))
                }
                _ => Err(format!("unsupported field in the schema: {field}")),
            }
        });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>, String>>()?)))
}

fn data_type(canonical: &str) -> Option<DataType> {
    Some(match canonical {
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
            let (name, arguments) = canonical.strip_suffix(')')?.split_once('(')?;
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
