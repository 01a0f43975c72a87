//! `$and`, `$or` and `$not` of true, false, null and failure, nested.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BooleanArray, Int32Array},
    datatypes::DataType,
};
use athena_protocol::predicate::Expression;

use super::{
    super::build::{call, column, int, shared, typed},
    Table, combinations,
};

/// Creates a condition that is true for 1, false for 2, null for null, and fails for 0.
fn truth_of(name: &str) -> Expression {
    call("$equal", [typed("$divide", [int(1), column(name)], DataType::Int32), int(1)])
}

pub(super) fn run(table: &mut Table) {
    let states: ArrayRef = Arc::new(Int32Array::from(vec![0, 1, 2]));
    let truths: ArrayRef = Arc::new(BooleanArray::from(vec![false, true]));
    let rows = combinations(&[("a", &states), ("b", &states), ("c", &states), ("d", &truths)]);
    let [a, b, c] = ["a", "b", "c"].map(|name| move || truth_of(name));
    let d = || column("d");
    let constants = [Some(false), Some(true), None]
        .map(|truth| -> ArrayRef { Arc::new(BooleanArray::from(vec![truth])) });
    for function in ["$and", "$or"] {
        let other = if function == "$and" { "$or" } else { "$and" };
        let conditions = [
            call(function, [a()]),
            call(function, [a(), b()]),
            call(function, [a(), b(), c()]),
            call(function, [d(), a(), d()]),
            call(function, [d(), call("$not", [d()])]),
            call(function, [a(), call(other, [b(), c()])]),
            call(other, [call(function, [a(), b()]), call(function, [b(), c()]), d()]),
            call("$not", [call(function, [call("$not", [a()]), call("$not", [b()])])]),
            call(function, [call("$is_null", [d()]), call(other, [a(), call("$is_null", [b()])])]),
        ];
        for condition in &conditions {
            table.truths_if(true, condition, &rows);
        }
        for constant in &constants {
            let constant = || shared(Arc::clone(constant));
            for condition in [
                call(function, [constant(), a()]),
                call(function, [d(), constant(), call(other, [a(), constant()])]),
                call(function, [constant(), constant()]),
            ] {
                table.truths_if(true, &condition, &rows);
            }
        }
    }
    table.truths_if(false, &call("$and", []), &rows);
    table.truths_if(false, &call("$or", [column("a"), d()]), &rows);
}
