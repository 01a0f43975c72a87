//! Keys of column values, and the position of a constant among them.
//!
//! Every scalar type maps to keys whose order is Trino's order of the values. A constant of another
//! type than the column lies exactly at a key or between two. Where Trino would round the column's
//! values to compare them, the constant has no position.

use arrow::{
    array::{Array, AsArray},
    datatypes::{
        ArrowPrimitiveType, DataType, Date32Type, Date64Type, Decimal128Type, Float32Type,
        Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, i256,
    },
};

use super::interval::{Interval, Key};

/// Position of a constant among the keys of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Position<K> {
    /// Before all keys.
    Before,
    /// At a key.
    At(K),
    /// After a key and before its successor.
    Beyond(K),
    /// After all keys.
    After,
}

/// End of an interval.
pub(super) struct Endpoint<K> {
    pub(super) position: Position<K>,
    /// Whether a key at the position is outside of the interval.
    pub(super) exclusive: bool,
}

impl<K: Key> Interval<K> {
    /// Creates the interval between two ends.
    pub(super) fn between(low: Endpoint<K>, high: Endpoint<K>) -> Self {
        let low = match low.position {
            Position::Before => Some(K::smallest()),
            Position::At(key) if !low.exclusive => Some(key),
            Position::At(key) | Position::Beyond(key) => key.successor(),
            Position::After => None,
        };
        let high = match high.position {
            Position::Before => return Self::empty(),
            Position::At(key) if high.exclusive => Some(key),
            Position::At(key) | Position::Beyond(key) => key.successor(),
            Position::After => None,
        };
        low.map_or_else(Self::empty, |low| Self { low, high })
    }

    fn empty() -> Self {
        Self { low: K::smallest(), high: Some(K::smallest()) }
    }
}

/// Number in a row of a constant.
#[derive(Debug, Clone, Copy)]
enum Number {
    /// `digits` / 10^`scale`.
    Decimal {
        digits: i128,
        scale: i8,
    },
    /// Single-precision float, widened.
    Single(f64),
    Double(f64),
}

/// Returns the key of a float: -0.0 and 0.0 share one, and NaN follows infinity.
#[inline]
pub(super) fn float_key(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits().cast_signed();
    // Negative floats order by descending bits: flip all but the sign.
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// Returns whether the row of a constant is NaN.
pub(super) fn is_nan(constant: &dyn Array, row: usize) -> bool {
    match number(constant, row) {
        Some(Number::Single(value) | Number::Double(value)) => value.is_nan(),
        Some(Number::Decimal { .. }) | None => false,
    }
}

/// Returns the position of a constant among the keys of a Boolean, integer, float, date or zoned
/// timestamp column, or `None` if comparing them would round.
///
/// The row must not be null.
pub(super) fn narrow_position(
    column: &DataType,
    constant: &dyn Array,
    row: usize,
) -> Option<Position<i64>> {
    let position = match column {
        DataType::Boolean => {
            let value = constant.as_boolean_opt()?.value(row);
            return Some(Position::At(i64::from(value)));
        }
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            match number(constant, row)? {
                Number::Decimal { digits, scale } => scaled(digits, scale, 0)?,
                // Trino compares integers with floats as floats, which is exact for integers that
                // the float can represent.
                Number::Single(value) if matches!(column, DataType::Int8 | DataType::Int16) => {
                    floor(value)
                }
                Number::Double(value) if *column != DataType::Int64 => floor(value),
                Number::Single(_) | Number::Double(_) => return None,
            }
        }
        DataType::Float32 | DataType::Float64 => {
            let value = float_value(column, number(constant, row)?)?;
            return Some(Position::At(float_key(if value.is_nan() { f64::NAN } else { value })));
        }
        DataType::Date32 => match constant.data_type() {
            DataType::Date32 => ratio(native::<Date32Type>(constant, row), 1, 1)?,
            DataType::Date64 => {
                ratio(native::<Date64Type>(constant, row), 1, MILLISECONDS_PER_DAY)?
            }
            _ => return None,
        },
        DataType::Date64 => match constant.data_type() {
            DataType::Date32 => {
                ratio(native::<Date32Type>(constant, row), MILLISECONDS_PER_DAY, 1)?
            }
            DataType::Date64 => ratio(native::<Date64Type>(constant, row), 1, 1)?,
            _ => return None,
        },
        DataType::Timestamp(unit, Some(_)) => {
            let (ticks, from_unit) = instant(constant, row)?;
            ratio(ticks, ticks_per_second(*unit), ticks_per_second(from_unit))?
        }
        _ => return None,
    };
    Some(match position {
        Position::Before => Position::Before,
        Position::After => Position::After,
        Position::At(key) => clamp(key, Position::At),
        Position::Beyond(key) => clamp(key, Position::Beyond),
    })
}

/// Returns the position of a constant among the keys of a decimal column, its unscaled values.
pub(super) fn wide_position(
    column: &DataType,
    constant: &dyn Array,
    row: usize,
) -> Option<Position<i128>> {
    let DataType::Decimal128(_, scale) = column else { return None };
    match number(constant, row)? {
        Number::Decimal { digits, scale: from } => scaled(digits, from, *scale),
        Number::Single(_) | Number::Double(_) => None,
    }
}

/// Returns the position of a constant among the keys of a column of the same string or binary type.
pub(super) fn bytes_position(
    column: &DataType,
    constant: &dyn Array,
    row: usize,
) -> Option<Position<Box<[u8]>>> {
    let bytes = match column {
        DataType::Utf8 => constant.as_string_opt::<i32>()?.value(row).as_bytes(),
        DataType::Binary => constant.as_binary_opt::<i32>()?.value(row),
        _ => return None,
    };
    Some(Position::At(bytes.into()))
}

const MILLISECONDS_PER_DAY: i128 = 24 * 60 * 60 * 1_000;

fn ticks_per_second(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

fn native<T: ArrowPrimitiveType>(constant: &dyn Array, row: usize) -> i128
where
    i128: From<T::Native>,
{
    i128::from(constant.as_primitive::<T>().value(row))
}

fn instant(constant: &dyn Array, row: usize) -> Option<(i128, TimeUnit)> {
    let DataType::Timestamp(unit, Some(_)) = constant.data_type() else { return None };
    let ticks = match unit {
        TimeUnit::Second => native::<TimestampSecondType>(constant, row),
        TimeUnit::Millisecond => native::<TimestampMillisecondType>(constant, row),
        TimeUnit::Microsecond => native::<TimestampMicrosecondType>(constant, row),
        TimeUnit::Nanosecond => native::<TimestampNanosecondType>(constant, row),
    };
    Some((ticks, *unit))
}

fn number(constant: &dyn Array, row: usize) -> Option<Number> {
    let whole = |digits| Number::Decimal { digits, scale: 0 };
    Some(match constant.data_type() {
        DataType::Int8 => whole(native::<Int8Type>(constant, row)),
        DataType::Int16 => whole(native::<Int16Type>(constant, row)),
        DataType::Int32 => whole(native::<Int32Type>(constant, row)),
        DataType::Int64 => whole(native::<Int64Type>(constant, row)),
        DataType::Decimal128(_, scale) => {
            Number::Decimal { digits: native::<Decimal128Type>(constant, row), scale: *scale }
        }
        DataType::Float32 => {
            Number::Single(f64::from(constant.as_primitive::<Float32Type>().value(row)))
        }
        DataType::Float64 => Number::Double(constant.as_primitive::<Float64Type>().value(row)),
        _ => return None,
    })
}

/// Returns the number as a value of a float column, widened to a double; `None` if it would be
/// rounded.
fn float_value(column: &DataType, number: Number) -> Option<f64> {
    // Integers up to this magnitude are values of the float type.
    let exact: i128 = if *column == DataType::Float32 { 1 << 24 } else { 1 << 53 };
    match number {
        Number::Single(value) | Number::Double(value) => Some(value),
        #[expect(clippy::cast_precision_loss, reason = "the integer is exactly a float")]
        Number::Decimal { digits, scale: 0 } if (-exact..=exact).contains(&digits) => {
            Some(digits as f64)
        }
        Number::Decimal { .. } => None,
    }
}

/// Returns the position of a float among the integers.
fn floor(value: f64) -> Position<i128> {
    const LIMIT: f64 = 1e30; // beyond any column, and safe to convert
    if value < -LIMIT {
        return Position::Before;
    }
    if value > LIMIT || value.is_nan() {
        return Position::After;
    }
    let whole = value.floor();
    #[expect(clippy::cast_possible_truncation, reason = "an integer within the limit")]
    let key = whole as i128;
    if (value - whole).abs() > 0.0 { Position::Beyond(key) } else { Position::At(key) }
}

/// Returns the position of `digits` at scale `from` among the unscaled values at scale `to`.
fn scaled(digits: i128, from: i8, to: i8) -> Option<Position<i128>> {
    let shift = i16::from(to) - i16::from(from);
    let factor = 10_i128.checked_pow(u32::from(shift.unsigned_abs()))?;
    if shift >= 0 { ratio(digits, factor, 1) } else { ratio(digits, 1, factor) }
}

/// Returns the position of `value * multiplier / divisor` among the integers.
fn ratio(value: i128, multiplier: i128, divisor: i128) -> Option<Position<i128>> {
    let product = i256::from_i128(value).checked_mul(i256::from_i128(multiplier))?;
    let divisor = i256::from_i128(divisor);
    let quotient = product.checked_div(divisor)?;
    let remainder = product.checked_rem(divisor)?;
    let exact = remainder == i256::ZERO;
    // Division truncates towards zero.
    let floor =
        if !exact && product.is_negative() { quotient.checked_sub(i256::ONE)? } else { quotient };
    Some(match floor.to_i128() {
        Some(key) if exact => Position::At(key),
        Some(key) => Position::Beyond(key),
        None if floor.is_negative() => Position::Before,
        None => Position::After,
    })
}

fn clamp(key: i128, position: fn(i64) -> Position<i64>) -> Position<i64> {
    match i64::try_from(key) {
        Ok(key) => position(key),
        Err(_) if key < 0 => Position::Before,
        Err(_) => Position::After,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Date64Array, Decimal128Array, Float64Array, Int64Array};

    use super::*;

    #[test]
    fn float_keys_order_like_floats() {
        let ordered = [
            f64::NEG_INFINITY,
            f64::MIN,
            -1.0,
            -f64::MIN_POSITIVE,
            0.0,
            5e-324,
            1.0,
            f64::MAX,
            f64::INFINITY,
        ];
        assert!(ordered.windows(2).all(|pair| float_key(pair[0]) < float_key(pair[1])));
        assert_eq!(float_key(-0.0), float_key(0.0));
    }

    #[test]
    fn a_finer_decimal_lies_between_two_keys() {
        let cents: ArrayRef = Arc::new(
            Decimal128Array::from(vec![150, -150, 200])
                .with_precision_and_scale(10, 2)
                .expect("a decimal"),
        );
        let positions: Vec<_> =
            (0..3).map(|row| narrow_position(&DataType::Int32, &cents, row)).collect();
        assert_eq!(
            positions,
            [Some(Position::Beyond(1)), Some(Position::Beyond(-2)), Some(Position::At(2))]
        );
        let column = DataType::Decimal128(38, 37);
        assert_eq!(
            wide_position(&column, &cents, 2),
            Some(Position::At(20_000_000_000_000_000_000_000_000_000_000_000_000))
        );
        let huge = Decimal128Array::from(vec![-(10_i128.pow(37))])
            .with_precision_and_scale(38, 0)
            .expect("a decimal");
        assert_eq!(wide_position(&column, &huge, 0), Some(Position::Before));
    }

    #[test]
    fn a_timestamp_lies_within_its_day() {
        let constant = Date64Array::from(vec![-1, 0, 86_400_001]);
        let positions: Vec<_> =
            (0..3).map(|row| narrow_position(&DataType::Date32, &constant, row)).collect();
        assert_eq!(
            positions,
            [Some(Position::Beyond(-1)), Some(Position::At(0)), Some(Position::Beyond(1))]
        );
    }

    #[test]
    fn constants_that_trino_would_round_have_no_position() {
        assert_eq!(narrow_position(&DataType::Int64, &Float64Array::from(vec![1.0]), 0), None);
        assert_eq!(
            narrow_position(&DataType::Int32, &Float64Array::from(vec![1.5]), 0),
            Some(Position::Beyond(1))
        );
        assert_eq!(
            narrow_position(&DataType::Float64, &Int64Array::from(vec![(1 << 53) + 1]), 0),
            None
        );
        assert_eq!(
            narrow_position(&DataType::Int8, &Int64Array::from(vec![i64::MAX]), 0),
            Some(Position::At(i64::MAX))
        );
        assert_eq!(
            wide_position(&DataType::Decimal128(5, 2), &Float64Array::from(vec![1.0]), 0),
            None
        );
    }
}
