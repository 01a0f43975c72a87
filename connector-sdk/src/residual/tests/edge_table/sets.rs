//! Every kind of value set on every type, with constants of every type that compares with it.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{array::ArrayRef, compute::concat, datatypes::DataType, record_batch::RecordBatch};
use athena_protocol::predicate::{
    AllOrNoneValueSet, Bound, Constraints, Marker, Range, SortedRangeSet, ValueSet,
};

use super::{
    super::build::{above, below, list, range},
    Table, combinations, compares, constants,
};

pub(super) fn run(table: &mut Table) {
    for (column, values) in table.pools.clone() {
        let rows = combinations(&[("c", &values)]);
        for (all, null_allowed) in [(false, false), (false, true), (true, false), (true, true)] {
            let data_type = values.data_type().clone();
            check(
                table,
                ValueSet::AllOrNone(AllOrNoneValueSet { data_type, all, null_allowed }),
                &rows,
            );
        }
        check(table, ranges(Vec::new(), true), &rows);
        check(table, ranges(vec![Range::all(values.data_type().clone())], false), &rows);
        for (pool, other) in table.pools.clone() {
            if compares(column, pool) {
                let constants = constants(&other);
                lists(table, &constants, &rows);
                single_ended(table, &constants, &rows);
                if column == pool {
                    double_ended(table, &constants, &rows);
                }
            }
        }
    }
}

fn check(table: &mut Table, set: ValueSet, rows: &RecordBatch) {
    let summary = BTreeMap::from([("c".to_owned(), set)]);
    table.set(&Constraints { summary, ..Constraints::default() }, rows);
}

fn ranges(ranges: Vec<Range>, null_allowed: bool) -> ValueSet {
    let data_type = ranges.first().map_or(DataType::Null, |range| range.low.data_type.clone());
    ValueSet::SortedRange(SortedRangeSet { data_type, ranges, null_allowed })
}

/// Checks lists of every value, every pair, and all values; inclusive and exclusive, with null and
/// without.
fn lists(table: &mut Table, constants: &[ArrayRef], rows: &RecordBatch) {
    let join = |values: &[&ArrayRef]| {
        concat(&values.iter().map(AsRef::as_ref).collect::<Vec<_>>()).expect("values of one type")
    };
    let mut samples = vec![constants[0].slice(0, 0), join(&constants.iter().collect::<Vec<_>>())];
    for (at, first) in constants.iter().enumerate() {
        samples.push(Arc::clone(first));
        samples.extend(constants[at + 1..].iter().map(|second| join(&[second, first])));
    }
    for (at, values) in samples.into_iter().enumerate() {
        for inclusive in [false, true] {
            check(table, list(Arc::clone(&values), inclusive, at % 2 == 0), rows);
        }
    }
}

/// Checks ranges at, above and below each value, and excluding it.
fn single_ended(table: &mut Table, constants: &[ArrayRef], rows: &RecordBatch) {
    for (at, value) in constants.iter().enumerate() {
        let value = || Arc::clone(value);
        let samples = [
            vec![Range::equal(value())],
            vec![above(Bound::Above, value())],
            vec![above(Bound::Exactly, value())],
            vec![below(Bound::Below, value())],
            vec![below(Bound::Exactly, value())],
            vec![below(Bound::Below, value()), above(Bound::Above, value())],
            vec![above(Bound::Above, value()), below(Bound::Exactly, value())],
        ];
        for (sample, ends) in samples.into_iter().enumerate() {
            check(table, ranges(ends, (at + sample) % 2 == 0), rows);
        }
    }
    let points: Vec<Range> = constants.iter().rev().cloned().map(Range::equal).collect();
    check(table, ranges(points, false), rows);
    let data_type = constants[0].data_type().clone();
    let null = Marker {
        data_type: data_type.clone(),
        bound: Bound::Exactly,
        value: None,
        null_value: true,
    };
    check(
        table,
        ranges(vec![Range { low: Marker::lower_unbounded(data_type), high: null }], false),
        rows,
    );
}

/// Checks ranges from every value to every value, including empty ones, with each end inclusive or
/// exclusive.
fn double_ended(table: &mut Table, constants: &[ArrayRef], rows: &RecordBatch) {
    for (at, low) in constants.iter().enumerate() {
        for high in constants {
            for (low_bound, high_bound) in [
                (Bound::Exactly, Bound::Exactly),
                (Bound::Exactly, Bound::Below),
                (Bound::Above, Bound::Exactly),
                (Bound::Above, Bound::Below),
            ] {
                let both = range((low_bound, Arc::clone(low)), (high_bound, Arc::clone(high)));
                check(table, ranges(vec![both], at % 2 == 0), rows);
            }
        }
    }
}
