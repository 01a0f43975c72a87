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

/// A comparison.
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
    /// The comparison that a function stands for, if it does.
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

    /// Compares two vectors of one scalar type; one truth value per row, or one if both are
    /// constants.
    pub(super) fn apply(self, left: &Vector, right: &Vector, rows: usize) -> Result<BooleanArray> {
        match left.values.data_type() {
            DataType::Float32 => Ok(self.floats::<Float32Type>(left, right, rows)),
            DataType::Float64 => Ok(self.floats::<Float64Type>(left, right, rows)),
            _ => self.kernel(left, right),
        }
    }

    fn kernel(self, left: &Vector, right: &Vector) -> Result<BooleanArray> {
        let (l, r) = (left.datum(right), right.datum(left));
        let (l, r) = (l.as_ref(), r.as_ref());
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

    /// Arrow's kernels use the total order of IEEE 754 (-0.0 < 0.0, NaN = NaN); SQL uses the
    /// comparisons of the processor, except that NaN is not distinct from NaN.
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
                let (l, r) = (left.nulls(len), right.nulls(len));
                let (l, r) = (validity(l.as_ref(), len), validity(r.as_ref(), len));
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

/// One bit per pair of values.
fn pairs<T: ArrowPrimitiveType>(
    left: &Vector,
    right: &Vector,
    len: usize,
    test: impl Fn(T::Native, T::Native) -> bool,
) -> BooleanBuffer {
    let l: &[T::Native] = left.values.as_primitive::<T>().values();
    let r: &[T::Native] = right.values.as_primitive::<T>().values();
    // A constant on the right is the usual case, and worth a loop without a second index.
    if right.constant && !left.constant {
        let r = r[0];
        return BooleanBuffer::collect_bool(len, |row| test(l[row], r));
    }
    BooleanBuffer::collect_bool(len, |row| test(l[left.index(row)], r[right.index(row)]))
}
