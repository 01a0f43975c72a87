//! Sets of ordered keys, the compiled form of value sets and lists.

use std::{borrow::Borrow, collections::HashSet, hash::Hash};

/// Number of single keys from which on a hash lookup beats binary search.
const HASHED_FROM: usize = 16;

/// Key that orders like the value it stands for, with no key between it and its successor.
pub(super) trait Key: Ord + Hash + Clone {
    /// Returns the smallest key.
    fn smallest() -> Self;

    /// Returns the next key, or `None` after the last.
    fn successor(&self) -> Option<Self>;
}

impl Key for i64 {
    fn smallest() -> Self {
        Self::MIN
    }

    fn successor(&self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Key for i128 {
    fn smallest() -> Self {
        Self::MIN
    }

    fn successor(&self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Key for Box<[u8]> {
    fn smallest() -> Self {
        Self::default()
    }

    /// Appends a zero byte: nothing lies between a byte string and the same string followed by
    /// zero.
    fn successor(&self) -> Option<Self> {
        let mut next = Vec::with_capacity(self.len() + 1);
        next.extend_from_slice(self);
        next.push(0);
        Some(next.into_boxed_slice())
    }
}

/// Keys from `low` up to but excluding `high`; unbounded above without `high`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interval<K> {
    pub(super) low: K,
    pub(super) high: Option<K>,
}

impl<K: Key> Interval<K> {
    pub(super) fn point(key: K) -> Self {
        Self { high: key.successor(), low: key }
    }

    fn is_empty(&self) -> bool {
        self.high.as_ref().is_some_and(|high| *high <= self.low)
    }

    fn is_point(&self) -> bool {
        self.high.is_some() && self.low.successor() == self.high
    }
}

/// Union of disjoint intervals in ascending order, with single keys in a hash set if there are
/// many.
#[derive(Debug)]
pub(super) struct Intervals<K> {
    ranges: Vec<Interval<K>>,
    points: HashSet<K>,
}

impl<K: Key> Intervals<K> {
    /// Creates the union of `intervals`, which may be empty, overlap and come in any order.
    pub(super) fn new(mut intervals: Vec<Interval<K>>) -> Self {
        intervals.retain(|interval| !interval.is_empty());
        intervals.sort_unstable_by(|a, b| a.low.cmp(&b.low));
        let mut ranges: Vec<Interval<K>> = Vec::with_capacity(intervals.len());
        for next in intervals {
            match ranges.last_mut() {
                Some(last) if last.high.as_ref().is_none_or(|high| next.low <= *high) => {
                    // `None` is the highest end, but the lowest `Option`.
                    if last.high.is_some() && (next.high.is_none() || next.high > last.high) {
                        last.high = next.high;
                    }
                }
                _ => ranges.push(next),
            }
        }
        let mut points = HashSet::new();
        if ranges.iter().filter(|range| range.is_point()).count() >= HASHED_FROM {
            let (single, rest) = ranges.into_iter().partition(Interval::is_point);
            points = Vec::into_iter(single).map(|point| point.low).collect();
            ranges = rest;
        }
        Self { ranges, points }
    }

    /// Returns whether every key is in the set.
    pub(super) fn is_all(&self) -> bool {
        matches!(&self.ranges[..], [only] if only.high.is_none() && only.low == K::smallest())
    }

    /// Returns the ranges as (start, exclusive end), ascending, neither overlapping nor touching.
    pub(super) fn to_ranges(&self) -> Vec<(K, Option<K>)> {
        let points = self.points.iter().map(|key| (key.clone(), key.successor()));
        let mut ranges: Vec<_> = self
            .ranges
            .iter()
            .map(|range| (range.low.clone(), range.high.clone()))
            .chain(points)
            .collect();
        ranges.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        // A point from the hash set may touch a range or another point.
        ranges.dedup_by(|next, last| {
            let touches = last.1.as_ref() == Some(&next.0);
            if touches {
                last.1.clone_from(&next.1);
            }
            touches
        });
        ranges
    }

    /// Returns whether `key` is in the set.
    #[inline]
    pub(super) fn contains<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Ord + Hash + ?Sized,
    {
        let in_range = match &self.ranges[..] {
            [] => false,
            [only] => {
                only.low.borrow() <= key
                    && only.high.as_ref().is_none_or(|high| key < high.borrow())
            }
            ranges => {
                let above = ranges.partition_point(|range| range.low.borrow() <= key);
                above > 0 && ranges[above - 1].high.as_ref().is_none_or(|high| key < high.borrow())
            }
        };
        in_range || (!self.points.is_empty() && self.points.contains(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(low: i64, high: Option<i64>) -> Interval<i64> {
        Interval { low, high }
    }

    #[test]
    fn overlapping_unsorted_and_empty_intervals_are_merged() {
        let set = Intervals::new(vec![
            interval(10, Some(20)),
            interval(1, Some(3)),
            interval(3, Some(5)),
            interval(15, Some(17)),
            interval(8, Some(8)),
            interval(9, Some(2)),
        ]);
        assert_eq!(set.ranges, [interval(1, Some(5)), interval(10, Some(20))]);
        let inside: Vec<i64> = (0..25).filter(|key| set.contains(key)).collect();
        assert_eq!(inside, (1..5).chain(10..20).collect::<Vec<_>>());
    }

    #[test]
    fn an_unbounded_interval_covers_the_following_ones() {
        let set = Intervals::new(vec![
            interval(5, None),
            interval(7, Some(9)),
            interval(i64::MIN, Some(5)),
        ]);
        assert!(set.is_all());
        assert!(!Intervals::new(vec![interval(i64::MIN, Some(i64::MAX))]).is_all());
        assert!(Intervals::new(vec![Interval::point(i64::MAX)]).contains(&i64::MAX));
    }

    #[test]
    fn many_single_keys_and_ranges_are_found() {
        let points = (0..1_000_i64).map(|key| Interval::point(key * 2));
        let set = Intervals::new(points.chain([interval(5_000, Some(5_010))]).collect());
        assert_eq!((set.points.len(), set.ranges.len()), (1_000, 1));
        assert!(
            set.contains(&1_998)
                && !set.contains(&1_999)
                && set.contains(&5_009)
                && !set.contains(&5_010)
        );
    }

    #[test]
    fn nothing_lies_between_bytes_and_their_successor() {
        let key: Box<[u8]> = (*b"a").into();
        let next = key.successor().expect("there is always one");
        assert!(key < next && *next == *b"a\0");
        let set = Intervals::new(vec![Interval::point(key)]);
        assert!(set.contains(&b"a"[..]) && !set.contains(&b"a\0"[..]) && !set.contains(&b""[..]));
    }
}
