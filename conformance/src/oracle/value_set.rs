//! Value sets (section 7.1 of the protocol).

use std::cmp::Ordering;

use athena_protocol::predicate::{Bound, Marker, Range, ValueSet};

use super::{Cell, Verdict, compare};

/// Returns the verdict of `set` on `cell`, [`Verdict::Either`] where the protocol does not specify
/// it.
pub fn allows(set: &ValueSet, cell: &Cell) -> Verdict {
    if cell.is_null() {
        return Verdict::of(set.null_allowed());
    }
    match set {
        ValueSet::AllOrNone(set) => Verdict::of(set.all),
        ValueSet::Equatable(set) => {
            let items = (0..set.values.len()).map(|row| Cell::read(&set.values, row));
            let mut listed = false;
            for item in items.filter(|item| !item.is_null()) {
                match compare(&item, cell) {
                    Some(order) => listed |= order == Ordering::Equal,
                    // NaN equals nothing: an inclusive list drops it, an exclusive one keeps it.
                    None if cell.is_nan() => {}
                    None => return Verdict::Either,
                }
            }
            Verdict::of(listed == set.inclusive)
        }
        ValueSet::SortedRange(set) => in_ranges(&set.ranges, cell),
    }
}

fn in_ranges(ranges: &[Range], cell: &Cell) -> Verdict {
    if cell.is_nan() {
        return match ranges {
            // The range of all values.
            [only] if only.is_all() => Verdict::Keep,
            // No comparison with NaN is true, except "not equal", which several ranges may mean.
            [] | [_] => Verdict::Drop,
            _ => Verdict::Either,
        };
    }
    let mut verdict = Verdict::Drop;
    for range in ranges {
        let (Some(low), Some(high)) = (cmp_marker(cell, &range.low), cmp_marker(cell, &range.high))
        else {
            verdict = Verdict::Either;
            continue;
        };
        if low != Ordering::Less && high != Ordering::Greater {
            return Verdict::Keep;
        }
    }
    verdict
}

/// Compares `cell` with a marker; `None` if they do not compare.
fn cmp_marker(cell: &Cell, marker: &Marker) -> Option<Ordering> {
    if marker.is_unbounded() {
        // A lower unbounded marker is ABOVE without a value, an upper one BELOW.
        return Some(if marker.bound == Bound::Above { Ordering::Greater } else { Ordering::Less });
    }
    let value = marker.value.as_ref().filter(|value| !value.is_empty())?;
    let order = compare(cell, &Cell::read(value, 0))?;
    Some(order.then(match marker.bound {
        Bound::Below => Ordering::Greater,
        Bound::Exactly => Ordering::Equal,
        Bound::Above => Ordering::Less,
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, Float64Array, Int64Array},
        datatypes::DataType,
    };
    use athena_protocol::predicate::{EquatableValueSet, SortedRangeSet};

    use super::*;

    fn int(value: i64) -> ArrayRef {
        Arc::new(Int64Array::from(vec![value]))
    }

    fn ranges(ranges: Vec<Range>, null_allowed: bool) -> ValueSet {
        ValueSet::SortedRange(SortedRangeSet { data_type: DataType::Int64, ranges, null_allowed })
    }

    #[test]
    fn markers_determine_the_ends_of_a_range() {
        let between =
            |low, high| Range { low: Marker::new(low, int(3)), high: Marker::new(high, int(5)) };
        let kept = |range: Range| -> Vec<i64> {
            let set = ranges(vec![range], false);
            (0..9).filter(|value| allows(&set, &Cell::Int(*value)) == Verdict::Keep).collect()
        };
        assert_eq!(kept(between(Bound::Exactly, Bound::Exactly)), [3, 4, 5]);
        assert_eq!(kept(between(Bound::Above, Bound::Below)), [4]);
        assert_eq!(
            kept(Range {
                low: Marker::lower_unbounded(DataType::Int64),
                ..between(Bound::Above, Bound::Below)
            })
            .len(),
            5
        );
        assert_eq!(kept(Range::all(DataType::Int64)).len(), 9);
        assert_eq!(allows(&ranges(vec![], true), &Cell::Null), Verdict::Keep);
        assert_eq!(allows(&ranges(vec![], true), &Cell::Int(1)), Verdict::Drop);
    }

    #[test]
    fn nan_is_in_no_inclusive_list_and_in_no_bounded_range() {
        let value: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
        let nan = Cell::Double(f64::NAN);
        for (inclusive, verdict) in [(true, Verdict::Drop), (false, Verdict::Keep)] {
            let set =
                EquatableValueSet { values: Arc::clone(&value), inclusive, null_allowed: false };
            assert_eq!(allows(&ValueSet::Equatable(set), &nan), verdict);
        }
        let above = Range {
            low: Marker::new(Bound::Above, value),
            high: Marker::upper_unbounded(DataType::Float64),
        };
        assert_eq!(allows(&ranges(vec![above], false), &nan), Verdict::Drop);
        assert_eq!(
            allows(&ranges(vec![Range::all(DataType::Float64)], false), &nan),
            Verdict::Keep
        );
    }
}
