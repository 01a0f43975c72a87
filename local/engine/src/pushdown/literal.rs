//! Exact conversion of SQL constants to the wire type of a column.

use arrow::datatypes::{DataType, TimeUnit};
use athena_protocol::timestamp_tz::{TimeZoneKey, pack};
use datafusion::common::ScalarValue;

use crate::type_mapping::sql_type;

/// Converts `literal` to the type `wire`. Returns `None` for null, for a value that the type cannot
/// represent exactly, and for NaN, which has no order.
pub(super) fn to_wire(literal: &ScalarValue, wire: &DataType) -> Option<ScalarValue> {
    if literal.is_null() {
        return None;
    }
    let sql = cast_exactly(literal, &in_milliseconds(sql_type(wire)))?;
    match (sql, wire) {
        (ScalarValue::TimestampMillisecond(millis, None), DataType::Date64) => {
            Some(ScalarValue::Date64(millis))
        }
        (
            ScalarValue::TimestampMillisecond(Some(millis), zone),
            DataType::Timestamp(_, Some(_)),
        ) => Some(ScalarValue::TimestampMillisecond(
            Some(pack(millis, TimeZoneKey::UTC).ok()?),
            zone,
        )),
        (ScalarValue::Float64(Some(value)), _) if value.is_nan() => None,
        (ScalarValue::Float32(Some(value)), _) if value.is_nan() => None,
        // Both zeros are equal in SQL, but as an endpoint of a range `-0.0` would be less than
        // `0.0`.
        (ScalarValue::Float64(Some(0.0)), _) => Some(ScalarValue::Float64(Some(0.0))),
        (ScalarValue::Float32(Some(0.0)), _) => Some(ScalarValue::Float32(Some(0.0))),
        (value, _) => Some(value),
    }
}

/// Returns the SQL type `sql` in the resolution of the wire format.
pub(super) fn in_milliseconds(sql: DataType) -> DataType {
    match sql {
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone),
        other => other,
    }
}

/// Casts `literal` if the value stays the same.
fn cast_exactly(literal: &ScalarValue, data_type: &DataType) -> Option<ScalarValue> {
    if &literal.data_type() == data_type {
        return Some(literal.clone());
    }
    if !same_family(&literal.data_type(), data_type) {
        return None;
    }
    let cast = literal.cast_to(data_type).ok()?;
    let back = cast.cast_to(&literal.data_type()).ok()?;
    (!cast.is_null() && &back == literal).then_some(cast)
}

/// Returns whether a cast between the two types keeps the meaning of a value. Text that looks like
/// a number is not a number.
fn same_family(a: &DataType, b: &DataType) -> bool {
    let is_text =
        |t: &DataType| matches!(t, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let is_bytes =
        |t: &DataType| matches!(t, DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
    (a.is_numeric() && b.is_numeric())
        || (is_text(a) && is_text(b))
        || (is_bytes(a) && is_bytes(b))
        || match (a, b) {
            (
                DataType::Timestamp(_, zone),
                DataType::Timestamp(TimeUnit::Millisecond, column_zone),
            ) => zone.is_some() == column_zone.is_some(),
            _ => false,
        }
}
