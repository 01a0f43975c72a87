//! Generated value sets in the form that an engine sends: ranges ascending and disjoint, no NaN.

use athena_client::Capabilities;
use athena_protocol::predicate::{
    AllOrNoneValueSet, Bound, EquatableValueSet, Marker, Range, SortedRangeSet, ValueSet,
};

use super::{Pool, Rng};
use crate::oracle::{Cell, array_of};

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

fn any(pool: &Pool, rng: &mut Rng) -> ValueSet {
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
    ValueSet::SortedRange(SortedRangeSet {
        data_type: pool.data_type.clone(),
        ranges,
        null_allowed,
    })
}

fn range(pool: &Pool, ends: &[usize], rng: &mut Rng) -> Range {
    let value = |index: usize| {
        array_of(std::slice::from_ref(&pool.values[index]), &pool.data_type)
            .expect("a pool holds values of its column")
    };
    match ends {
        [low, high] => Range {
            low: Marker::new(*rng.choose(&[Bound::Exactly, Bound::Above]), value(*low)),
            high: Marker::new(*rng.choose(&[Bound::Exactly, Bound::Below]), value(*high)),
        },
        [only, ..] => Range::equal(value(*only)),
        [] => Range::all(pool.data_type.clone()),
    }
}
