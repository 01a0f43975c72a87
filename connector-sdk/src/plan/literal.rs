//! Conversion of plan literals to wire constants.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array,
        Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, StringArray,
        TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
        new_null_array,
    },
    datatypes::DataType,
};
use athena_protocol::timestamp_tz::{TimeZoneKey, pack};

use super::{
    protobuf::{Field, Message, malformed, unsupported},
    types::{PlanType, decimal_type},
};
use crate::Result;

/// Reads the value of a `Literal` message, one row.
pub(super) fn read(message: Message<'_>) -> Result<ArrayRef> {
    let mut found = None;
    for field in message.fields() {
        let field = field?;
        match field.number {
            50 => {} // whether its type is nullable
            51 if field.number()? == 0 => {}
            51 => return Err(unsupported("a type variation")),
            _ => found = Some(value(&field)?),
        }
    }
    found.ok_or_else(|| malformed("a literal has no value"))
}

fn value(field: &Field<'_>) -> Result<ArrayRef> {
    Ok(match field.number {
        1 => Arc::new(BooleanArray::from(vec![field.number()? != 0])),
        2 => Arc::new(Int8Array::from(vec![field.narrow::<i8>()?])),
        3 => Arc::new(Int16Array::from(vec![field.narrow::<i16>()?])),
        5 => Arc::new(Int32Array::from(vec![field.narrow::<i32>()?])),
        7 => Arc::new(Int64Array::from(vec![field.number()?])),
        10 => Arc::new(Float32Array::from(vec![field.float()?])),
        11 => Arc::new(Float64Array::from(vec![field.double()?])),
        12 => text(field.text()?),
        22 => text(var_char(field)?),
        13 | 23 => Arc::new(BinaryArray::from(vec![field.bytes()?])),
        14 => local_time(field.number()?, 6)?,
        16 => Arc::new(Date32Array::from(vec![field.narrow::<i32>()?])),
        24 => decimal(field)?,
        27 => instant(field.number()?, 6)?,
        34 => {
            let (precision, value) = precision_and_value(field)?;
            local_time(value, precision)?
        }
        35 => {
            let (precision, value) = precision_and_value(field)?;
            instant(value, precision)?
        }
        29 => null(field)?,
        number => return Err(unsupported(&format!("a literal of type {}", literal_name(number)))),
    })
}

/// Returns the name of a literal type that is not comparable with any column.
fn literal_name(number: u32) -> String {
    match number {
        17 | 37 => "time".to_owned(),
        19 | 20 | 36 => "interval".to_owned(),
        21 => "fixed_char".to_owned(), // ignores trailing spaces
        25 => "struct".to_owned(),
        26 | 32 => "map".to_owned(),
        28 => "uuid".to_owned(),
        30 | 31 => "list".to_owned(),
        33 => "user_defined".to_owned(),
        other => format!("{other}"),
    }
}

fn text(value: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

fn var_char<'a>(field: &Field<'a>) -> Result<&'a str> {
    let mut value = "";
    for field in field.message("Literal.VarChar")?.fields() {
        let field = field?;
        match field.number {
            1 => value = field.text()?,
            2 => {} // maximum length
            _ => return field.reject(),
        }
    }
    Ok(value)
}

fn decimal(field: &Field<'_>) -> Result<ArrayRef> {
    let mut value = None;
    let mut precision = 0;
    let mut scale = 0;
    for field in field.message("Literal.Decimal")?.fields() {
        let field = field?;
        match field.number {
            1 => value = field.bytes()?.try_into().ok().map(i128::from_le_bytes),
            2 => precision = field.narrow::<u8>()?,
            3 => scale = field.narrow::<i8>()?,
            _ => return field.reject(),
        }
    }
    let value = value.ok_or_else(|| malformed("a decimal literal does not have 16 bytes"))?;
    let data_type = decimal_type(precision, scale)?;
    if value.unsigned_abs() >= 10_u128.pow(u32::from(precision)) {
        return Err(malformed(format!("a decimal literal exceeds its precision {precision}")));
    }
    Ok(Arc::new(Decimal128Array::from(vec![value]).with_data_type(data_type)))
}

fn precision_and_value(field: &Field<'_>) -> Result<(u32, i64)> {
    let mut precision = 0;
    let mut value = 0;
    for field in field.message("Literal.PrecisionTimestamp")?.fields() {
        let field = field?;
        match field.number {
            1 => precision = field.narrow::<u32>()?,
            2 => value = field.number()?,
            _ => return field.reject(),
        }
    }
    Ok((precision, value))
}

/// Converts a count of 10^-`precision` seconds to milliseconds; `None` unless it is a whole number
/// of them.
fn milliseconds(value: i64, precision: u32) -> Option<i64> {
    if precision <= 3 {
        return value.checked_mul(10_i64.pow(3 - precision));
    }
    let units = 10_i64.checked_pow(precision - 3)?;
    (value % units == 0).then_some(value / units)
}

/// Converts a local timestamp. Columns without a zone have millisecond precision, so a finer
/// constant is unsupported.
fn local_time(value: i64, precision: u32) -> Result<ArrayRef> {
    let millis = milliseconds(value, precision)
        .ok_or_else(|| unsupported("a timestamp finer than a millisecond"))?;
    Ok(Arc::new(Date64Array::from(vec![millis])))
}

/// Converts an instant to its wire form: milliseconds packed with the zone, finer units unpacked.
fn instant(value: i64, precision: u32) -> Result<ArrayRef> {
    const ZONE: &str = "UTC";
    Ok(match (milliseconds(value, precision), precision) {
        (Some(millis), _) => {
            let packed = pack(millis, TimeZoneKey::UTC)?;
            Arc::new(TimestampMillisecondArray::from(vec![packed]).with_timezone(ZONE))
        }
        (None, 6) => Arc::new(TimestampMicrosecondArray::from(vec![value]).with_timezone(ZONE)),
        (None, 9) => Arc::new(TimestampNanosecondArray::from(vec![value]).with_timezone(ZONE)),
        (None, _) => return Err(unsupported(&format!("a timestamp of precision {precision}"))),
    })
}

fn null(field: &Field<'_>) -> Result<ArrayRef> {
    let data_type = match PlanType::read(field.message("Type")?)? {
        PlanType::Other { .. } => DataType::Null,
        known => known.data_type(),
    };
    Ok(new_null_array(&data_type, 1))
}
