//! An answer in the form in which Trino's answers are recorded.

use arrow::{
    array::{Array, AsArray as _},
    datatypes::{DataType, Float32Type, Float64Type, SchemaRef},
    record_batch::RecordBatch,
    util::display::{ArrayFormatter, DurationFormat, FormatOptions},
};
use base64_simd::STANDARD;
use serde_json::{Number, Value};

use crate::type_name;

/// Rows, or an error.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Names and types of columns, and rows. Decimals, dates and times are text.
    Rows {
        columns: Vec<(String, String)>,
        rows: Vec<Vec<Value>>,
    },
    Error(String),
}

impl Answer {
    /// Converts a result.
    pub(crate) fn of(schema: &SchemaRef, batches: &[RecordBatch]) -> anyhow::Result<Self> {
        let columns = schema.fields().iter();
        let columns =
            columns.map(|field| (field.name().clone(), type_name::of(field.data_type()))).collect();
        let mut rows = Vec::new();
        for batch in batches {
            for row in 0..batch.num_rows() {
                let values = batch.columns().iter().map(|column| value(column.as_ref(), row));
                rows.push(values.collect::<anyhow::Result<_>>()?);
            }
        }
        Ok(Self::Rows { columns, rows })
    }
}

fn value(array: &dyn Array, row: usize) -> anyhow::Result<Value> {
    if array.logical_nulls().is_some_and(|nulls| nulls.is_null(row)) {
        return Ok(Value::Null);
    }
    let list = |items: &dyn Array| -> anyhow::Result<Value> {
        (0..items.len())
            .map(|index| value(items, index))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array)
    };
    let text = || -> anyhow::Result<String> {
        let formatter = ArrayFormatter::try_new(
            array,
            &FormatOptions::default().with_duration_format(DurationFormat::Pretty),
        )?;
        Ok(formatter.value(row).try_to_string()?)
    };
    Ok(match array.data_type() {
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => {
            let shortest = array.as_primitive::<Float32Type>().value(row).to_string();
            float(shortest.parse()?)
        }
        data_type if data_type.is_integer() => Value::Number(text()?.parse()?),
        DataType::Binary => {
            Value::String(STANDARD.encode_to_string(array.as_binary::<i32>().value(row)))
        }
        DataType::List(_) => list(array.as_list::<i32>().value(row).as_ref())?,
        DataType::LargeList(_) => list(array.as_list::<i64>().value(row).as_ref())?,
        DataType::FixedSizeList(..) => list(array.as_fixed_size_list().value(row).as_ref())?,
        DataType::Struct(_) => {
            let fields = array.as_struct().columns().iter();
            Value::Array(fields.map(|field| value(field.as_ref(), row)).collect::<Result<_, _>>()?)
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let mut map = serde_json::Map::new();
            for index in 0..entries.len() {
                let key = match value(entries.column(0).as_ref(), index)? {
                    Value::String(key) => key,
                    other => other.to_string(),
                };
                map.insert(key, value(entries.column(1).as_ref(), index)?);
            }
            Value::Object(map)
        }
        DataType::Timestamp(_, zone) => Value::String(timestamp(&text()?, zone.as_deref())),
        _ => Value::String(text()?),
    })
}

/// Returns a timestamp as in `2024-01-01 00:00:00.5 Europe/Paris`.
fn timestamp(text: &str, zone: Option<&str>) -> String {
    let text = text.replacen('T', " ", 1);
    match zone {
        None => text,
        // Arrow writes an offset, or `Z`.
        Some(zone) => {
            let digits = text.get(19..).unwrap_or_default();
            let end = digits.find(['Z', '+', '-']).map_or(text.len(), |end| 19 + end);
            format!("{} {zone}", &text[..end])
        }
    }
}

/// Returns a number, or the name of one that JSON does not have.
fn float(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => Value::String("NaN".to_owned()),
        None if value > 0.0 => Value::String("Infinity".to_owned()),
        None => Value::String("-Infinity".to_owned()),
    }
}
