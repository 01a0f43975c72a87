//! Canonical JSON of schemas and types.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};
use serde_json::{Map, Value, json};

/// Returns a schema: its fields and its metadata.
pub fn schema(schema: &Schema) -> Value {
    json!({ "fields": fields(schema.fields()), "metadata": metadata(schema.metadata()) })
}

fn fields(fields: &Fields) -> Value {
    fields.iter().map(|child| field(child)).collect()
}

/// Returns name, type and nullability of a field, and its metadata and children if it has any.
fn field(field: &Field) -> Value {
    let mut members = Map::new();
    members.insert("name".to_owned(), field.name().as_str().into());
    members.insert("type".to_owned(), data_type(field.data_type()).into());
    members.insert("nullable".to_owned(), field.is_nullable().into());
    if !field.metadata().is_empty() {
        members.insert("metadata".to_owned(), metadata(field.metadata()));
    }
    let children = match field.data_type() {
        DataType::List(child) | DataType::FixedSizeList(child, _) | DataType::Map(child, _) => {
            Some(Value::Array(vec![self::field(child)]))
        }
        DataType::Struct(children) if !children.is_empty() => Some(fields(children)),
        _ => None,
    };
    if let Some(children) = children {
        members.insert("children".to_owned(), children);
    }
    Value::Object(members)
}

fn metadata(metadata: &HashMap<String, String>) -> Value {
    metadata.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

/// Returns a type as one word, such as `decimal128(12,2)`, without its children.
pub fn data_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "null".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal128({precision},{scale})"),
        DataType::Utf8 => "utf8".to_owned(),
        DataType::Binary => "binary".to_owned(),
        DataType::FixedSizeBinary(width) => format!("fixed_size_binary({width})"),
        DataType::Date32 => "date32".to_owned(),
        DataType::Date64 => "date64".to_owned(),
        DataType::Time32(unit) => format!("time32({})", time_unit(*unit)),
        DataType::Time64(unit) => format!("time64({})", time_unit(*unit)),
        DataType::Timestamp(unit, None) => format!("timestamp({})", time_unit(*unit)),
        DataType::Timestamp(unit, Some(zone)) => format!("timestamp({},{zone})", time_unit(*unit)),
        DataType::List(_) => "list".to_owned(),
        DataType::FixedSizeList(_, size) => format!("fixed_size_list({size})"),
        DataType::Struct(_) => "struct".to_owned(),
        DataType::Map(_, _) => "map".to_owned(),
        // Arrow's name: of numbers, since blocks have no other types.
        other => other.to_string().to_lowercase(),
    }
}

fn time_unit(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}
