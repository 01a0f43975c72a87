//! Canonical JSON of blocks, rows and cells.

use arrow::{
    array::{Array, AsArray},
    datatypes::{
        ArrowPrimitiveType, DataType, Date32Type, Date64Type, Decimal128Type, DecimalType,
        Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
        TimestampMillisecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
    record_batch::RecordBatch,
    util::display::array_value_to_string,
};
use athena_protocol::timestamp_tz::unpack;
use serde_json::{Value, json};

/// Returns the schema and the rows of a batch in wire format: timestamps with time zone are packed.
pub fn block(batch: &RecordBatch) -> Value {
    json!({ "schema": super::schema(batch.schema_ref()), "rows": rows(batch) })
}

/// Returns the rows of a batch, each as a list of cells.
///
/// For a batch without columns, returns the number of rows.
pub fn rows(batch: &RecordBatch) -> Value {
    if batch.num_columns() == 0 {
        return batch.num_rows().into();
    }
    (0..batch.num_rows())
        .map(|row| batch.columns().iter().map(|column| cell(column, row)).collect::<Value>())
        .collect()
}

/// Returns all cells of one array.
pub(super) fn cells(array: &dyn Array) -> Value {
    (0..array.len()).map(|row| cell(array, row)).collect()
}

/// Returns one value. Integers that a JSON parser might round, and numbers that JSON lacks, become
/// strings.
pub(super) fn cell(array: &dyn Array, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Int8 => native::<Int8Type>(array, row).into(),
        DataType::Int16 => native::<Int16Type>(array, row).into(),
        DataType::Int32 => native::<Int32Type>(array, row).into(),
        DataType::Int64 => integer(native::<Int64Type>(array, row).into()),
        DataType::UInt8 => native::<UInt8Type>(array, row).into(),
        DataType::UInt16 => native::<UInt16Type>(array, row).into(),
        DataType::UInt32 => native::<UInt32Type>(array, row).into(),
        DataType::UInt64 => integer(native::<UInt64Type>(array, row).into()),
        DataType::Float16 => float(native::<Float16Type>(array, row).to_f64()),
        DataType::Float32 => float(native::<Float32Type>(array, row).into()),
        DataType::Float64 => float(native::<Float64Type>(array, row)),
        DataType::Decimal128(precision, scale) => {
            Decimal128Type::format_decimal(native::<Decimal128Type>(array, row), *precision, *scale)
                .into()
        }
        DataType::Date32 => native::<Date32Type>(array, row).into(),
        DataType::Date64 => integer(native::<Date64Type>(array, row).into()),
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => {
            timestamp_tz(native::<TimestampMillisecondType>(array, row))
        }
        DataType::Timestamp(_, _) | DataType::Time32(_) | DataType::Time64(_) => count(array, row),
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::Binary => base64(array.as_binary::<i32>().value(row)),
        DataType::FixedSizeBinary(_) => base64(array.as_fixed_size_binary().value(row)),
        DataType::List(_) => cells(&array.as_list::<i32>().value(row)),
        DataType::FixedSizeList(_, _) => cells(&array.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            fields
                .iter()
                .zip(columns)
                .map(|(field, column)| (field.name().clone(), cell(column, row)))
                .collect()
        }
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            (0..entries.len())
                .map(|entry| {
                    entries.columns().iter().map(|column| cell(column, entry)).collect::<Value>()
                })
                .collect()
        }
        _ => array_value_to_string(array, row).unwrap_or_default().into(),
    }
}

fn native<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

pub(super) fn integer(value: i128) -> Value {
    /// All integers up to here are exact as a double.
    const EXACT: i128 = 1 << 53;
    match i64::try_from(value) {
        Ok(small) if (-EXACT..=EXACT).contains(&value) => small.into(),
        _ => value.to_string().into(),
    }
}

fn float(value: f64) -> Value {
    if value == 0.0 && value.is_sign_negative() {
        return "-0.0".into();
    }
    serde_json::Number::from_f64(value).map_or_else(
        || {
            if value.is_nan() {
                "NaN"
            } else if value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            }
            .into()
        },
        Value::Number,
    )
}

fn timestamp_tz(packed: i64) -> Value {
    let (millis, key) = unpack(packed);
    json!({
        "packed": integer(packed.into()),
        "millis": millis,
        "zoneKey": key.number(),
        "zone": key.name(),
    })
}

/// Returns the integer behind a time or timestamp of any unit.
fn count(array: &dyn Array, row: usize) -> Value {
    let width = array.data_type().primitive_width();
    let wide = if width == Some(4) { DataType::Int32 } else { DataType::Int64 };
    match arrow::compute::cast(&array.slice(row, 1), &wide) {
        Ok(integers) => cell(&integers, 0),
        Err(_) => Value::Null,
    }
}

pub(super) fn base64(bytes: &[u8]) -> Value {
    base64_simd::STANDARD.encode_to_string(bytes).into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, Decimal128Array, Float64Array, Int64Array, Time32SecondArray, UInt64Array,
    };

    use super::*;

    #[test]
    fn numbers_that_json_would_change_become_strings() {
        let decimals =
            Decimal128Array::from(vec![-5, 1250]).with_precision_and_scale(10, 2).unwrap();
        for (array, expected) in [
            (
                Arc::new(Float64Array::from(vec![f64::NAN, f64::NEG_INFINITY, -0.0, 0.5]))
                    as ArrayRef,
                json!(["NaN", "-Infinity", "-0.0", 0.5]),
            ),
            (
                Arc::new(Int64Array::from(vec![Some(1 << 53), Some((1 << 53) + 1), None])),
                json!([9_007_199_254_740_992_i64, "9007199254740993", null]),
            ),
            (Arc::new(UInt64Array::from(vec![7, u64::MAX])), json!([7, "18446744073709551615"])),
            (Arc::new(decimals), json!(["-0.05", "12.50"])),
            (Arc::new(Time32SecondArray::from(vec![61])), json!([61])),
        ] {
            assert_eq!(cells(&array), expected);
        }
    }

    #[test]
    fn an_unknown_zone_key_has_no_name() {
        assert_eq!(
            timestamp_tz(4095),
            json!({ "packed": 4095, "millis": 0, "zoneKey": 4095, "zone": null })
        );
    }
}
