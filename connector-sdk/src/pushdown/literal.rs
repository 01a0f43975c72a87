//! Constants of a predicate as Rust values: bind parameters, keys, parameters of a request.

use std::{cmp::Ordering, fmt};

use arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{
        DataType, Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
        Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMillisecondType,
    },
};
use athena_protocol::timestamp_tz;

/// Constant of a predicate, never null, in the type of its column.
///
/// [`Display`](fmt::Display) writes what most sources read: numbers and texts as they are, dates
/// and times as in ISO 8601, instants in UTC with a final `Z`. It is data of the query, so it
/// belongs into a request to the source, never into an error or a log.
///
/// ```
/// use athena_connector_sdk::Literal;
///
/// assert_eq!(Literal::Decimal { digits: -1_205, scale: 2 }.to_string(), "-12.05");
/// assert_eq!(Literal::Date(19_782).to_string(), "2024-02-29");
/// assert_eq!(Literal::Instant(1_709_209_800_500).to_string(), "2024-02-29T12:30:00.500Z");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Literal {
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

impl Literal {
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

    /// Compares values of the same column; `None` for values of different types.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Boolean(left), Self::Boolean(right)) => Some(left.cmp(right)),
            (Self::Double(left), Self::Double(right)) => left.partial_cmp(right),
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            (Self::Date(left), Self::Date(right)) => Some(left.cmp(right)),
            (Self::Integer(left), Self::Integer(right))
            | (Self::Timestamp(left), Self::Timestamp(right))
            | (Self::Instant(left), Self::Instant(right)) => Some(left.cmp(right)),
            (
                Self::Decimal { digits: left, scale },
                Self::Decimal { digits: right, scale: other },
            ) if scale == other => Some(left.cmp(right)),
            _ => None,
        }
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

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Double(value) => value.fmt(f),
            Self::Decimal { digits, scale } => write_decimal(*digits, *scale, f),
            Self::Text(value) => f.write_str(value),
            Self::Date(days) => write_date((*days).into(), f),
            Self::Timestamp(milliseconds) => write_timestamp(*milliseconds, f),
            Self::Instant(milliseconds) => {
                write_timestamp(*milliseconds, f)?;
                f.write_str("Z")
            }
        }
    }
}

fn write_decimal(digits: i128, scale: i8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let places = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        return write!(f, "{digits}{}", "0".repeat(if digits == 0 { 0 } else { places }));
    }
    let sign = if digits < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", digits.unsigned_abs(), width = places + 1);
    let (whole, fraction) = text.split_at(text.len() - places);
    write!(f, "{sign}{whole}.{fraction}")
}

/// Writes a date of the proleptic Gregorian calendar, by its number of days since 1970-01-01.
fn write_date(days: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // Years begin in March, so that the leap day is the last one; eras have 400 years.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let sign = if year < 0 { "-" } else { "" };
    write!(f, "{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs())
}

fn write_timestamp(milliseconds: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DAY: i64 = 86_400_000;
    write_date(milliseconds.div_euclid(DAY), f)?;
    let of_day = milliseconds.rem_euclid(DAY);
    let (seconds, fraction) = (of_day / 1_000, of_day % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    write!(f, "T{hours:02}:{minutes:02}:{seconds:02}")?;
    if fraction > 0 { write!(f, ".{fraction:03}") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use arrow::array::Date64Array;

    use super::*;

    #[test]
    fn dates_and_times_are_written_as_arrow_writes_them() {
        let step = 86_400_000 * 97 + 12_345_678;
        for milliseconds in (-70_000_000_000_000..100_000_000_000_000).step_by(step) {
            let array = Date64Array::from(vec![milliseconds]);
            let expected = arrow::util::display::array_value_to_string(&array, 0).unwrap();
            let literal = Literal::Timestamp(milliseconds).to_string();
            assert_eq!(literal, expected.trim_start_matches('+'), "{milliseconds}");
        }
        assert_eq!(Literal::Instant(-1).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Literal::Date(-719_528).to_string(), "0000-01-01");
    }

    #[test]
    fn decimals_have_as_many_places_as_their_scale() {
        for (digits, scale, text) in [
            (0, 2, "0.00"),
            (5, 3, "0.005"),
            (-5, 1, "-0.5"),
            (12_345, 0, "12345"),
            (12, -2, "1200"),
            (i128::MIN, 38, "-1.70141183460469231731687303715884105728"),
        ] {
            assert_eq!(Literal::Decimal { digits, scale }.to_string(), text);
        }
    }
}
