//! Value sets, ranges and markers (section 3.13 of the protocol).

use arrow::{
    array::{Array, ArrayRef},
    datatypes::{DataType, TimeUnit},
};

/// The allowed values of a column.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // each variant holds the set of its name
pub enum ValueSet {
    SortedRange(SortedRangeSet),
    Equatable(EquatableValueSet),
    AllOrNone(AllOrNoneValueSet),
}

/// A union of ranges of an orderable type; empty ranges allow no value but perhaps null.
#[derive(Debug, Clone, PartialEq)]
pub struct SortedRangeSet {
    /// Type of every range.
    pub data_type: DataType,
    /// Ranges whose union is allowed. The wire guarantees neither order nor disjointness.
    pub ranges: Vec<Range>,
    /// Whether null is allowed.
    pub null_allowed: bool,
}

/// The values between two markers, each inclusive or exclusive by its [`Bound`].
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::{array::Int64Array, datatypes::DataType};
/// use athena_protocol::predicate::{Bound, Marker, Range};
///
/// // id > 7
/// let range = Range {
///     low: Marker::new(Bound::Above, Arc::new(Int64Array::from(vec![7]))),
///     high: Marker::upper_unbounded(DataType::Int64),
/// };
/// assert!(!range.is_all());
/// assert!(Range::all(DataType::Int64).is_all());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// Lower end, never [`Bound::Below`].
    pub low: Marker,
    /// Upper end, never [`Bound::Above`].
    pub high: Marker,
}

/// An end of a range: at a value, just below or above it, or unbounded.
#[derive(Debug, Clone, PartialEq)]
pub struct Marker {
    /// Type of the value, present even without one.
    pub data_type: DataType,
    /// Position of the marker relative to the value.
    pub bound: Bound,
    /// An array of one row; `None` if the block has no rows.
    pub value: Option<ArrayRef>,
    /// Whether the marker has no value. With [`Bound::Above`] (low) or [`Bound::Below`] (high), the
    /// range is then unbounded at this end.
    pub null_value: bool,
}

/// The position of a marker relative to its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Just below the value.
    Below,
    /// At the value.
    Exactly,
    /// Just above the value.
    Above,
}

/// A list of values that is allowed or, if not `inclusive`, excluded.
#[derive(Debug, Clone)]
pub struct EquatableValueSet {
    /// The values, without a guaranteed order.
    pub values: ArrayRef,
    /// Whether `values` are allowed rather than excluded (`whiteList` on the wire).
    pub inclusive: bool,
    /// Whether null is allowed.
    pub null_allowed: bool,
}

// Not derived: the macro moves out of `Arc<dyn Array>`.
impl PartialEq for EquatableValueSet {
    fn eq(&self, other: &Self) -> bool {
        self.values.as_ref() == other.values.as_ref()
            && self.inclusive == other.inclusive
            && self.null_allowed == other.null_allowed
    }
}

/// All values or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllOrNoneValueSet {
    /// Type of the column.
    pub data_type: DataType,
    /// Whether all values but null are allowed.
    pub all: bool,
    /// Whether null is allowed.
    pub null_allowed: bool,
}

impl Marker {
    /// Creates a marker at, below or above `value`, an array of one row.
    pub fn new(bound: Bound, value: ArrayRef) -> Self {
        Self { data_type: value.data_type().clone(), bound, value: Some(value), null_value: false }
    }

    /// Creates the lower end of a range without a lower bound.
    pub fn lower_unbounded(data_type: DataType) -> Self {
        Self { data_type, bound: Bound::Above, value: None, null_value: true }
    }

    /// Creates the upper end of a range without an upper bound.
    pub fn upper_unbounded(data_type: DataType) -> Self {
        Self { data_type, bound: Bound::Below, value: None, null_value: true }
    }

    /// Returns whether the range has no bound at this end.
    pub fn is_unbounded(&self) -> bool {
        self.null_value && self.bound != Bound::Exactly
    }
}

impl Range {
    /// Creates the range of a single value, an array of one row.
    pub fn equal(value: ArrayRef) -> Self {
        Self {
            low: Marker::new(Bound::Exactly, ArrayRef::clone(&value)),
            high: Marker::new(Bound::Exactly, value),
        }
    }

    /// Creates the range of all values of `data_type`, except null.
    pub fn all(data_type: DataType) -> Self {
        Self {
            low: Marker::lower_unbounded(data_type.clone()),
            high: Marker::upper_unbounded(data_type),
        }
    }

    /// Returns whether the range contains all values of its type, except null.
    pub fn is_all(&self) -> bool {
        self.low.is_unbounded() && self.high.is_unbounded()
    }
}

impl ValueSet {
    /// Returns whether null is allowed.
    pub fn null_allowed(&self) -> bool {
        match self {
            Self::SortedRange(set) => set.null_allowed,
            Self::Equatable(set) => set.null_allowed,
            Self::AllOrNone(set) => set.null_allowed,
        }
    }

    /// Returns whether the set allows all values and null, so that it excludes no row.
    ///
    /// `false` may be returned for sets that cover all values without saying so, such as two
    /// adjacent ranges.
    pub fn is_all(&self) -> bool {
        self.null_allowed()
            && match self {
                Self::SortedRange(set) => set.ranges.iter().any(Range::is_all),
                Self::Equatable(set) => !set.inclusive && set.values.is_empty(),
                Self::AllOrNone(set) => set.all,
            }
    }

    /// Returns the type of the values.
    pub fn data_type(&self) -> &DataType {
        match self {
            Self::SortedRange(set) => &set.data_type,
            Self::Equatable(set) => set.values.data_type(),
            Self::AllOrNone(set) => &set.data_type,
        }
    }
}

/// Returns whether all peers agree on the order of `data_type`, so that ranges are unambiguous:
/// true for the non-nested types of section 6.1 of the protocol.
pub fn is_orderable(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Boolean
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Float32
            | DataType::Float64
            | DataType::Decimal128(_, _)
            | DataType::Utf8
            | DataType::Binary
            | DataType::Date32
            | DataType::Date64
            | DataType::Timestamp(TimeUnit::Millisecond, Some(_))
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;

    use super::*;

    fn values(values: Vec<i64>) -> ArrayRef {
        Arc::new(Int64Array::from(values))
    }

    fn all_sets(null_allowed: bool) -> [ValueSet; 3] {
        let data_type = DataType::Int64;
        let ranges = vec![Range::equal(values(vec![7])), Range::all(data_type.clone())];
        [
            ValueSet::SortedRange(SortedRangeSet {
                data_type: data_type.clone(),
                ranges,
                null_allowed,
            }),
            ValueSet::Equatable(EquatableValueSet {
                values: values(vec![]),
                inclusive: false,
                null_allowed,
            }),
            ValueSet::AllOrNone(AllOrNoneValueSet { data_type, all: true, null_allowed }),
        ]
    }

    #[test]
    fn only_sets_that_exclude_no_row_are_all() {
        assert!(all_sets(true).iter().all(ValueSet::is_all));
        assert!(!all_sets(false).iter().any(ValueSet::is_all));
        for set in all_sets(true) {
            let smaller = match set {
                ValueSet::SortedRange(set) => {
                    let ranges = vec![Range::equal(values(vec![7]))];
                    ValueSet::SortedRange(SortedRangeSet { ranges, ..set })
                }
                ValueSet::Equatable(set) => {
                    ValueSet::Equatable(EquatableValueSet { inclusive: true, ..set })
                }
                ValueSet::AllOrNone(set) => {
                    ValueSet::AllOrNone(AllOrNoneValueSet { all: false, ..set })
                }
            };
            assert!(!smaller.is_all(), "{smaller:?}");
        }
    }

    #[test]
    fn a_range_with_one_open_end_is_not_all() {
        let end = |bound| Marker::new(bound, values(vec![7]));
        let data_type = DataType::Int64;
        let low = Marker::lower_unbounded(data_type.clone());
        assert!(!Range { low, high: end(Bound::Below) }.is_all());
        assert!(
            !Range { low: end(Bound::Above), high: Marker::upper_unbounded(data_type) }.is_all()
        );
    }
}
