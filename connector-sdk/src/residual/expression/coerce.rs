//! Common types that represent both arguments exactly.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, new_null_array},
    datatypes::{
        DECIMAL128_MAX_PRECISION, DataType,
        DataType::{
            Date32, Date64, Decimal128, Decimal256, Float32, Float64, Int8, Int16, Int32, Int64,
            Null, Timestamp,
        },
        Float64Type,
    },
};

use super::super::key::{Position, narrow_position, wide_position};
use crate::wire_type::cast_values;

/// Returns the type that holds all values of both, or `None` if there is none or Trino would
/// compare rounded values.
pub(super) fn common_type(left: &DataType, right: &DataType) -> Option<DataType> {
    Some(match (left, right) {
        _ if left == right => left.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (Timestamp(unit, Some(_)), Timestamp(other, Some(_))) if unit == other => left.clone(),
        (Date32, Date64) | (Date64, Date32) => Date64,
        (Float32, Int8 | Int16) | (Int8 | Int16, Float32) => Float32,
        (Float64, Int8 | Int16 | Int32 | Float32) | (Int8 | Int16 | Int32 | Float32, Float64) => {
            Float64
        }
        _ => {
            if let Some(bits) =
                integer_width(left).zip(integer_width(right)).map(|(left, right)| left.max(right))
            {
                return integer_of_width(bits);
            }
            let (left_precision, left_scale) = digits(left)?;
            let (right_precision, right_scale) = digits(right)?;
            let scale = left_scale.max(right_scale);
            let whole = |precision: u8, scale: i8| i16::from(precision) - i16::from(scale);
            let precision = whole(left_precision, left_scale)
                .max(whole(right_precision, right_scale))
                + i16::from(scale);
            let precision = u8::try_from(precision).ok()?;
            // At most 38 digits on either side of the decimal point, which 256 bits hold.
            if precision <= DECIMAL128_MAX_PRECISION {
                Decimal128(precision, scale)
            } else {
                Decimal256(precision, scale)
            }
        }
    })
}

/// Returns whether values of the type have an order.
pub(super) fn is_comparable(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Boolean
            | Date32
            | Date64
            | DataType::Utf8
            | DataType::Binary
            | Decimal256(_, _)
            | Timestamp(_, Some(_))
    ) || is_number(data_type)
        || *data_type == Null
}

/// Returns whether the type supports arithmetic.
pub(super) fn is_number(data_type: &DataType) -> bool {
    matches!(data_type, Int8 | Int16 | Int32 | Int64 | Float32 | Float64 | Decimal128(_, _))
}

/// Returns the number of bits of an integer type.
pub(super) fn integer_width(data_type: &DataType) -> Option<u8> {
    match data_type {
        Int8 => Some(8),
        Int16 => Some(16),
        Int32 => Some(32),
        Int64 => Some(64),
        _ => None,
    }
}

fn integer_of_width(bits: u8) -> Option<DataType> {
    [Int8, Int16, Int32, Int64].into_iter().find(|data_type| integer_width(data_type) == Some(bits))
}

/// Returns precision and scale of the decimal that holds all values of an integer or decimal type.
pub(super) fn digits(data_type: &DataType) -> Option<(u8, i8)> {
    match data_type {
        Int8 => Some((3, 0)),
        Int16 => Some((5, 0)),
        Int32 => Some((10, 0)),
        Int64 => Some((19, 0)),
        Decimal128(precision, scale) => Some((*precision, *scale)),
        _ => None,
    }
}

/// Converts a one-row constant to type `to`; `None` unless the value is exactly one of that type.
pub(super) fn exact_cast(constant: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    if constant.data_type() == to {
        return Some(Arc::clone(constant));
    }
    if constant.is_null(0) || *constant.data_type() == Null {
        return Some(new_null_array(to, 1));
    }
    let exact = match to {
        Decimal128(_, _) => matches!(wide_position(to, constant, 0), Some(Position::At(_))),
        Float32 if *constant.data_type() == Float64 => {
            is_single(constant.as_primitive::<Float64Type>().value(0))
        }
        _ => matches!(narrow_position(to, constant, 0), Some(Position::At(_))),
    };
    if exact { cast_values(constant, to) } else { None }
}

fn is_single(value: f64) -> bool {
    #[expect(clippy::cast_possible_truncation, reason = "the loss is checked")]
    let single = f64::from(value as f32);
    value.is_nan() || single.to_bits() == value.to_bits()
}
