//! Edge table: every operator and every kind of value set, on every type that it supports, with
//! every edge value of the type and null, in all combinations, compared with the oracle.
//!
//! Each condition is tested as is, negated and under `$is_null`, which distinguishes null from
//! false. A condition that is not evaluated must keep every row, and must be one that [`compares`]
//! lists: the table fails when a type stops being evaluated.

mod arithmetic;
mod comparisons;
mod logic;
mod patterns;
mod sets;

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Array, UInt32Array},
    compute::take,
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use athena_protocol::predicate::{Constraints, Expression};

use super::{
    build::{call, conditions},
    sample::{packed, pools},
    tally::Tally,
};

#[test]
fn no_operator_loses_or_adds_a_row_for_any_edge_value() {
    let mut table = Table { pools: pools(), tally: Tally::default() };
    let parts: [(&str, Part); 5] = [
        ("comparisons", comparisons::run),
        ("value sets", sets::run),
        ("logic", logic::run),
        ("patterns", patterns::run),
        ("arithmetic", arithmetic::run),
    ];
    for (name, run) in parts {
        let before = table.tally.comparisons();
        run(&mut table);
        println!("edge table, {name}: {} comparisons", table.tally.comparisons() - before);
    }
    let tally = &table.tally;
    println!(
        "edge table: {} comparisons, {} lost, {} extra",
        tally.comparisons(),
        tally.lost,
        tally.extra
    );
    tally.assert_equal();
    let Tally { kept, dropped, failed, unevaluated, .. } = tally;
    println!(
        "edge table: {kept} kept, {dropped} dropped, {failed} failed, \
         {unevaluated} predicates left to the engine"
    );
    assert!(
        *kept > 200_000 && *dropped > 200_000 && *failed > 2_000,
        "{kept}, {dropped}, {failed}"
    );
}

/// Family of conditions that adds its checks to the table.
type Part = fn(&mut Table);

struct Table {
    /// Name and edge values of each type.
    pools: Vec<(&'static str, ArrayRef)>,
    tally: Tally,
}

/// Returns whether columns of two types, given by the names of their pools, are compared without
/// rounding.
fn compares(left: &str, right: &str) -> bool {
    let exact = ["i8", "i16", "i32", "i64", "dec2", "dec0", "dec38"];
    let widens = |float: &str, other: &str| match float {
        "f32" => ["i8", "i16", "f64"].contains(&other),
        "f64" => ["i8", "i16", "i32", "f32"].contains(&other),
        _ => false,
    };
    let both = |names: &[&str]| names.contains(&left) && names.contains(&right);
    left == right
        || both(&exact)
        || both(&["day", "milli"])
        || widens(left, right)
        || widens(right, left)
}

impl Table {
    /// Checks the condition, its negation, and whether it is null, on every row.
    fn truths(&mut self, condition: &Expression, batch: &RecordBatch) {
        let negated = call("$not", [condition.clone()]);
        let null = call("$is_null", [condition.clone()]);
        for condition in [condition.clone(), negated, null] {
            self.tally.compare(&conditions([condition]), batch);
        }
    }

    /// Checks like [`Self::truths`] a condition that is evaluated exactly if `evaluated`.
    #[track_caller]
    fn truths_if(&mut self, evaluated: bool, condition: &Expression, batch: &RecordBatch) {
        let before = self.tally.unevaluated;
        self.truths(condition, batch);
        let expected = if evaluated { 0 } else { 3 };
        assert_eq!(
            self.tally.unevaluated - before,
            expected,
            "predicates not evaluated: {condition:#?}"
        );
    }

    #[track_caller]
    fn set(&mut self, constraints: &Constraints, batch: &RecordBatch) {
        let before = self.tally.unevaluated;
        self.tally.compare(constraints, batch);
        assert_eq!(self.tally.unevaluated, before, "not evaluated: {constraints:#?}");
    }
}

/// Appends a null.
fn with_null(values: &ArrayRef) -> ArrayRef {
    let rows = u32::try_from(values.len()).expect("a small pool");
    let indices: UInt32Array = (0..rows).map(Some).chain([None]).collect();
    take(values, &indices, None).expect("indices within the pool")
}

/// Returns every value on its own and a null, in wire form.
fn constants(values: &ArrayRef) -> Vec<ArrayRef> {
    let values = with_null(values);
    // Any zone will do: the wire form is an instant and a zone, and only instants compare.
    let values = if matches!(values.data_type(), DataType::Timestamp(_, _)) {
        packed(&values, 1_847)
    } else {
        values
    };
    (0..values.len()).map(|row| values.slice(row, 1)).collect()
}

/// Creates rows with every combination of the columns' values and null, numbered in column `id`.
fn combinations(columns: &[(&str, &ArrayRef)]) -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> =
        columns.iter().map(|(name, values)| (*name, with_null(values))).collect();
    let rows: usize = columns.iter().map(|(_, values)| values.len()).product();
    let mut repeat = 1;
    let mut fields = Vec::new();
    let mut arrays = Vec::<ArrayRef>::new();
    for (name, values) in &columns {
        let index = |row: usize| u32::try_from(row / repeat % values.len()).expect("a small pool");
        let indices: UInt32Array = (0..rows).map(index).map(Some).collect();
        fields.push(Field::new(*name, values.data_type().clone(), true));
        arrays.push(take(values, &indices, None).expect("indices within the pool"));
        repeat *= values.len();
    }
    fields.push(Field::new("id", DataType::Int64, false));
    arrays.push(Arc::new((0_i64..).take(rows).collect::<Int64Array>()));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns of one length")
}
