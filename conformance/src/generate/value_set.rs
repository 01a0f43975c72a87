//! Value sets on one column, as an engine makes them: ranges ascending and apart, no NaN.

use athena_protocol::predicate::{
    AllOrNoneValueSet, Bound, EquatableValueSet, Marker, Range, SortedRangeSet, ValueSet,
};

use super::{Dice, Pool};
use crate::oracle::{Cell, array_of};
use athena_client::Capabilities;

/// A set on the column of `pool`: of any kind, but more often of those that were announced.
pub(super) fn value_set(pool: &Pool, announced: &Capabilities, dice: &mut Dice) -> ValueSet {
    if pool.values.is_empty() {
        // What is nested is null or not, and nothing else.
        return all_or_none(pool, true, dice.chance(50));
    }
    let mut kinds: Vec<fn(&Pool, &mut Dice) -> ValueSet> = Vec::new();
    if announced.sorted_ranges || dice.chance(20) {
        kinds.extend([ranges as fn(&Pool, &mut Dice) -> ValueSet, ranges]);
    }
    if announced.equatable || dice.chance(20) {
        kinds.push(list);
    }
    if announced.all_or_none || dice.chance(20) {
        kinds.push(any);
    }
    if kinds.is_empty() {
        kinds.push(ranges);
    }
    dice.pick(&kinds)(pool, dice)
}

fn any(pool: &Pool, dice: &mut Dice) -> ValueSet {
    // Neither values nor nulls is what a Java engine writes for "not null": left out, for it says
    // two things.
    let (all, null_allowed) = *dice.pick(&[(true, true), (true, false), (false, true)]);
    all_or_none(pool, all, null_allowed)
}

fn all_or_none(pool: &Pool, all: bool, null_allowed: bool) -> ValueSet {
    ValueSet::AllOrNone(AllOrNoneValueSet { data_type: pool.data_type.clone(), all, null_allowed })
}

fn list(pool: &Pool, dice: &mut Dice) -> ValueSet {
    let values: Vec<Cell> = (0..dice.below(7)).map(|_| pool.value(dice).clone()).collect();
    let (inclusive, null_allowed) = (dice.chance(60), dice.chance(30));
    // Nothing at all is a query that no engine sends.
    let values = if values.is_empty() && inclusive && !null_allowed {
        pool.values[..1].to_vec()
    } else {
        values
    };
    let values = array_of(&values, &pool.data_type).expect("a pool holds values of its column");
    ValueSet::Equatable(EquatableValueSet { values, inclusive, null_allowed })
}

fn ranges(pool: &Pool, dice: &mut Dice) -> ValueSet {
    let mut places: Vec<usize> = (0..2 * dice.below(4)).map(|_| pool.place(dice)).collect();
    places.sort_unstable();
    places.dedup();
    let mut ranges: Vec<Range> = places.chunks(2).map(|ends| range(pool, ends, dice)).collect();
    if let (Some(first), true) = (ranges.first_mut(), dice.chance(25)) {
        first.low = Marker::lower_unbounded(pool.data_type.clone());
    }
    if let (Some(last), true) = (ranges.last_mut(), dice.chance(25)) {
        last.high = Marker::upper_unbounded(pool.data_type.clone());
    }
    let mut null_allowed = dice.chance(30);
    if ranges.is_empty() {
        // IS NULL, or IS NOT NULL.
        null_allowed = dice.chance(50);
        ranges.extend((!null_allowed).then(|| Range::all(pool.data_type.clone())));
    }
    ValueSet::SortedRange(SortedRangeSet {
        data_type: pool.data_type.clone(),
        ranges,
        null_allowed,
    })
}

fn range(pool: &Pool, ends: &[usize], dice: &mut Dice) -> Range {
    let value = |place: usize| {
        array_of(std::slice::from_ref(&pool.values[place]), &pool.data_type)
            .expect("a pool holds values of its column")
    };
    match ends {
        [low, high] => Range {
            low: Marker::new(*dice.pick(&[Bound::Exactly, Bound::Above]), value(*low)),
            high: Marker::new(*dice.pick(&[Bound::Exactly, Bound::Below]), value(*high)),
        },
        [only, ..] => Range::equal(value(*only)),
        [] => Range::all(pool.data_type.clone()),
    }
}
