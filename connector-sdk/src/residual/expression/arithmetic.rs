//! Arithmetic with Trino's semantics: integers and decimals are exact or fail, floats never fail.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray},
    buffer::{BooleanBuffer, NullBuffer},
    datatypes::{
        ArrowNativeTypeOp, DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Float32Type,
        Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, i256,
    },
};
use athena_protocol::predicate::functions;

use super::vector::{FailedRows, Failure, Vector, either_failed, either_null, shape};
use crate::{Error, Result};

/// Binary arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulus,
}

/// Scales of two decimal operands and of the result.
#[derive(Debug, Clone, Copy)]
struct Scales {
    left: i8,
    right: i8,
    result: i8,
}

/// Applies an operator to two integers of one type; `None` where Trino fails.
macro_rules! checked {
    ($operation:expr, $left:expr, $right:expr) => {
        match $operation {
            Operation::Add => $left.checked_add($right),
            Operation::Subtract => $left.checked_sub($right),
            Operation::Multiply => $left.checked_mul($right),
            Operation::Divide => $left.checked_div($right),
            // The remainder of the smallest number by -1 is 0, not an overflow.
            Operation::Modulus => ($right != 0).then(|| $left.wrapping_rem($right)),
        }
    };
}

impl Operation {
    /// Returns the operator of a function, or `None` if it is not arithmetic.
    pub(super) fn of_function(function: &str) -> Option<Self> {
        Some(match function {
            functions::ADD => Self::Add,
            functions::SUBTRACT => Self::Subtract,
            functions::MULTIPLY => Self::Multiply,
            functions::DIVIDE => Self::Divide,
            functions::MODULUS => Self::Modulus,
            _ => return None,
        })
    }

    /// Returns the name of the function.
    pub(super) fn function(self) -> &'static str {
        match self {
            Self::Add => functions::ADD,
            Self::Subtract => functions::SUBTRACT,
            Self::Multiply => functions::MULTIPLY,
            Self::Divide => functions::DIVIDE,
            Self::Modulus => functions::MODULUS,
        }
    }

    /// Returns the scale of the result for two decimals, or `None` if it exceeds the maximum of the
    /// type.
    pub(super) fn decimal_scale(self, left: i8, right: i8) -> Option<i8> {
        let scale = match self {
            Self::Add | Self::Subtract | Self::Divide | Self::Modulus => left.max(right),
            Self::Multiply => left.checked_add(right)?,
        };
        (scale.unsigned_abs() <= DECIMAL128_MAX_PRECISION).then_some(scale)
    }

    /// Computes `result` from two vectors of that type, or a decimal from two decimals.
    pub(super) fn apply(
        self,
        [left, right]: [&Vector; 2],
        rows: usize,
        result: &DataType,
        failure: &Arc<Failure>,
    ) -> Result<Vector> {
        let pair = Pair { left, right, rows, result, failure };
        Ok(match (result, left.values.data_type(), right.values.data_type()) {
            (DataType::Int8, ..) => pair.map::<Int8Type>(|l, r| checked!(self, l, r)),
            (DataType::Int16, ..) => pair.map::<Int16Type>(|l, r| checked!(self, l, r)),
            (DataType::Int32, ..) => pair.map::<Int32Type>(|l, r| checked!(self, l, r)),
            (DataType::Int64, ..) => pair.map::<Int64Type>(|l, r| checked!(self, l, r)),
            (DataType::Float32, ..) => pair.map::<Float32Type>(|l, r| Some(self.float(l, r))),
            (DataType::Float64, ..) => pair.map::<Float64Type>(|l, r| Some(self.float(l, r))),
            (
                DataType::Decimal128(_, scale),
                DataType::Decimal128(_, left_scale),
                DataType::Decimal128(_, right_scale),
            ) => {
                let scales = Scales { left: *left_scale, right: *right_scale, result: *scale };
                pair.map::<Decimal128Type>(|l, r| self.decimal(l, r, scales))
            }
            _ => {
                return Err(Error::internal(format!(
                    "{} was compiled for unsupported types",
                    self.function()
                )));
            }
        })
    }

    #[inline]
    fn float<N: ArrowNativeTypeOp>(self, left: N, right: N) -> N {
        match self {
            Self::Add => left.add_wrapping(right),
            Self::Subtract => left.sub_wrapping(right),
            Self::Multiply => left.mul_wrapping(right),
            Self::Divide => left.div_wrapping(right),
            Self::Modulus => left.mod_wrapping(right),
        }
    }

    /// Computes in 256 bits, which hold 38 digits times 10^38.
    fn decimal(self, left: i128, right: i128, scales: Scales) -> Option<i128> {
        let left = i256::from_i128(left);
        let right = i256::from_i128(right);
        let shifted = |digits: i256, by: i16| digits.checked_mul(power_of_ten(by)?);
        let to_left = i16::from(scales.result) - i16::from(scales.left);
        let to_right = i16::from(scales.result) - i16::from(scales.right);
        let digits = match self {
            Self::Add => shifted(left, to_left)?.checked_add(shifted(right, to_right)?)?,
            Self::Subtract => shifted(left, to_left)?.checked_sub(shifted(right, to_right)?)?,
            Self::Multiply => left.checked_mul(right)?,
            Self::Divide => {
                divide_half_up(shifted(left, to_left + i16::from(scales.right))?, right)?
            }
            Self::Modulus => shifted(left, to_left)?.checked_rem(shifted(right, to_right)?)?,
        };
        let limit = 10_i128.pow(u32::from(DECIMAL128_MAX_PRECISION));
        digits.to_i128().filter(|digits| -limit < *digits && *digits < limit)
    }
}

/// Negates each number, and fails on the smallest integer.
pub(super) fn negate(value: &Vector, failure: &Arc<Failure>) -> Result<Vector> {
    let data_type = value.values.data_type();
    let rows = value.values.len();
    let pair = Pair { left: value, right: value, rows, result: data_type, failure };
    Ok(match data_type {
        DataType::Int8 => pair.map::<Int8Type>(|value, _| value.checked_neg()),
        DataType::Int16 => pair.map::<Int16Type>(|value, _| value.checked_neg()),
        DataType::Int32 => pair.map::<Int32Type>(|value, _| value.checked_neg()),
        DataType::Int64 => pair.map::<Int64Type>(|value, _| value.checked_neg()),
        DataType::Float32 => pair.map::<Float32Type>(|value, _| Some(-value)),
        DataType::Float64 => pair.map::<Float64Type>(|value, _| Some(-value)),
        DataType::Decimal128(_, _) => pair.map::<Decimal128Type>(|value, _| value.checked_neg()),
        _ => {
            return Err(Error::internal(format!(
                "{} was compiled for {data_type}",
                functions::NEGATE
            )));
        }
    })
}

fn power_of_ten(exponent: i16) -> Option<i256> {
    i256::from_i128(10).checked_pow(u32::try_from(exponent).ok()?)
}

/// Returns the quotient, rounded half away from zero.
fn divide_half_up(dividend: i256, divisor: i256) -> Option<i256> {
    let quotient = dividend.checked_div(divisor)?;
    let remainder = dividend.checked_rem(divisor)?;
    let twice = remainder.checked_abs()?.checked_mul(i256::from_i128(2))?;
    if twice < divisor.checked_abs()? {
        return Some(quotient);
    }
    let away =
        if dividend.is_negative() == divisor.is_negative() { i256::ONE } else { i256::MINUS_ONE };
    quotient.checked_add(away)
}

/// Operands and result of a binary operator.
struct Pair<'a> {
    left: &'a Vector,
    right: &'a Vector,
    rows: usize,
    result: &'a DataType,
    failure: &'a Arc<Failure>,
}

impl Pair<'_> {
    /// Applies `operation` to every pair of non-null values; `None` fails that row.
    fn map<T: ArrowPrimitiveType>(
        &self,
        operation: impl Fn(T::Native, T::Native) -> Option<T::Native>,
    ) -> Vector {
        let left = self.left;
        let right = self.right;
        let (len, constant) = shape(left, right, self.rows);
        let nulls = either_null(left, right, len);
        let l: &[T::Native] = left.values.as_primitive::<T>().values();
        let r: &[T::Native] = right.values.as_primitive::<T>().values();
        let mut values = vec![T::Native::default(); len];
        let mut any_failed = false;
        let succeeded = BooleanBuffer::collect_bool(len, |row| {
            match operation(l[left.index(row)], r[right.index(row)]) {
                Some(value) => {
                    values[row] = value;
                    true
                }
                // The value under a null is not an operand, and cannot fail.
                None if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) => true,
                None => {
                    any_failed = true;
                    false
                }
            }
        });
        let mut failed = either_failed(left.failed(len), right.failed(len));
        let mut valid = nulls;
        if any_failed {
            valid = NullBuffer::union(valid.as_ref(), Some(&NullBuffer::new(succeeded.clone())));
            let new = FailedRows { rows: !&succeeded, failure: Arc::clone(self.failure) };
            failed = either_failed(failed, Some(new));
        }
        let array =
            PrimitiveArray::<T>::new(values.into(), valid).with_data_type(self.result.clone());
        Vector { values: Arc::new(array) as ArrayRef, constant, failed }
    }
}
