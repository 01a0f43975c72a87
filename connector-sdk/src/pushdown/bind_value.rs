//! Constants of a predicate as values of Rust, for a driver to bind.

use arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{
        DataType, Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
        Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMillisecondType,
    },
};
use athena_protocol::timestamp_tz;

/// One constant, never null.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum BindValue {
    /// Truth value.
    Boolean(bool),
    /// Integer of any width.
    Integer(i64),
    /// Floating-point number, never NaN.
    Double(f64),
    /// `digits` divided by ten to the power of `scale`.
    Decimal {
        /// All digits.
        digits: i128,
        /// How many of them stand after the point.
        scale: i8,
    },
    /// Text.
    Text(String),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970-01-01T00:00:00, without a zone.
    Timestamp(i64),
    /// Milliseconds since 1970-01-01T00:00:00 UTC: an instant, whatever its zone.
    Instant(i64),
}

impl BindValue {
    /// The value of a row; `None` for null, for NaN and for types that have no literal.
    pub(super) fn of(values: &ArrayRef, row: usize) -> Option<Self> {
        if values.is_null(row) {
            return None;
        }
        Some(match values.data_type() {
            DataType::Boolean => Self::Boolean(values.as_boolean().value(row)),
            DataType::Int8 => Self::Integer(values.as_primitive::<Int8Type>().value(row).into()),
            DataType::Int16 => Self::Integer(values.as_primitive::<Int16Type>().value(row).into()),
            DataType::Int32 => Self::Integer(values.as_primitive::<Int32Type>().value(row).into()),
            DataType::Int64 => Self::Integer(values.as_primitive::<Int64Type>().value(row)),
            DataType::Float32 => {
                Self::double(values.as_primitive::<Float32Type>().value(row).into())?
            }
            DataType::Float64 => Self::double(values.as_primitive::<Float64Type>().value(row))?,
            DataType::Decimal128(_, scale) => Self::Decimal {
                digits: values.as_primitive::<Decimal128Type>().value(row),
                scale: *scale,
            },
            DataType::Utf8 => Self::Text(values.as_string::<i32>().value(row).to_owned()),
            DataType::Date32 => Self::Date(values.as_primitive::<Date32Type>().value(row)),
            DataType::Date64 => Self::Timestamp(values.as_primitive::<Date64Type>().value(row)),
            DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => Self::Instant(
                timestamp_tz::unpack(values.as_primitive::<TimestampMillisecondType>().value(row))
                    .0,
            ),
            _ => return None,
        })
    }

    fn double(value: f64) -> Option<Self> {
        (!value.is_nan()).then_some(Self::Double(value))
    }

    /// The literal of a key of a column of this type.
    pub(super) fn of_key(key: i64, data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Date32 => Self::Date(i32::try_from(key).ok()?),
            DataType::Date64 => Self::Timestamp(key),
            DataType::Timestamp(_, _) => Self::Instant(key),
            _ => Self::Integer(key),
        })
    }
}
