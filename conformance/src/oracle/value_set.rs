//! Value sets (section 7.1 of the protocol).

use std::cmp::Ordering;

use athena_protocol::predicate::{Bound, Marker, Range, ValueSet};

use super::{Cell, Verdict, compare};

/// Returns the verdict of `set` on `cell`, [`Verdict::Either`] where the protocol does not specify
/// it.
pub fn allows(set: &ValueSet, cell: &Cell) -> Verdict {
    CellSet::new(set).allows(cell)
}

/// Value set whose constants are read once, for many rows.
#[derive(Debug)]
pub(super) struct CellSet {
    null_allowed: bool,
    values: Values,
}

/// Values of a set that are not null.
#[derive(Debug)]
enum Values {
    AllOrNone(bool),
    List { items: Vec<Cell>, inclusive: bool },
    Ranges(Vec<[End; 2]>),
}

/// End of a range.
#[derive(Debug)]
enum End {
    /// All values compare to it like this.
    Unbounded(Ordering),
    At(Bound, Cell),
    /// A marker without a value, to which nothing compares.
    Unknown,
}

impl CellSet {
    pub(super) fn new(set: &ValueSet) -> Self {
        let values = match set {
            ValueSet::AllOrNone(set) => Values::AllOrNone(set.all),
            ValueSet::Equatable(set) => {
                let items = (0..set.values.len()).map(|row| Cell::read(&set.values, row));
                let items = items.filter(|item| !item.is_null()).collect();
                Values::List { items, inclusive: set.inclusive }
            }
            ValueSet::SortedRange(set) => {
                let ends = |range: &Range| [End::new(&range.low), End::new(&range.high)];
                Values::Ranges(set.ranges.iter().map(ends).collect())
            }
        };
        Self { null_allowed: set.null_allowed(), values }
    }

    pub(super) fn allows(&self, cell: &Cell) -> Verdict {
        if cell.is_null() {
            return Verdict::of(self.null_allowed);
        }
        match &self.values {
            Values::AllOrNone(all) => Verdict::of(*all),
            Values::List { items, inclusive } => {
                let mut listed = false;
                for item in items {
                    match compare(item, cell) {
                        Some(order) => listed |= order == Ordering::Equal,
                        // NaN equals nothing: an inclusive list drops it, an exclusive one keeps
                        // it.
                        None if cell.is_nan() => {}
                        None => return Verdict::Either,
                    }
                }
                Verdict::of(listed == *inclusive)
            }
            Values::Ranges(ranges) => in_ranges(ranges, cell),
        }
    }
}

fn in_ranges(ranges: &[[End; 2]], cell: &Cell) -> Verdict {
    if cell.is_nan() {
        return match ranges {
            // The range of all values.
            [[End::Unbounded(_), End::Unbounded(_)]] => Verdict::Keep,
            // No comparison with NaN is true, except "not equal", which several ranges may mean.
            [] | [_] => Verdict::Drop,
            _ => Verdict::Either,
        };
    }
    let mut verdict = Verdict::Drop;
    for [low, high] in ranges {
        let (Some(low), Some(high)) = (low.compare_to(cell), high.compare_to(cell)) else {
            verdict = Verdict::Either;
            continue;
        };
        if low != Ordering::Less && high != Ordering::Greater {
            return Verdict::Keep;
        }
    }
    verdict
}

impl End {
    fn new(marker: &Marker) -> Self {
        if marker.is_unbounded() {
            // A lower unbounded marker is ABOVE without a value, an upper one BELOW.
            let is_lower = marker.bound == Bound::Above;
            return Self::Unbounded(if is_lower { Ordering::Greater } else { Ordering::Less });
        }
        match marker.value.as_ref().filter(|value| !value.is_empty()) {
            Some(value) => Self::At(marker.bound, Cell::read(value, 0)),
            None => Self::Unknown,
        }
    }

    /// Compares `cell` with the end; `None` if they do not compare.
    fn compare_to(&self, cell: &Cell) -> Option<Ordering> {
        match self {
            Self::Unbounded(order) => Some(*order),
            Self::Unknown => None,
            Self::At(bound, value) => Some(compare(cell, value)?.then(match bound {
                Bound::Below => Ordering::Greater,
                Bound::Exactly => Ordering::Equal,
                Bound::Above => Ordering::Less,
            })),
        }
    }
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
