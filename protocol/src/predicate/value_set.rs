//! Value sets, ranges and markers (section 3.13 of the protocol).

use arrow::{
    array::ArrayRef,
    datatypes::{DataType, TimeUnit},
};

/// The values that a column may have.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // each variant holds the set of its name
pub enum ValueSet {
    SortedRange(SortedRangeSet),
    Equatable(EquatableValueSet),
    AllOrNone(AllOrNoneValueSet),
}

/// Ranges of an ordered type; no ranges allow no value.
#[derive(Debug, Clone, PartialEq)]
pub struct SortedRangeSet {
    /// Type of every range.
    pub data_type: DataType,
    /// The ranges; a value in any of them passes. The wire promises neither order nor disjointness.
    pub ranges: Vec<Range>,
    /// Whether null passes.
    pub null_allowed: bool,
}

/// From one marker to another, both included in their own sense.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// Lower end: never [`Bound::Below`].
    pub low: Marker,
    /// Upper end: never [`Bound::Above`].
    pub high: Marker,
}

/// A place on the line of values: at a value, just beside one, or beyond all.
#[derive(Debug, Clone, PartialEq)]
pub struct Marker {
    /// Type of the value, also where there is none.
    pub data_type: DataType,
    /// Where the marker stands relative to the value.
    pub bound: Bound,
    /// An array of one row, if the block held a row.
    pub value: Option<ArrayRef>,
    /// Whether the marker has no value: unbounded with [`Bound::Above`] (low) or [`Bound::Below`]
    /// (high).
    pub null_value: bool,
}

/// Where a marker stands relative to its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Just below.
    Below,
    /// At the value.
    Exactly,
    /// Just above.
    Above,
}

/// A list of values that are the only ones allowed, or the only ones refused.
#[derive(Debug, Clone)]
pub struct EquatableValueSet {
    /// The values.
    pub values: ArrayRef,
    /// Whether `values` are allowed rather than refused.
    pub inclusive: bool,
    /// Whether null passes.
    pub null_allowed: bool,
}

// Not derived: the derive macro moves out of `Arc<dyn Array>`.
impl PartialEq for EquatableValueSet {
    fn eq(&self, other: &Self) -> bool {
        self.values.as_ref() == other.values.as_ref()
            && self.inclusive == other.inclusive
            && self.null_allowed == other.null_allowed
    }
}

/// Everything or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllOrNoneValueSet {
    /// Type of the column.
    pub data_type: DataType,
    /// Whether every value passes.
    pub all: bool,
    /// Whether null passes.
    pub null_allowed: bool,
}

impl Marker {
    /// A marker at or beside the only row of `value`.
    pub fn new(bound: Bound, value: ArrayRef) -> Self {
        Self { data_type: value.data_type().clone(), bound, value: Some(value), null_value: false }
    }

    /// The marker below all values of `data_type`.
    pub fn lower_unbounded(data_type: DataType) -> Self {
        Self { data_type, bound: Bound::Above, value: None, null_value: true }
    }

    /// The marker above all values of `data_type`.
    pub fn upper_unbounded(data_type: DataType) -> Self {
        Self { data_type, bound: Bound::Below, value: None, null_value: true }
    }

    /// Whether the marker stands beyond all values.
    pub fn is_unbounded(&self) -> bool {
        self.null_value && self.bound != Bound::Exactly
    }
}

impl Range {
    /// The range that holds only the row of `value`.
    pub fn equal(value: ArrayRef) -> Self {
        Self {
            low: Marker::new(Bound::Exactly, ArrayRef::clone(&value)),
            high: Marker::new(Bound::Exactly, value),
        }
    }

    /// Every value of `data_type`.
    pub fn all(data_type: DataType) -> Self {
        Self {
            low: Marker::lower_unbounded(data_type.clone()),
            high: Marker::upper_unbounded(data_type),
        }
    }
}

impl ValueSet {
    /// Whether null passes.
    pub fn null_allowed(&self) -> bool {
        match self {
            Self::SortedRange(set) => set.null_allowed,
            Self::Equatable(set) => set.null_allowed,
            Self::AllOrNone(set) => set.null_allowed,
        }
    }

    /// The type of the values.
    pub fn data_type(&self) -> &DataType {
        match self {
            Self::SortedRange(set) => &set.data_type,
            Self::Equatable(set) => set.values.data_type(),
            Self::AllOrNone(set) => &set.data_type,
        }
    }
}

/// Whether a column of this type has an order that every peer agrees on, so that ranges of its
/// values mean one thing: all types of section 6.1 of the protocol that are not nested.
pub fn is_ordered(data_type: &DataType) -> bool {
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
