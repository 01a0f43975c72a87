//! Constants of a predicate as Rust values, for a database driver to bind.

use arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{
        DataType, Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
        Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMillisecondType,
    },
};
use athena_protocol::timestamp_tz;

/// Value of a statement parameter, never null.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum BindValue {
    /// `BOOLEAN`.
    Boolean(bool),
    /// `TINYINT`, `SMALLINT`, `INTEGER` or `BIGINT`.
    Integer(i64),
    /// `REAL` or `DOUBLE`, never NaN.
    Double(f64),
    /// `DECIMAL`: `digits` / 10^`scale`.
    Decimal {
        /// Unscaled value.
        digits: i128,
        /// Number of digits after the decimal point.
        scale: i8,
    },
    /// `VARCHAR`.
    Text(String),
    /// `DATE`, in days since 1970-01-01.
    Date(i32),
    /// `TIMESTAMP`, in milliseconds since 1970-01-01T00:00:00 local time.
    Timestamp(i64),
    /// `TIMESTAMP WITH TIME ZONE`, in milliseconds since 1970-01-01T00:00:00 UTC. The zone is
    /// dropped, because it does not take part in comparisons.
    Instant(i64),
}

impl BindValue {
    /// Returns the value of a row, or `None` for null, NaN and types without a bind value.
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

    /// Returns the value of a key of a column of type `data_type`.
    pub(super) fn of_key(key: i64, data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Date32 => Self::Date(i32::try_from(key).ok()?),
            DataType::Date64 => Self::Timestamp(key),
            DataType::Timestamp(_, _) => Self::Instant(key),
            _ => Self::Integer(key),
        })
    }
}
