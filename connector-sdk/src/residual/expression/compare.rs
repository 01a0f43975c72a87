//! Comparisons of two vectors of one type, in Trino's order of values.

use arrow::{
    array::{ArrowPrimitiveType, AsArray, BooleanArray},
    buffer::{BooleanBuffer, NullBuffer},
    compute::kernels::cmp,
    datatypes::{DataType, Float32Type, Float64Type},
};
use athena_protocol::predicate::functions;

use super::vector::{Vector, either_null, shape};
use crate::{Error, Result};

/// Comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    DistinctFrom,
}

impl Comparison {
    /// Returns the operator of a function, or `None` if it is not a comparison.
    pub(super) fn of_function(function: &str) -> Option<Self> {
        Some(match function {
            functions::EQUAL => Self::Equal,
            functions::NOT_EQUAL => Self::NotEqual,
            functions::LESS_THAN => Self::Less,
            functions::LESS_THAN_OR_EQUAL => Self::LessOrEqual,
            functions::GREATER_THAN => Self::Greater,
            functions::GREATER_THAN_OR_EQUAL => Self::GreaterOrEqual,
            functions::IS_DISTINCT_FROM => Self::DistinctFrom,
            _ => return None,
        })
    }

    /// Compares two vectors of one scalar type. Returns one truth value per row, or a single one if
    /// both are constants.
    pub(super) fn apply(self, left: &Vector, right: &Vector, rows: usize) -> Result<BooleanArray> {
        match left.values.data_type() {
            DataType::Float32 => Ok(self.floats::<Float32Type>(left, right, rows)),
            DataType::Float64 => Ok(self.floats::<Float64Type>(left, right, rows)),
            _ => self.kernel(left, right),
        }
    }

    fn kernel(self, left: &Vector, right: &Vector) -> Result<BooleanArray> {
        let l = left.datum(right);
        let r = right.datum(left);
        let l = l.as_ref();
        let r = r.as_ref();
        match self {
            Self::Equal => cmp::eq(l, r),
            Self::NotEqual => cmp::neq(l, r),
            Self::Less => cmp::lt(l, r),
            Self::LessOrEqual => cmp::lt_eq(l, r),
            Self::Greater => cmp::gt(l, r),
            Self::GreaterOrEqual => cmp::gt_eq(l, r),
            Self::DistinctFrom => cmp::distinct(l, r),
        }
        .map_err(|e| {
            Error::internal("a comparison was compiled for types that arrow does not compare")
                .with_source(e)
        })
    }

    /// Compares floats. Arrow's kernels use the total order of IEEE 754 (-0.0 < 0.0, NaN = NaN);
    /// SQL uses native comparisons, except that NaN is not distinct from NaN.
    fn floats<T: ArrowPrimitiveType>(
        self,
        left: &Vector,
        right: &Vector,
        rows: usize,
    ) -> BooleanArray {
        let (len, _) = shape(left, right, rows);
        let nulls = either_null(left, right, len);
        let values = match self {
            Self::Equal => pairs::<T>(left, right, len, |l, r| l == r),
            Self::NotEqual => pairs::<T>(left, right, len, |l, r| l != r),
            Self::Less => pairs::<T>(left, right, len, |l, r| l < r),
            Self::LessOrEqual => pairs::<T>(left, right, len, |l, r| l <= r),
            Self::Greater => pairs::<T>(left, right, len, |l, r| l > r),
            Self::GreaterOrEqual => pairs::<T>(left, right, len, |l, r| l >= r),
            Self::DistinctFrom => {
                let l = left.nulls(len);
                let r = right.nulls(len);
                let l = validity(l.as_ref(), len);
                let r = validity(r.as_ref(), len);
                // Only NaN differs from itself.
                #[expect(clippy::eq_op, reason = "tells NaN, for any float type")]
                let differ = pairs::<T>(left, right, len, |l, r| l != r && (l == l || r == r));
                return BooleanArray::new(&(&l ^ &r) | &(&(&l & &r) & &differ), None);
            }
        };
        BooleanArray::new(values, nulls)
    }
}

fn validity(nulls: Option<&NullBuffer>, len: usize) -> BooleanBuffer {
    nulls.map_or_else(|| BooleanBuffer::new_set(len), |nulls| nulls.inner().clone())
}

/// Tests each pair of values, one bit per row.
fn pairs<T: ArrowPrimitiveType>(
    left: &Vector,
    right: &Vector,
    len: usize,
    test: impl Fn(T::Native, T::Native) -> bool,
) -> BooleanBuffer {
    let l: &[T::Native] = left.values.as_primitive::<T>().values();
    let r: &[T::Native] = right.values.as_primitive::<T>().values();
    // A constant on the right is the common case, and worth a loop without a second index.
    if right.constant && !left.constant {
        let r = r[0];
        return BooleanBuffer::collect_bool(len, |row| test(l[row], r));
    }
    BooleanBuffer::collect_bool(len, |row| test(l[left.index(row)], r[right.index(row)]))
}
