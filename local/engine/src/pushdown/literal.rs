//! Constants of SQL as values of a column on the wire, exactly or not at all.

use arrow::datatypes::{DataType, TimeUnit};
use athena_protocol::timestamp_tz::{TimeZoneKey, pack};
use datafusion::common::ScalarValue;

use crate::presentation::sql_type;

/// `literal` as a value of a column of type `wire`; `None` if it is null, not exactly such a value,
/// or has no place in an order (NaN).
pub(super) fn to_wire(literal: &ScalarValue, wire: &DataType) -> Option<ScalarValue> {
    if literal.is_null() {
        return None;
    }
    let sql = exactly(literal, &in_milliseconds(sql_type(wire)))?;
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
        // Zero has one value and two forms; as the lower end of a range the negative one would let
        // nothing slip.
        (ScalarValue::Float64(Some(0.0)), _) => Some(ScalarValue::Float64(Some(0.0))),
        (ScalarValue::Float32(Some(0.0)), _) => Some(ScalarValue::Float32(Some(0.0))),
        (value, _) => Some(value),
    }
}

/// The type in which a value of SQL type `sql` is counted on the wire.
pub(super) fn in_milliseconds(sql: DataType) -> DataType {
    match sql {
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone),
        other => other,
    }
}

/// The same value in another type, if it is the same.
fn exactly(literal: &ScalarValue, data_type: &DataType) -> Option<ScalarValue> {
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

/// Whether a cast between the two changes the form of a value only: a text that looks like a number
/// is not one.
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
