//! Arithmetic on two values of one type: integers and decimals are exact or fail, floats follow
//! IEEE 754.

use arrow::datatypes::DataType;
use athena_protocol::predicate::functions;

use super::{Cell, outcome::Outcome};

/// Maximum precision of a decimal.
const MAX_PRECISION: u32 = 38;

/// Applies `function` to two values that are not null, with a result of `data_type`.
pub(super) fn apply(function: &str, left: &Cell, right: &Cell, data_type: &DataType) -> Outcome {
    match (left, right) {
        (Cell::Int(left), Cell::Int(right)) => {
            integers(function, (*left).into(), (*right).into(), data_type)
        }
        (Cell::Single(left), Cell::Single(right)) => match function {
            functions::ADD => Cell::Single(left + right),
            functions::SUBTRACT => Cell::Single(left - right),
            functions::MULTIPLY => Cell::Single(left * right),
            functions::DIVIDE => Cell::Single(left / right),
            functions::MODULUS => Cell::Single(left % right),
            _ => return Outcome::Unknown,
        }
        .into(),
        (Cell::Double(left), Cell::Double(right)) => match function {
            functions::ADD => Cell::Double(left + right),
            functions::SUBTRACT => Cell::Double(left - right),
            functions::MULTIPLY => Cell::Double(left * right),
            functions::DIVIDE => Cell::Double(left / right),
            functions::MODULUS => Cell::Double(left % right),
            _ => return Outcome::Unknown,
        }
        .into(),
        (Cell::Decimal(left, left_scale), Cell::Decimal(right, right_scale)) => {
            let left = Decimal { digits: *left, scale: *left_scale };
            let right = Decimal { digits: *right, scale: *right_scale };
            decimals(function, left, right)
        }
        _ => Outcome::Unknown,
    }
}

/// Negates a number.
pub(super) fn negative(cell: &Cell, data_type: &DataType) -> Outcome {
    match cell {
        Cell::Int(value) => whole(-i128::from(*value), data_type),
        Cell::Single(value) => Cell::Single(-value).into(),
        Cell::Double(value) => Cell::Double(-value).into(),
        Cell::Decimal(digits, scale) => Cell::Decimal(-digits, *scale).into(),
        _ => Outcome::Unknown,
    }
}

fn integers(function: &str, left: i128, right: i128, data_type: &DataType) -> Outcome {
    match function {
        functions::ADD => whole(left + right, data_type),
        functions::SUBTRACT => whole(left - right, data_type),
        functions::MULTIPLY => whole(left * right, data_type),
        functions::DIVIDE | functions::MODULUS if right == 0 => Outcome::Fails,
        functions::DIVIDE => whole(left / right, data_type),
        functions::MODULUS => whole(left % right, data_type),
        _ => Outcome::Unknown,
    }
}

/// Returns an integer of the declared type, or a failure if it overflows.
fn whole(value: i128, data_type: &DataType) -> Outcome {
    let fits = match data_type {
        DataType::Int8 => i8::try_from(value).is_ok(),
        DataType::Int16 => i16::try_from(value).is_ok(),
        DataType::Int32 => i32::try_from(value).is_ok(),
        DataType::Int64 => true,
        _ => return Outcome::Unknown,
    };
    match i64::try_from(value) {
        Ok(value) if fits => Cell::Int(value).into(),
        _ => Outcome::Fails,
    }
}

#[derive(Debug, Clone, Copy)]
struct Decimal {
    digits: i128,
    scale: i8,
}

/// Adds, subtracts, multiplies, or takes the remainder. The rounding of a quotient is not
/// specified, so that only its failures are known.
fn decimals(function: &str, left: Decimal, right: Decimal) -> Outcome {
    let scale = left.scale.max(right.scale);
    let aligned = || {
        let left_digits = append_zeros(left.digits, scale - left.scale)?;
        let right_digits = append_zeros(right.digits, scale - right.scale)?;
        Some((left_digits, right_digits))
    };
    if matches!(function, functions::DIVIDE | functions::MODULUS) && right.digits == 0 {
        return Outcome::Fails;
    }
    let (digits, scale) = match function {
        functions::DIVIDE => {
            // A quotient that may exceed the maximum precision may fail.
            let dividend = append_zeros(left.digits, scale - left.scale + right.scale);
            if dividend.is_some_and(fits) {
                return Outcome::Unknown;
            }
            (None, scale)
        }
        functions::ADD => (aligned().and_then(|(left, right)| left.checked_add(right)), scale),
        functions::SUBTRACT => (aligned().and_then(|(left, right)| left.checked_sub(right)), scale),
        functions::MULTIPLY => (left.digits.checked_mul(right.digits), left.scale + right.scale),
        functions::MODULUS => (aligned().map(|(left, right)| left % right), scale),
        _ => return Outcome::Unknown,
    };
    match digits {
        Some(digits) if fits(digits) => Cell::Decimal(digits, scale).into(),
        // Another evaluator may compute in a wider type and not overflow.
        _ => Outcome::Fails,
    }
}

fn append_zeros(digits: i128, zeros: i8) -> Option<i128> {
    digits.checked_mul(10_i128.checked_pow(u32::try_from(zeros).ok()?)?)
}

fn fits(digits: i128) -> bool {
    digits.unsigned_abs() < 10_u128.pow(MAX_PRECISION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_out_of_range_fail() {
        let int = |function, left, right| {
            apply(function, &Cell::Int(left), &Cell::Int(right), &DataType::Int32)
        };
        assert_eq!(int(functions::ADD, 2_147_483_647, 1), Outcome::Fails);
        assert_eq!(int(functions::DIVIDE, 1, 0), Outcome::Fails);
        assert_eq!(int(functions::DIVIDE, -7, 2), Cell::Int(-3).into());
        assert_eq!(int(functions::MODULUS, -7, 2), Cell::Int(-1).into());
        assert_eq!(negative(&Cell::Int(-128), &DataType::Int8), Outcome::Fails);
        let product = apply(
            functions::MULTIPLY,
            &Cell::Decimal(150, 2),
            &Cell::Decimal(2, 0),
            &DataType::Null,
        );
        assert_eq!(product, Cell::Decimal(300, 2).into());
        let decimal = |function, left, right| {
            apply(function, &Cell::Decimal(left, 2), &Cell::Decimal(right, 1), &DataType::Null)
        };
        assert_eq!(decimal(functions::MODULUS, -725, 25), Cell::Decimal(-225, 2).into());
        assert_eq!(decimal(functions::DIVIDE, 725, 0), Outcome::Fails);
        assert_eq!(decimal(functions::DIVIDE, 725, 25), Outcome::Unknown);
        assert_eq!(decimal(functions::DIVIDE, 10_i128.pow(37), 1), Outcome::Fails);
        let infinite =
            apply(functions::DIVIDE, &Cell::Double(1.0), &Cell::Double(0.0), &DataType::Float64);
        assert_eq!(infinite, Cell::Double(f64::INFINITY).into());
    }
}
