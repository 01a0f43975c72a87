//! Constants of a plan, as constants of the wire.

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
    protobuf::{Field, Message, damaged, refused},
    types::{PlanType, decimal_type},
};
use crate::Result;

/// The one value of a `Literal` message.
pub(super) fn read(message: Message<'_>) -> Result<ArrayRef> {
    let mut found = None;
    for field in message.fields() {
        let field = field?;
        match field.number {
            50 => {} // whether its type is nullable
            51 if field.number()? == 0 => {}
            51 => return Err(refused("a type variation")),
            _ => found = Some(value(&field)?),
        }
    }
    found.ok_or_else(|| damaged("a literal without a value"))
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
        number => return Err(refused(&format!("a literal of type {}", name(number)))),
    })
}

/// What the literals are called that no column can be compared with.
fn name(number: u32) -> String {
    match number {
        17 | 37 => "time".to_owned(),
        19 | 20 | 36 => "interval".to_owned(),
        21 => "fixed_char".to_owned(), // spaces at its end do not count
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
            2 => {} // how long it might be
            _ => return field.refuse(),
        }
    }
    Ok(value)
}

fn decimal(field: &Field<'_>) -> Result<ArrayRef> {
    let (mut value, mut precision, mut scale) = (None, 0, 0);
    for field in field.message("Literal.Decimal")?.fields() {
        let field = field?;
        match field.number {
            1 => value = field.bytes()?.try_into().ok().map(i128::from_le_bytes),
            2 => precision = field.narrow::<u8>()?,
            3 => scale = field.narrow::<i8>()?,
            _ => return field.refuse(),
        }
    }
    let value = value.ok_or_else(|| damaged("a decimal of other than 16 bytes"))?;
    let data_type = decimal_type(precision, scale)?;
    if value.unsigned_abs() >= 10_u128.pow(u32::from(precision)) {
        return Err(damaged(format!("a decimal of more than its {precision} digits")));
    }
    Ok(Arc::new(Decimal128Array::from(vec![value]).with_data_type(data_type)))
}

fn precision_and_value(field: &Field<'_>) -> Result<(u32, i64)> {
    let (mut precision, mut value) = (0, 0);
    for field in field.message("Literal.PrecisionTimestamp")?.fields() {
        let field = field?;
        match field.number {
            1 => precision = field.narrow::<u32>()?,
            2 => value = field.number()?,
            _ => return field.refuse(),
        }
    }
    Ok((precision, value))
}

/// A number of units of ten to the minus `precision` seconds in milliseconds; `None` if it is not a
/// whole number of them.
fn milliseconds(value: i64, precision: u32) -> Option<i64> {
    if precision <= 3 {
        return value.checked_mul(10_i64.pow(3 - precision));
    }
    let units = 10_i64.checked_pow(precision - 3)?;
    (value % units == 0).then_some(value / units)
}

/// Columns without a zone count milliseconds, so that a finer constant has no place among them.
fn local_time(value: i64, precision: u32) -> Result<ArrayRef> {
    let millis = milliseconds(value, precision)
        .ok_or_else(|| refused("a timestamp finer than a millisecond"))?;
    Ok(Arc::new(Date64Array::from(vec![millis])))
}

/// As instants travel: milliseconds packed with their zone, and finer ones plain.
fn instant(value: i64, precision: u32) -> Result<ArrayRef> {
    const ZONE: &str = "UTC";
    Ok(match (milliseconds(value, precision), precision) {
        (Some(millis), _) => {
            let packed = pack(millis, TimeZoneKey::UTC)?;
            Arc::new(TimestampMillisecondArray::from(vec![packed]).with_timezone(ZONE))
        }
        (None, 6) => Arc::new(TimestampMicrosecondArray::from(vec![value]).with_timezone(ZONE)),
        (None, 9) => Arc::new(TimestampNanosecondArray::from(vec![value]).with_timezone(ZONE)),
        (None, _) => return Err(refused(&format!("a timestamp of precision {precision}"))),
    })
}

fn null(field: &Field<'_>) -> Result<ArrayRef> {
    let data_type = match PlanType::read(field.message("Type")?)? {
        PlanType::Other { .. } => DataType::Null,
        known => known.data_type(),
    };
    Ok(new_null_array(&data_type, 1))
}
