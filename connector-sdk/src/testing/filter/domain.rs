//! Sets of values of one column: intersection, union, complement.

use std::ops::Bound;

use arrow::datatypes::DataType;
use athena_protocol::predicate::{self, Marker, Range, SortedRangeSet, ValueSet};

use super::literal::Scalar;

/// Values of a column: disjoint spans in ascending order, with or without null.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Domain {
    data_type: DataType,
    spans: Vec<Span>,
    null: bool,
}

/// Values between two ends.
type Span = (Bound<Scalar>, Bound<Scalar>);

const ALL: Span = (Bound::Unbounded, Bound::Unbounded);

impl Domain {
    pub(super) fn new(data_type: &DataType, span: Span) -> Self {
        Self { data_type: data_type.clone(), spans: vec![span], null: false }
    }

    pub(super) fn none(data_type: &DataType) -> Self {
        Self { data_type: data_type.clone(), spans: Vec::new(), null: false }
    }

    pub(super) fn null(data_type: &DataType) -> Self {
        Self { null: true, ..Self::none(data_type) }
    }

    pub(super) fn not_null(data_type: &DataType) -> Self {
        Self::new(data_type, ALL)
    }

    /// Returns whether all values but null are in the set.
    pub(super) fn has_all_values(&self) -> bool {
        self.spans == [ALL]
    }

    pub(super) fn is_floating(&self) -> bool {
        self.data_type.is_floating()
    }

    pub(super) fn intersect(&self, other: &Self) -> Self {
        let mut spans = Vec::new();
        for (low, high) in &self.spans {
            for (other_low, other_high) in &other.spans {
                let low = later_start(low, other_low).clone();
                let high = earlier_end(high, other_high).clone();
                if !is_empty(&low, &high) {
                    spans.push((low, high));
                }
            }
        }
        Self { data_type: self.data_type.clone(), spans, null: self.null && other.null }
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        let complement = self.complement().intersect(&other.complement());
        complement.complement()
    }

    /// Returns all values, and null, that are not in the set.
    pub(super) fn complement(&self) -> Self {
        let mut spans = Vec::new();
        let mut start = Some(Bound::Unbounded);
        for (low, high) in &self.spans {
            let gap = start.take().zip(before(low));
            spans.extend(gap.filter(|(start, end)| !is_empty(start, end)));
            start = before(high);
        }
        spans.extend(start.map(|start| (start, Bound::Unbounded)));
        Self { data_type: self.data_type.clone(), spans, null: !self.null }
    }

    pub(super) fn into_value_set(self) -> ValueSet {
        let data_type = self.data_type;
        let marker = |bound: predicate::Bound, value: &Scalar| {
            Marker::new(bound, value.to_array(&data_type))
        };
        let ranges = self.spans.iter().map(|(low, high)| Range {
            low: match low {
                Bound::Unbounded => Marker::lower_unbounded(data_type.clone()),
                Bound::Included(value) => marker(predicate::Bound::Exactly, value),
                Bound::Excluded(value) => marker(predicate::Bound::Above, value),
            },
            high: match high {
                Bound::Unbounded => Marker::upper_unbounded(data_type.clone()),
                Bound::Included(value) => marker(predicate::Bound::Exactly, value),
                Bound::Excluded(value) => marker(predicate::Bound::Below, value),
            },
        });
        let ranges = ranges.collect();
        ValueSet::SortedRange(SortedRangeSet { data_type, ranges, null_allowed: self.null })
    }
}

/// Returns the other side of an end: the last value before a start, the first after an end.
fn before(end: &Bound<Scalar>) -> Option<Bound<Scalar>> {
    match end {
        Bound::Unbounded => None,
        Bound::Included(value) => Some(Bound::Excluded(value.clone())),
        Bound::Excluded(value) => Some(Bound::Included(value.clone())),
    }
}

fn later_start<'a>(left: &'a Bound<Scalar>, right: &'a Bound<Scalar>) -> &'a Bound<Scalar> {
    match (left, right) {
        (Bound::Unbounded, other) | (other, Bound::Unbounded) => other,
        (Bound::Included(a), Bound::Included(b) | Bound::Excluded(b)) => {
            if a > b {
                left
            } else {
                right
            }
        }
        (Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => {
            if a >= b {
                left
            } else {
                right
            }
        }
    }
}

fn earlier_end<'a>(left: &'a Bound<Scalar>, right: &'a Bound<Scalar>) -> &'a Bound<Scalar> {
    match (left, right) {
        (Bound::Unbounded, other) | (other, Bound::Unbounded) => other,
        (Bound::Included(a), Bound::Included(b) | Bound::Excluded(b)) => {
            if a < b {
                left
            } else {
                right
            }
        }
        (Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => {
            if a <= b {
                left
            } else {
                right
            }
        }
    }
}

fn is_empty(low: &Bound<Scalar>, high: &Bound<Scalar>) -> bool {
    match (low, high) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(low), Bound::Included(high)) => low > high,
        (
            Bound::Included(low) | Bound::Excluded(low),
            Bound::Included(high) | Bound::Excluded(high),
        ) => low >= high,
    }
}
