//! Comparisons, `$in`, `$nullif` and `$is_null` of every type with every type.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use super::{
    super::build::{COMPARISONS, call, column, shared, typed},
    Table, combinations, compares, constants,
};

pub(super) fn run(table: &mut Table) {
    for (left, left_values) in table.pools.clone() {
        let rows = combinations(&[("l", &left_values)]);
        table.truths_if(true, &call("$is_null", [column("l")]), &rows);
        for (right, right_values) in table.pools.clone() {
            columns(
                table,
                [left, right],
                &combinations(&[("l", &left_values), ("r", &right_values)]),
            );
            let before = table.tally.unevaluated;
            let constants = constants(&right_values);
            for constant in &constants {
                let constant = || shared(Arc::clone(constant));
                for function in COMPARISONS {
                    table.truths(&call(function, [column("l"), constant()]), &rows);
                    table.truths(&call(function, [constant(), column("l")]), &rows);
                }
                table.truths(&call("$in", [column("l"), call("$array", [constant()])]), &rows);
            }
            let all = || constants.iter().cloned().map(shared);
            table.truths(
                &call("$in", [column("l"), call("$array", all().collect::<Vec<_>>())]),
                &rows,
            );
            let without_null: Vec<_> = all().take(constants.len() - 1).collect();
            table.truths(&call("$in", [column("l"), call("$array", without_null)]), &rows);
            if compares(left, right) {
                assert_eq!(
                    table.tally.unevaluated, before,
                    "some constant of {right} does not compare with {left}"
                );
            }
        }
    }
}

/// Checks comparisons, lists and `$nullif` of two columns.
fn columns(table: &mut Table, [left, right]: [&str; 2], rows: &RecordBatch) {
    let evaluated = compares(left, right);
    for function in COMPARISONS {
        table.truths_if(evaluated, &call(function, [column("l"), column("r")]), rows);
    }
    table.truths_if(
        evaluated,
        &call("$in", [column("l"), call("$array", [column("r"), column("l")])]),
        rows,
    );
    let data_type = rows.column(0).data_type().clone();
    let nullif = || typed("$nullif", [column("l"), column("r")], data_type.clone());
    table.truths_if(evaluated, &call("$is_null", [nullif()]), rows);
    table.truths_if(evaluated, &call("$is_distinct_from", [nullif(), column("l")]), rows);
}
