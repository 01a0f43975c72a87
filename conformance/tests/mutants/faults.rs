//! Building blocks of faults: changed value sets, other comparisons, lost and repeated rows.

use std::{cmp::Ordering, sync::Arc};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, Date64Array, Decimal128Array, Float64Array, RecordBatch,
        TimestampMillisecondArray,
    },
    datatypes::{DataType, Date64Type, Decimal128Type, Float64Type, TimestampMillisecondType},
};
use athena_conformance::oracle::{Cell, Row};
use athena_protocol::{
    Constraints,
    predicate::{Bound, Expression, Marker, Range, SortedRangeSet, ValueSet},
    timestamp_tz::{pack, unpack},
};

use super::mutant::{Fault, Read, cmp, passes, pick};

/// Changes the value set on a column.
pub(crate) fn set_on(
    column: &'static str,
    change: impl Fn(&mut ValueSet) + Send + Sync + 'static,
) -> Fault {
    Fault::in_read(move |read| {
        if let Some(set) = read.constraints.summary.get_mut(column) {
            change(set);
        }
    })
}

/// Changes the ranges of the set on a column.
pub(crate) fn ranges_on(
    column: &'static str,
    change: impl Fn(&mut Vec<Range>) + Send + Sync + 'static,
) -> Fault {
    set_on(column, move |set| {
        if let ValueSet::SortedRange(set) = set {
            change(&mut set.ranges);
        }
    })
}

/// Returns true for a range of one value.
pub(crate) fn is_point(range: &Range) -> bool {
    range.low == range.high
}

/// Returns the value of a marker.
pub(crate) fn value_of(marker: &Marker) -> Option<Cell> {
    marker.value.as_ref().filter(|value| !value.is_empty()).map(|value| Cell::read(value, 0))
}

/// Changes the bounds on a column, and drops the ranges that become empty.
pub(crate) fn bounds_on(
    column: &'static str,
    change: impl Fn(&mut Range) + Send + Sync + 'static,
) -> Fault {
    ranges_on(column, move |ranges| {
        ranges.iter_mut().for_each(&change);
        ranges.retain(|range| match (value_of(&range.low), value_of(&range.high)) {
            (Some(low), Some(high)) => match cmp(&low, &high) {
                Ordering::Less => true,
                Ordering::Equal => {
                    range.low.bound == Bound::Exactly && range.high.bound == Bound::Exactly
                }
                Ordering::Greater => false,
            },
            _ => true,
        });
    })
}

/// Rounds a constant to a multiple of `unit`: digits of a decimal, milliseconds of a time, tenths
/// of a double. `up` is the direction.
pub(crate) fn rounded(value: &ArrayRef, unit: i64, up: bool) -> ArrayRef {
    let whole =
        |value: i64| value.div_euclid(unit) * unit + if up && value % unit != 0 { unit } else { 0 };
    match value.data_type() {
        DataType::Decimal128(_, _) => {
            let unit = i128::from(unit);
            let digits: Decimal128Array = value.as_primitive::<Decimal128Type>().unary(|digits| {
                digits.div_euclid(unit) * unit + if up && digits % unit != 0 { unit } else { 0 }
            });
            Arc::new(digits.with_data_type(value.data_type().clone()))
        }
        DataType::Date64 => {
            let times: Date64Array = value.as_primitive::<Date64Type>().unary(whole);
            Arc::new(times)
        }
        DataType::Timestamp(_, _) => {
            let times: TimestampMillisecondArray =
                value.as_primitive::<TimestampMillisecondType>().unary(|packed| {
                    let (millis, zone) = unpack(packed);
                    pack(whole(millis), zone).expect("a representable instant")
                });
            Arc::new(times.with_data_type(value.data_type().clone()))
        }
        DataType::Float64 => {
            let tenths: Float64Array = value.as_primitive::<Float64Type>().unary(|value: f64| {
                let tenths = value * 10.0;
                (if up { tenths.ceil() } else { tenths.floor() }) / 10.0
            });
            Arc::new(tenths)
        }
        other => panic!("{other} is not rounded"),
    }
}

/// Rounds the upper bounds on a column down.
pub(crate) fn round_high_down(column: &'static str, unit: i64) -> Fault {
    bounds_on(column, move |range| {
        if let Some(value) = &mut range.high.value {
            *value = rounded(value, unit, false);
        }
    })
}

/// Rounds the lower bounds on a column up.
pub(crate) fn round_low_up(column: &'static str, unit: i64) -> Fault {
    bounds_on(column, move |range| {
        if let Some(value) = &mut range.low.value {
            *value = rounded(value, unit, true);
        }
    })
}

/// Changes all constants of the set on a column.
pub(crate) fn constants_on(
    column: &'static str,
    change: impl Fn(&ArrayRef) -> ArrayRef + Send + Sync + 'static,
) -> Fault {
    set_on(column, move |set| each_constant(set, &change))
}

fn each_constant(set: &mut ValueSet, change: &impl Fn(&ArrayRef) -> ArrayRef) {
    match set {
        ValueSet::AllOrNone(_) => {}
        ValueSet::Equatable(set) => set.values = change(&set.values),
        ValueSet::SortedRange(set) => {
            for marker in set.ranges.iter_mut().flat_map(|range| [&mut range.low, &mut range.high])
            {
                if let Some(value) = &mut marker.value {
                    *value = change(value);
                }
            }
        }
    }
}

/// Sets whether null passes.
pub(crate) fn allow_null(set: &mut ValueSet, allowed: bool) {
    match set {
        ValueSet::SortedRange(set) => set.null_allowed = allowed,
        ValueSet::Equatable(set) => set.null_allowed = allowed,
        ValueSet::AllOrNone(set) => set.null_allowed = allowed,
    }
}

/// Returns the set of all values, and of null if `set` has it.
pub(crate) fn everything_like(set: &ValueSet) -> ValueSet {
    let data_type = set.data_type().clone();
    let ranges = vec![Range::all(data_type.clone())];
    ValueSet::SortedRange(SortedRangeSet { data_type, ranges, null_allowed: set.null_allowed() })
}

/// Returns the set of no value, and of null if `set` has it.
pub(crate) fn nothing_like(set: &ValueSet) -> ValueSet {
    let data_type = set.data_type().clone();
    let null_allowed = set.null_allowed();
    ValueSet::SortedRange(SortedRangeSet { data_type, ranges: Vec::new(), null_allowed })
}

/// Returns the values that a set lists one by one: a list, or ranges of one value.
pub(crate) fn members(set: &ValueSet) -> Option<Vec<Cell>> {
    match set {
        ValueSet::Equatable(set) if set.inclusive => {
            Some((0..set.values.len()).map(|row| Cell::read(&set.values, row)).collect())
        }
        ValueSet::SortedRange(set) if !set.ranges.is_empty() && set.ranges.iter().all(is_point) => {
            set.ranges.iter().map(|range| value_of(&range.low)).collect()
        }
        _ => None,
    }
}

/// Keeps only some members of a set that lists its values; `keep` receives the index of a member
/// and their number.
pub(crate) fn members_on(
    column: &'static str,
    keep: impl Fn(usize, usize) -> bool + Send + Sync + 'static,
) -> Fault {
    set_on(column, move |set| match set {
        ValueSet::Equatable(list) if list.inclusive => {
            let all = list.values.len();
            let kept: Vec<_> = (0..all)
                .filter(|&index| keep(index, all))
                .map(|index| list.values.slice(index, 1))
                .collect();
            let kept: Vec<&dyn Array> = kept.iter().map(AsRef::as_ref).collect();
            list.values = if kept.is_empty() {
                list.values.slice(0, 0)
            } else {
                arrow::compute::concat(&kept).expect("values of one type")
            };
        }
        ValueSet::SortedRange(set) if set.ranges.iter().all(is_point) => {
            let all = set.ranges.len();
            let mut index = 0;
            set.ranges.retain(|_| {
                index += 1;
                keep(index - 1, all)
            });
        }
        _ => {}
    })
}

/// Compares the values of a column as `map` returns them, in its set and in rows.
pub(crate) fn compared_as(
    column: &'static str,
    map: impl Fn(&Cell) -> Cell + Copy + Send + Sync + 'static,
) -> Fault {
    judged_on(column, move |set, cell| {
        holds(set, cell, |left, right| Some(cmp(&map(left), &map(right))))
    })
}

/// Orders the values of a column, in its set and in rows, by `order`.
pub(crate) fn ordered_as(
    column: &'static str,
    order: impl Fn(&Cell, &Cell) -> Ordering + Copy + Send + Sync + 'static,
) -> Fault {
    judged_on(column, move |set, cell| holds(set, cell, |left, right| Some(order(left, right))))
}

/// Decides with `judge` which values that are not null are in the set on a column.
pub(crate) fn judged_on(
    column: &'static str,
    judge: impl Fn(&ValueSet, &Cell) -> bool + Send + Sync + 'static,
) -> Fault {
    Fault::in_filter(move |constraints, names, row| {
        let index = names.iter().position(|name| name == column);
        let (Some(index), Some(set)) = (index, constraints.summary.get(column)) else {
            return passes(constraints, names, row);
        };
        let mut others = constraints.clone();
        others.summary.remove(column);
        let cell = &row[index];
        let holds = if cell.is_null() { set.null_allowed() } else { judge(set, cell) };
        holds && passes(&others, names, row)
    })
}

/// Returns true if a set holds a value, compared by `order`.
pub(crate) fn holds(
    set: &ValueSet,
    cell: &Cell,
    order: impl Fn(&Cell, &Cell) -> Option<Ordering>,
) -> bool {
    let within = |range: &Range| {
        let low = value_of(&range.low).is_none_or(|low| match order(cell, &low) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => range.low.bound == Bound::Exactly,
            Some(Ordering::Less) | None => false,
        });
        let high = value_of(&range.high).is_none_or(|high| match order(cell, &high) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => range.high.bound == Bound::Exactly,
            Some(Ordering::Greater) | None => false,
        });
        low && high
    };
    match set {
        ValueSet::AllOrNone(set) => set.all,
        ValueSet::Equatable(set) => {
            let mut items = (0..set.values.len()).map(|row| Cell::read(&set.values, row));
            items.any(|item| order(cell, &item) == Some(Ordering::Equal)) == set.inclusive
        }
        ValueSet::SortedRange(set) => set.ranges.iter().any(within),
    }
}

/// Drops rows before the predicate. `lost` receives the value of a column in a row, and the set on
/// the column.
pub(crate) fn losing_on(
    column: &'static str,
    lost: impl Fn(&ValueSet, &Cell) -> bool + Send + Sync + 'static,
) -> Fault {
    Fault::in_scan(move |read, rows| {
        let Some(set) = read.applied.summary.get(column) else { return rows };
        let Ok(index) = rows.schema().index_of(column) else { return rows };
        let values = rows.column(index);
        let kept: Vec<usize> =
            (0..rows.num_rows()).filter(|&row| !lost(set, &Cell::read(values, row))).collect();
        pick(&rows, &kept)
    })
}

/// Skips a whole split if `skips` returns true for the set on a column and all values of the
/// column in the split.
pub(crate) fn skipping_on(
    column: &'static str,
    skips: impl Fn(&ValueSet, &[Cell]) -> bool + Send + Sync + 'static,
) -> Fault {
    Fault::in_scan(move |read, rows| {
        let Some(set) = read.applied.summary.get(column) else { return rows };
        let Some(values) = read.whole.column_by_name(column) else { return rows };
        let cells: Vec<Cell> = (0..values.len()).map(|row| Cell::read(values, row)).collect();
        if skips(set, &cells) { rows.slice(0, 0) } else { rows }
    })
}

/// Returns the least and the greatest value that is not null and not NaN.
pub(crate) fn extremes(cells: &[Cell]) -> Option<(Cell, Cell)> {
    let mut usable: Vec<&Cell> =
        cells.iter().filter(|cell| !cell.is_null() && !cell.is_nan()).collect();
    usable.sort_by(|left, right| cmp(left, right));
    Some(((*usable.first()?).clone(), (*usable.last()?).clone()))
}

/// Returns the least lower and the greatest upper bound of a set; `None` for a missing bound.
pub(crate) fn span(set: &ValueSet) -> (Option<Cell>, Option<Cell>) {
    match set {
        ValueSet::SortedRange(set) => (
            set.ranges.first().and_then(|range| value_of(&range.low)),
            set.ranges.last().and_then(|range| value_of(&range.high)),
        ),
        ValueSet::Equatable(_) | ValueSet::AllOrNone(_) => (None, None),
    }
}

/// Drops the last row of the response if `condition` holds.
pub(crate) fn last_row_lost_if(
    condition: impl Fn(&Read<'_>) -> bool + Send + Sync + 'static,
) -> Fault {
    Fault::in_rows(move |read, rows| {
        let kept = rows.num_rows().saturating_sub(usize::from(condition(read)));
        rows.slice(0, kept)
    })
}

/// Rewrites the expressions of reads.
pub(crate) fn rewriting(rewrite: impl Fn(&mut Expression) + Copy + Send + Sync + 'static) -> Fault {
    Fault::in_filter(move |constraints, names, row| {
        let mut changed: Constraints = constraints.clone();
        changed.expressions.iter_mut().for_each(|expression| everywhere(expression, &rewrite));
        passes(&changed, names, row)
    })
}

fn everywhere(expression: &mut Expression, rewrite: &impl Fn(&mut Expression)) {
    if let Expression::Call { arguments, .. } = expression {
        for argument in arguments {
            everywhere(argument, rewrite);
        }
    }
    rewrite(expression);
}

/// Returns the value of a column in a row.
pub(crate) fn cell_of<'a>(names: &[String], row: &'a Row, column: &str) -> Option<&'a Cell> {
    names.iter().position(|name| name == column).map(|index| &row[index])
}

/// Replaces the values of a column.
pub(crate) fn with_column(rows: &RecordBatch, column: &str, values: ArrayRef) -> RecordBatch {
    let Ok(index) = rows.schema().index_of(column) else { return rows.clone() };
    let mut columns = rows.columns().to_vec();
    columns[index] = values;
    RecordBatch::try_new(rows.schema(), columns).expect("values of the same type")
}

/// Hash of a value, as an index or a cache has it.
pub(crate) fn hash_of(cell: &Cell) -> u64 {
    let mut key = Vec::new();
    cell.write_key(&mut key);
    key.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
