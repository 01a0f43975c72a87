//! Sets of values of one column: intersection, union and complement.

use std::cmp::Ordering;

use arrow::{
    array::{ArrayRef, new_empty_array},
    datatypes::DataType,
};
use athena_protocol::predicate::{
    AllOrNoneValueSet, Bound, EquatableValueSet, Marker, Range, SortedRangeSet, ValueSet,
};
use datafusion::common::ScalarValue;

use athena_client::Capabilities;

/// A set of values of a column: disjoint spans in ascending order, with or without null.
///
/// Values have the column's wire type.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Domain {
    data_type: DataType,
    spans: Vec<Span>,
    null: bool,
}

/// All values between two endpoints.
#[derive(Debug, Clone, PartialEq)]
struct Span {
    low: Endpoint,
    high: Endpoint,
}

/// An endpoint of a span.
#[derive(Debug, Clone, PartialEq)]
enum Endpoint {
    Unbounded,
    At { value: ScalarValue, inclusive: bool },
}

/// A comparison of a column with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Domain {
    /// Returns the empty set.
    pub(super) fn none(data_type: &DataType) -> Self {
        Self { data_type: data_type.clone(), spans: Vec::new(), null: false }
    }

    /// Returns the set of null only.
    pub(super) fn null(data_type: &DataType) -> Self {
        Self { null: true, ..Self::none(data_type) }
    }

    /// Returns the set of all values except null.
    pub(super) fn not_null(data_type: &DataType) -> Self {
        Self {
            spans: vec![Span { low: Endpoint::Unbounded, high: Endpoint::Unbounded }],
            ..Self::none(data_type)
        }
    }

    /// Returns the set of all values for which `comparison` with `value` is true.
    pub(super) fn compared(comparison: Comparison, value: &ScalarValue) -> Self {
        let data_type = value.data_type();
        let at = |inclusive| Endpoint::At { value: value.clone(), inclusive };
        let (low, high) = match comparison {
            Comparison::Equal => (at(true), at(true)),
            Comparison::Less => (Endpoint::Unbounded, at(false)),
            Comparison::LessOrEqual => (Endpoint::Unbounded, at(true)),
            Comparison::Greater => (at(false), Endpoint::Unbounded),
            Comparison::GreaterOrEqual => (at(true), Endpoint::Unbounded),
        };
        Self { data_type, spans: vec![Span { low, high }], null: false }
    }

    /// Returns the set of `values`.
    pub(super) fn any_of(data_type: &DataType, mut values: Vec<ScalarValue>) -> Self {
        values.sort_by(compare);
        values.dedup();
        Self { spans: values.into_iter().map(Span::of_value).collect(), ..Self::none(data_type) }
    }

    /// Returns the intersection of both sets.
    pub(super) fn intersect(&self, other: &Self) -> Self {
        let mut spans = Vec::new();
        let mut left = self.spans.iter().peekable();
        let mut right = other.spans.iter().peekable();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let span = Span {
                low: if compare_lows(&a.low, &b.low).is_ge() {
                    a.low.clone()
                } else {
                    b.low.clone()
                },
                high: if compare_highs(&a.high, &b.high).is_le() {
                    a.high.clone()
                } else {
                    b.high.clone()
                },
            };
            if !span.is_empty() {
                spans.push(span);
            }
            if compare_highs(&a.high, &b.high).is_le() {
                left.next();
            } else {
                right.next();
            }
        }
        Self { data_type: self.data_type.clone(), spans, null: self.null && other.null }
    }

    /// Returns the union of both sets.
    pub(super) fn union(&self, other: &Self) -> Self {
        let mut all: Vec<Span> = self.spans.iter().chain(&other.spans).cloned().collect();
        all.sort_by(|a, b| compare_lows(&a.low, &b.low));
        let mut spans: Vec<Span> = Vec::new();
        for span in all {
            match spans.last_mut() {
                Some(last) if last.touches(&span) => {
                    if compare_highs(&span.high, &last.high).is_gt() {
                        last.high = span.high;
                    }
                }
                _ => spans.push(span),
            }
        }
        Self { data_type: self.data_type.clone(), spans, null: self.null || other.null }
    }

    /// Returns whether this union of `left` and `right` contains NaN although neither does.
    pub(super) fn adds_nan(&self, left: &Self, right: &Self) -> bool {
        self.data_type.is_floating()
            && self.has_all_values()
            && !left.has_all_values()
            && !right.has_all_values()
    }

    /// Returns whether the set contains all values, with or without null.
    fn has_all_values(&self) -> bool {
        matches!(
            self.spans.as_slice(),
            [Span { low: Endpoint::Unbounded, high: Endpoint::Unbounded }]
        )
    }

    /// Returns the set of all values, and null, that are not in this set.
    pub(super) fn complement(&self) -> Self {
        if self.data_type == DataType::Boolean {
            // With two values, the complement is a discrete value and not a range.
            let mut values: Vec<_> =
                [false, true].map(|value| ScalarValue::Boolean(Some(value))).into();
            values.retain(|value| !self.contains(value));
            return Self { null: !self.null, ..Self::any_of(&self.data_type, values) };
        }
        let mut spans = Vec::new();
        let mut low = Endpoint::Unbounded;
        let mut unbounded = false;
        for span in &self.spans {
            if let Some(high) = span.low.adjacent() {
                spans.push(Span { low: low.clone(), high });
            }
            match span.high.adjacent() {
                Some(next) => low = next,
                None => unbounded = true,
            }
        }
        if !unbounded {
            spans.push(Span { low, high: Endpoint::Unbounded });
        }
        Self { data_type: self.data_type.clone(), spans, null: !self.null }
    }

    /// Returns the number of values and ranges.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Returns the values between the least and the greatest of the set.
    pub(super) fn range(&self) -> Self {
        let spans = match (self.spans.first(), self.spans.last()) {
            (Some(first), Some(last)) => {
                vec![Span { low: first.low.clone(), high: last.high.clone() }]
            }
            _ => Vec::new(),
        };
        Self { spans, ..self.clone() }
    }

    fn contains(&self, value: &ScalarValue) -> bool {
        let point = Self::compared(Comparison::Equal, value);
        !self.intersect(&point).spans.is_empty()
    }

    /// Converts the set to the first suitable kind of value set that the connector supports.
    /// Returns `None` if there is none.
    pub(super) fn to_value_set(&self, capabilities: &Capabilities) -> Option<ValueSet> {
        let all = self.has_all_values();
        if (self.null || all) && !capabilities.nulls {
            return None;
        }
        let data_type = self.data_type.clone();
        if capabilities.sorted_ranges {
            let ranges = self
                .spans
                .iter()
                .map(|span| span.to_range(&self.data_type))
                .collect::<Option<Vec<_>>>()?;
            return Some(ValueSet::SortedRange(SortedRangeSet {
                data_type,
                ranges,
                null_allowed: self.null,
            }));
        }
        if capabilities.equatable
            && let Some(set) = self.to_equatable()
        {
            return Some(ValueSet::Equatable(set));
        }
        if capabilities.all_or_none && (all || self.spans.is_empty()) {
            let set = AllOrNoneValueSet { data_type, all, null_allowed: self.null };
            return Some(ValueSet::AllOrNone(set));
        }
        None
    }

    /// Converts the set, or else its complement, to a list of discrete values. Returns `None` if
    /// neither is one.
    fn to_equatable(&self) -> Option<EquatableValueSet> {
        if let Some(values) = self.discrete_values() {
            return Some(EquatableValueSet { values, inclusive: true, null_allowed: self.null });
        }
        let values = self.complement().discrete_values()?;
        Some(EquatableValueSet { values, inclusive: false, null_allowed: self.null })
    }

    /// Returns the values of the set except null, or `None` if one of its spans has several.
    fn discrete_values(&self) -> Option<ArrayRef> {
        let values: Option<Vec<ScalarValue>> = self.spans.iter().map(Span::single_value).collect();
        let values = values?;
        if values.is_empty() {
            return Some(new_empty_array(&self.data_type));
        }
        ScalarValue::iter_to_array(values).ok()
    }
}

impl Span {
    fn of_value(value: ScalarValue) -> Self {
        let endpoint = Endpoint::At { value, inclusive: true };
        Self { low: endpoint.clone(), high: endpoint }
    }

    fn is_empty(&self) -> bool {
        match (&self.low, &self.high) {
            (Endpoint::Unbounded, _) | (_, Endpoint::Unbounded) => false,
            (
                Endpoint::At { value: low, inclusive: with_low },
                Endpoint::At { value: high, inclusive: with_high },
            ) => match compare(low, high) {
                Ordering::Less => false,
                Ordering::Equal => !(*with_low && *with_high),
                Ordering::Greater => true,
            },
        }
    }

    /// Returns whether no value lies between this span and `next`, which begins no earlier.
    fn touches(&self, next: &Self) -> bool {
        match (&self.high, &next.low) {
            (Endpoint::Unbounded, _) | (_, Endpoint::Unbounded) => true,
            (
                Endpoint::At { value: high, inclusive: with_high },
                Endpoint::At { value: low, inclusive: with_low },
            ) => match compare(low, high) {
                Ordering::Less => true,
                Ordering::Equal => *with_low || *with_high,
                Ordering::Greater => false,
            },
        }
    }

    /// Returns the value of a span with a single one.
    fn single_value(&self) -> Option<ScalarValue> {
        match (&self.low, &self.high) {
            (
                Endpoint::At { value: low, inclusive: true },
                Endpoint::At { value: high, inclusive: true },
            ) if low == high => Some(low.clone()),
            _ => None,
        }
    }

    fn to_range(&self, data_type: &DataType) -> Option<Range> {
        let low = match &self.low {
            Endpoint::Unbounded => Marker::lower_unbounded(data_type.clone()),
            Endpoint::At { value, inclusive } => {
                let bound = if *inclusive { Bound::Exactly } else { Bound::Above };
                Marker::new(bound, value.to_array().ok()?)
            }
        };
        let high = match &self.high {
            Endpoint::Unbounded => Marker::upper_unbounded(data_type.clone()),
            Endpoint::At { value, inclusive } => {
                let bound = if *inclusive { Bound::Exactly } else { Bound::Below };
                Marker::new(bound, value.to_array().ok()?)
            }
        };
        Some(Range { low, high })
    }
}

impl Endpoint {
    /// Returns the endpoint of the adjacent span, or `None` if there is none.
    fn adjacent(&self) -> Option<Self> {
        match self {
            Self::Unbounded => None,
            Self::At { value, inclusive } => {
                Some(Self::At { value: value.clone(), inclusive: !inclusive })
            }
        }
    }
}

fn compare_lows(a: &Endpoint, b: &Endpoint) -> Ordering {
    match (a, b) {
        (Endpoint::Unbounded, Endpoint::Unbounded) => Ordering::Equal,
        (Endpoint::Unbounded, Endpoint::At { .. }) => Ordering::Less,
        (Endpoint::At { .. }, Endpoint::Unbounded) => Ordering::Greater,
        (
            Endpoint::At { value: a, inclusive: with_a },
            Endpoint::At { value: b, inclusive: with_b },
        ) => compare(a, b).then(with_b.cmp(with_a)),
    }
}

fn compare_highs(a: &Endpoint, b: &Endpoint) -> Ordering {
    match (a, b) {
        (Endpoint::Unbounded, Endpoint::Unbounded) => Ordering::Equal,
        (Endpoint::Unbounded, Endpoint::At { .. }) => Ordering::Greater,
        (Endpoint::At { .. }, Endpoint::Unbounded) => Ordering::Less,
        (
            Endpoint::At { value: a, inclusive: with_a },
            Endpoint::At { value: b, inclusive: with_b },
        ) => compare(a, b).then(with_a.cmp(with_b)),
    }
}

/// Compares two values. They have an order, because both have the column's type and are not null.
fn compare(a: &ScalarValue, b: &ScalarValue) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}
