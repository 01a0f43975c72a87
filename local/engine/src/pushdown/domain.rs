//! Sets of values of one column, with their algebra.

use std::cmp::Ordering;

use arrow::datatypes::DataType;
use athena_protocol::predicate::{
    AllOrNoneValueSet, Bound, EquatableValueSet, Marker, Range, SortedRangeSet, ValueSet,
};
use datafusion::common::ScalarValue;

use athena_client::Capabilities;

/// The values that a column may have: disjoint spans in ascending order, and perhaps null.
///
/// Values are of the column's type on the wire.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Domain {
    data_type: DataType,
    spans: Vec<Span>,
    null: bool,
}

/// A stretch of values between two ends.
#[derive(Debug, Clone, PartialEq)]
struct Span {
    low: End,
    high: End,
}

/// An end of a span.
#[derive(Debug, Clone, PartialEq)]
enum End {
    Open,
    At { value: ScalarValue, included: bool },
}

/// How a value is compared with the column.
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
    /// No value and no null.
    pub(super) fn nothing(data_type: &DataType) -> Self {
        Self { data_type: data_type.clone(), spans: Vec::new(), null: false }
    }

    /// Null alone.
    pub(super) fn null(data_type: &DataType) -> Self {
        Self { null: true, ..Self::nothing(data_type) }
    }

    /// Every value but null.
    pub(super) fn not_null(data_type: &DataType) -> Self {
        Self { spans: vec![Span { low: End::Open, high: End::Open }], ..Self::nothing(data_type) }
    }

    /// The values that compare with `value` in this way.
    pub(super) fn compared(comparison: Comparison, value: &ScalarValue) -> Self {
        let data_type = value.data_type();
        let at = |included| End::At { value: value.clone(), included };
        let (low, high) = match comparison {
            Comparison::Equal => (at(true), at(true)),
            Comparison::Less => (End::Open, at(false)),
            Comparison::LessOrEqual => (End::Open, at(true)),
            Comparison::Greater => (at(false), End::Open),
            Comparison::GreaterOrEqual => (at(true), End::Open),
        };
        Self { data_type, spans: vec![Span { low, high }], null: false }
    }

    /// Every value of `values`.
    pub(super) fn any_of(data_type: &DataType, values: Vec<ScalarValue>) -> Self {
        let mut values = values;
        values.sort_by(compare);
        values.dedup();
        let point = |value| {
            let end = End::At { value, included: true };
            Span { low: end.clone(), high: end }
        };
        Self { spans: values.into_iter().map(point).collect(), ..Self::nothing(data_type) }
    }

    /// What is in both.
    pub(super) fn intersect(&self, other: &Self) -> Self {
        let mut spans = Vec::new();
        let (mut left, mut right) = (self.spans.iter().peekable(), other.spans.iter().peekable());
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
            if span.holds_something() {
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

    /// What is in either.
    pub(super) fn union(&self, other: &Self) -> Self {
        let mut all: Vec<Span> = self.spans.iter().chain(&other.spans).cloned().collect();
        all.sort_by(|a, b| compare_lows(&a.low, &b.low));
        let mut spans: Vec<Span> = Vec::new();
        for span in all {
            match spans.last_mut() {
                Some(last) if last.reaches(&span) => {
                    if compare_highs(&span.high, &last.high).is_gt() {
                        last.high = span.high;
                    }
                }
                _ => spans.push(span),
            }
        }
        Self { data_type: self.data_type.clone(), spans, null: self.null || other.null }
    }

    /// Whether this union of `left` and `right` holds NaN, which neither of them does.
    pub(super) fn has_nan_by_union_of(&self, left: &Self, right: &Self) -> bool {
        self.data_type.is_floating()
            && self.is_everything()
            && !left.is_everything()
            && !right.is_everything()
    }

    /// Whether every value is in it, whether or not null is.
    fn is_everything(&self) -> bool {
        matches!(self.spans.as_slice(), [Span { low: End::Open, high: End::Open }])
    }

    /// Every value and null that is not in it.
    pub(super) fn complement(&self) -> Self {
        if self.data_type == DataType::Boolean {
            // Two values: what is not one of them is the other, not a range beside it.
            let mut values: Vec<_> =
                [false, true].map(|value| ScalarValue::Boolean(Some(value))).into();
            values.retain(|value| !self.holds(value));
            return Self { null: !self.null, ..Self::any_of(&self.data_type, values) };
        }
        let mut spans = Vec::new();
        let mut low = End::Open;
        let mut ended = false;
        for span in &self.spans {
            if let Some(high) = span.low.other_side() {
                spans.push(Span { low: low.clone(), high });
            }
            match span.high.other_side() {
                Some(next) => low = next,
                None => ended = true,
            }
        }
        if !ended {
            spans.push(Span { low, high: End::Open });
        }
        Self { data_type: self.data_type.clone(), spans, null: !self.null }
    }

    fn holds(&self, value: &ScalarValue) -> bool {
        let point = Self::compared(Comparison::Equal, value);
        !self.intersect(&point).spans.is_empty()
    }

    /// The form on the wire, of a kind that the connector takes; `None` if it takes none that fits.
    pub(super) fn to_value_set(&self, capabilities: &Capabilities) -> Option<ValueSet> {
        let everything = self.is_everything();
        if (self.null || everything) && !capabilities.nulls {
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
        if capabilities.all_or_none && (everything || self.spans.is_empty()) {
            let set = AllOrNoneValueSet { data_type, all: everything, null_allowed: self.null };
            return Some(ValueSet::AllOrNone(set));
        }
        None
    }

    /// As a list of values allowed or refused, if it is one.
    fn to_equatable(&self) -> Option<EquatableValueSet> {
        let points = |domain: &Self| {
            let values: Option<Vec<ScalarValue>> = domain.spans.iter().map(Span::point).collect();
            let values = values?;
            if values.is_empty() {
                return Some(arrow::array::new_empty_array(&domain.data_type));
            }
            ScalarValue::iter_to_array(values).ok()
        };
        if let Some(values) = points(self) {
            return Some(EquatableValueSet { values, inclusive: true, null_allowed: self.null });
        }
        let values = points(&self.complement())?;
        Some(EquatableValueSet { values, inclusive: false, null_allowed: self.null })
    }
}

impl Span {
    fn holds_something(&self) -> bool {
        match (&self.low, &self.high) {
            (End::Open, _) | (_, End::Open) => true,
            (
                End::At { value: low, included: with_low },
                End::At { value: high, included: with_high },
            ) => match compare(low, high) {
                Ordering::Less => true,
                Ordering::Equal => *with_low && *with_high,
                Ordering::Greater => false,
            },
        }
    }

    /// Whether nothing lies between this span and `next`, which begins no earlier.
    fn reaches(&self, next: &Self) -> bool {
        match (&self.high, &next.low) {
            (End::Open, _) | (_, End::Open) => true,
            (
                End::At { value: high, included: with_high },
                End::At { value: low, included: with_low },
            ) => match compare(low, high) {
                Ordering::Less => true,
                Ordering::Equal => *with_low || *with_high,
                Ordering::Greater => false,
            },
        }
    }

    /// The only value in it, if there is only one.
    fn point(&self) -> Option<ScalarValue> {
        match (&self.low, &self.high) {
            (End::At { value: low, included: true }, End::At { value: high, included: true })
                if low == high =>
            {
                Some(low.clone())
            }
            _ => None,
        }
    }

    fn to_range(&self, data_type: &DataType) -> Option<Range> {
        let low = match &self.low {
            End::Open => Marker::lower_unbounded(data_type.clone()),
            End::At { value, included } => {
                let bound = if *included { Bound::Exactly } else { Bound::Above };
                Marker::new(bound, value.to_array().ok()?)
            }
        };
        let high = match &self.high {
            End::Open => Marker::upper_unbounded(data_type.clone()),
            End::At { value, included } => {
                let bound = if *included { Bound::Exactly } else { Bound::Below };
                Marker::new(bound, value.to_array().ok()?)
            }
        };
        Some(Range { low, high })
    }
}

impl End {
    /// The end of what lies on the other side; `None` where there is nothing.
    fn other_side(&self) -> Option<Self> {
        match self {
            Self::Open => None,
            Self::At { value, included } => {
                Some(Self::At { value: value.clone(), included: !included })
            }
        }
    }
}

fn compare_lows(a: &End, b: &End) -> Ordering {
    match (a, b) {
        (End::Open, End::Open) => Ordering::Equal,
        (End::Open, End::At { .. }) => Ordering::Less,
        (End::At { .. }, End::Open) => Ordering::Greater,
        (End::At { value: a, included: with_a }, End::At { value: b, included: with_b }) => {
            compare(a, b).then(with_b.cmp(with_a))
        }
    }
}

fn compare_highs(a: &End, b: &End) -> Ordering {
    match (a, b) {
        (End::Open, End::Open) => Ordering::Equal,
        (End::Open, End::At { .. }) => Ordering::Greater,
        (End::At { .. }, End::Open) => Ordering::Less,
        (End::At { value: a, included: with_a }, End::At { value: b, included: with_b }) => {
            compare(a, b).then(with_a.cmp(with_b))
        }
    }
}

/// Both are of the column's type and not null, so they have an order.
fn compare(a: &ScalarValue, b: &ScalarValue) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}
