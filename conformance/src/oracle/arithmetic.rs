//! Arithmetic on two values of one type: exact or failing for integers and decimals, IEEE 754 for
//! floats.

use arrow::datatypes::DataType;
use athena_protocol::predicate::functions;

use super::{Cell, expression::Outcome};

/// Digits of the longest decimal.
const DIGITS: u32 = 38;

/// `left` and `right` by `function`, with a result of `data_type`; both are not null.
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
            decimals(function, (*left, *left_scale), (*right, *right_scale))
        }
        _ => Outcome::Unknown,
    }
}

/// The negative of a number.
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

/// An integer of the declared type, if it has room for it.
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

/// Sums, differences, products and remainders; how a quotient is rounded is left to others, but for
/// a division by zero.
fn decimals(
    function: &str,
    (left, left_scale): (i128, i8),
    (right, right_scale): (i128, i8),
) -> Outcome {
    let scale = left_scale.max(right_scale);
    let aligned = || {
        Some((digits_after(left, scale - left_scale)?, digits_after(right, scale - right_scale)?))
    };
    if matches!(function, functions::DIVIDE | functions::MODULUS) && right == 0 {
        return Outcome::Fails;
    }
    // A quotient that may leave the range may fail.
    let quotient =
        || digits_after(left, scale - left_scale + right_scale).filter(|digits| fits(*digits));
    let (digits, scale) = match function {
        functions::DIVIDE if quotient().is_some() => return Outcome::Unknown,
        functions::DIVIDE => (None, scale),
        functions::ADD => (aligned().and_then(|(left, right)| left.checked_add(right)), scale),
        functions::SUBTRACT => (aligned().and_then(|(left, right)| left.checked_sub(right)), scale),
        functions::MULTIPLY => (left.checked_mul(right), left_scale + right_scale),
        functions::MODULUS => (aligned().map(|(left, right)| left % right), scale),
        _ => return Outcome::Unknown,
    };
    match digits {
        Some(digits) if fits(digits) => Cell::Decimal(digits, scale).into(),
        // What does not fit here may be summed without overflow elsewhere, or not.
        _ => Outcome::Fails,
    }
}

fn digits_after(digits: i128, zeros: i8) -> Option<i128> {
    digits.checked_mul(10_i128.checked_pow(u32::try_from(zeros).ok()?)?)
}

fn fits(digits: i128) -> bool {
    digits.unsigned_abs() < 10_u128.pow(DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_fails() {
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
