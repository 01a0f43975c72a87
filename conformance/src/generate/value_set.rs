//! Generated value sets in the form that an engine sends: ranges ascending and disjoint, no NaN.

use std::cmp::Ordering;

use arrow::array::ArrayRef;
use athena_client::Capabilities;
use athena_protocol::predicate::{
    AllOrNoneValueSet, Bound, EquatableValueSet, Marker, Range, SortedRangeSet, ValueSet,
};

use super::{Pool, Rng};
use crate::oracle::{Cell, array_of, order_by_cmp};

/// Generates a set on the column of `pool`. Announced kinds of sets are more frequent.
pub(super) fn value_set(pool: &Pool, announced: &Capabilities, rng: &mut Rng) -> ValueSet {
    if pool.values.is_empty() {
        // The only predicates on a nested type are IS NULL and IS NOT NULL.
        return all_or_none(pool, true, rng.chance(50));
    }
    let mut kinds: Vec<fn(&Pool, &mut Rng) -> ValueSet> = Vec::new();
    if announced.sorted_ranges || rng.chance(20) {
        kinds.extend([ranges as fn(&Pool, &mut Rng) -> ValueSet, ranges]);
    }
    if announced.equatable || rng.chance(20) {
        kinds.push(list);
    }
    if announced.all_or_none || rng.chance(20) {
        kinds.push(any);
    }
    if kinds.is_empty() {
        kinds.push(ranges);
    }
    rng.choose(&kinds)(pool, rng)
}

/// Ends of a range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds<'a> {
    low: Option<(Bound, &'a Cell)>,
    high: Option<(Bound, &'a Cell)>,
}

impl<'a> Bounds<'a> {
    /// Creates a range from one value to another, in either order, with both.
    pub(super) fn closed(one: &'a Cell, other: &'a Cell) -> Self {
        let (low, high) =
            if order_by_cmp(one, other).is_le() { (one, other) } else { (other, one) };
        Self { low: Some((Bound::Exactly, low)), high: Some((Bound::Exactly, high)) }
    }

    /// Creates a range without its ends.
    pub(super) fn open(low: Option<&'a Cell>, high: Option<&'a Cell>) -> Self {
        Self {
            low: low.map(|value| (Bound::Above, value)),
            high: high.map(|value| (Bound::Below, value)),
        }
    }

    pub(super) fn at_least(low: &'a Cell) -> Self {
        Self { low: Some((Bound::Exactly, low)), high: None }
    }

    pub(super) fn at_most(high: &'a Cell) -> Self {
        Self { low: None, high: Some((Bound::Exactly, high)) }
    }

    /// Returns true if no value is between the ends.
    fn is_empty(&self) -> bool {
        match (self.low, self.high) {
            (Some((low, from)), Some((high, to))) => match order_by_cmp(from, to) {
                Ordering::Less => false,
                Ordering::Equal => low != Bound::Exactly || high != Bound::Exactly,
                Ordering::Greater => true,
            },
            _ => false,
        }
    }

    fn range(self, pool: &Pool) -> Range {
        let marker = |(bound, value): (Bound, &Cell)| Marker::new(bound, array(pool, value));
        let unbounded = || pool.data_type.clone();
        Range {
            low: self.low.map_or_else(|| Marker::lower_unbounded(unbounded()), marker),
            high: self.high.map_or_else(|| Marker::upper_unbounded(unbounded()), marker),
        }
    }
}

/// Builds a set of ranges, which must be ascending and disjoint. Empty ranges are left out; a set
/// without ranges and null becomes that of the lower end.
pub(super) fn bounded(pool: &Pool, bounds: &[Bounds<'_>], null_allowed: bool) -> ValueSet {
    let mut ranges: Vec<Range> = bounds
        .iter()
        .filter(|bounds| !bounds.is_empty())
        .map(|bounds| bounds.range(pool))
        .collect();
    if ranges.is_empty() && !null_allowed {
        // No engine sends a set that nothing passes.
        let value = bounds.iter().find_map(|bounds| bounds.low).map(|(_, value)| value);
        ranges.extend(value.map(|value| Range::equal(array(pool, value))));
    }
    sorted(pool, ranges, null_allowed)
}

/// Builds the set of some values, as ranges.
pub(super) fn one_of(pool: &Pool, values: &[&Cell], null_allowed: bool) -> ValueSet {
    let points = ascending(values);
    let ranges = points.into_iter().map(|value| Range::equal(array(pool, value))).collect();
    sorted(pool, ranges, null_allowed)
}

/// Builds the set of all other values, as ranges.
pub(super) fn none_of(pool: &Pool, values: &[&Cell]) -> ValueSet {
    let points = ascending(values);
    let lows = std::iter::once(None).chain(points.iter().copied().map(Some));
    let highs = points.iter().copied().map(Some).chain([None]);
    let gaps = lows.zip(highs).map(|(low, high)| Bounds::open(low, high).range(pool));
    sorted(pool, gaps.collect(), false)
}

/// Builds the set of some values, or of all others, as a list.
pub(super) fn listed(pool: &Pool, values: &[&Cell], inclusive: bool) -> ValueSet {
    let mut cells: Vec<Cell> = Vec::new();
    for &value in values {
        if !cells.iter().any(|cell| order_by_cmp(cell, value).is_eq()) {
            cells.push(value.clone());
        }
    }
    let values = array_of(&cells, &pool.data_type).expect("a pool holds values of its column");
    ValueSet::Equatable(EquatableValueSet { values, inclusive, null_allowed: false })
}

/// Adds null to a list, if the column holds null.
pub(super) fn or_null(pool: &Pool, set: ValueSet) -> ValueSet {
    match set {
        ValueSet::Equatable(list) => {
            ValueSet::Equatable(EquatableValueSet { null_allowed: pool.has_null, ..list })
        }
        set => set,
    }
}

/// Builds the set of `IS NULL`, or of `IS NOT NULL`.
pub(super) fn null_test(pool: &Pool, is_null: bool) -> ValueSet {
    if !pool.is_scalar() {
        return all_or_none(pool, !is_null, is_null);
    }
    let all = (!is_null).then(|| Range::all(pool.data_type.clone()));
    sorted(pool, all.into_iter().collect(), is_null)
}

fn sorted(pool: &Pool, ranges: Vec<Range>, null_allowed: bool) -> ValueSet {
    let data_type = pool.data_type.clone();
    ValueSet::SortedRange(SortedRangeSet { data_type, ranges, null_allowed })
}

fn ascending<'a>(values: &[&'a Cell]) -> Vec<&'a Cell> {
    let mut values = values.to_vec();
    values.sort_by(|left, right| order_by_cmp(left, right));
    values.dedup_by(|left, right| order_by_cmp(left, right).is_eq());
    values
}

fn array(pool: &Pool, value: &Cell) -> ArrayRef {
    array_of(std::slice::from_ref(value), &pool.data_type)
        .expect("a pool holds values of its column")
}

pub(super) fn any(pool: &Pool, rng: &mut Rng) -> ValueSet {
    // A Java engine writes neither values nor nulls for IS NOT NULL. That form is ambiguous, so it
    // is not generated.
    let (all, null_allowed) = *rng.choose(&[(true, true), (true, false), (false, true)]);
    all_or_none(pool, all, null_allowed)
}

fn all_or_none(pool: &Pool, all: bool, null_allowed: bool) -> ValueSet {
    ValueSet::AllOrNone(AllOrNoneValueSet { data_type: pool.data_type.clone(), all, null_allowed })
}

fn list(pool: &Pool, rng: &mut Rng) -> ValueSet {
    let values: Vec<Cell> = (0..rng.below(7)).map(|_| pool.value(rng).clone()).collect();
    let inclusive = rng.chance(60);
    let null_allowed = rng.chance(30);
    // No engine sends an empty set.
    let values = if values.is_empty() && inclusive && !null_allowed {
        pool.values[..1].to_vec()
    } else {
        values
    };
    let values = array_of(&values, &pool.data_type).expect("a pool holds values of its column");
    ValueSet::Equatable(EquatableValueSet { values, inclusive, null_allowed })
}

fn ranges(pool: &Pool, rng: &mut Rng) -> ValueSet {
    let mut indices: Vec<usize> = (0..2 * rng.below(4)).map(|_| pool.index(rng)).collect();
    indices.sort_unstable();
    indices.dedup();
    let mut ranges: Vec<Range> = indices.chunks(2).map(|ends| range(pool, ends, rng)).collect();
    if let (Some(first), true) = (ranges.first_mut(), rng.chance(25)) {
        first.low = Marker::lower_unbounded(pool.data_type.clone());
    }
    if let (Some(last), true) = (ranges.last_mut(), rng.chance(25)) {
        last.high = Marker::upper_unbounded(pool.data_type.clone());
    }
    let mut null_allowed = rng.chance(30);
    if ranges.is_empty() {
        // IS NULL, or IS NOT NULL.
        null_allowed = rng.chance(50);
        ranges.extend((!null_allowed).then(|| Range::all(pool.data_type.clone())));
    }
    sorted(pool, ranges, null_allowed)
}

fn range(pool: &Pool, ends: &[usize], rng: &mut Rng) -> Range {
    let value = |index: usize| array(pool, &pool.values[index]);
    match ends {
        [low, high] => Range {
            low: Marker::new(*rng.choose(&[Bound::Exactly, Bound::Above]), value(*low)),
            high: Marker::new(*rng.choose(&[Bound::Exactly, Bound::Below]), value(*high)),
        },
        [only, ..] => Range::equal(value(*only)),
        [] => Range::all(pool.data_type.clone()),
    }
}
