//! Pitfalls of expressions, one test each.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use arrow::{
    array::{
        ArrayRef, BooleanArray, Float32Array, Int8Array, Int32Array, Int64Array, ListArray,
        StringArray,
    },
    datatypes::{DataType, Int32Type, Schema},
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_protocol::predicate::{Bound, Constraints};

use super::{
    build::{
        above, call, column, conditions, constant, doubles, filter, ids, int, ranges, rows, shared,
        text, true_on, typed,
    },
    sample::decimal,
};
use crate::{ErrorKind, deadline::Deadline, residual::Residual};

#[test]
fn decimals_whose_common_type_exceeds_38_digits_compare_exactly() {
    let c = decimal(vec![Some(10_i128.pow(37)), Some(10_i128.pow(37) + 1)], 38, 37); // 1 and a bit more
    let batch = RecordBatch::try_from_iter([
        ("c", c),
        ("whole", decimal(vec![Some(1), Some(10_i128.pow(38) - 1)], 38, 0)),
        ("id", Arc::new(Int64Array::from(vec![0, 1])) as ArrayRef),
    ])
    .expect("three columns");
    let equal = call("$equal", [column("c"), column("whole")]);
    assert_eq!(filter(&conditions([equal]), &batch).expect("no failure"), [0]);
    let less = call("$less_than", [column("c"), column("whole")]);
    assert_eq!(filter(&conditions([less]), &batch).expect("no failure"), [1]);
}

#[test]
fn in_is_null_instead_of_false_for_a_list_with_null() {
    let c: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), Some(2), None]));
    let items = call("$array", [constant(Int32Array::from(vec![Some(1), None]))]);
    let within = call("$in", [column("c"), items]);
    assert_eq!(true_on(&c, within.clone()), [0]);
    assert_eq!(true_on(&c, call("$not", [within.clone()])), [0_i64; 0]);
    assert_eq!(true_on(&c, call("$is_null", [within])), [1, 2]);
}

#[test]
fn a_value_with_several_uses_is_evaluated_once() {
    let c: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), Some(2), Some(50), None]));
    // Without sharing, the innermost value would be evaluated 2^40 times, and 3^40 times.
    let nulled = (1..=40).fold(column("c"), |value, other| call("$nullif", [value, int(other)]));
    assert_eq!(true_on(&c, call("$equal", [nulled.clone(), int(50)])), [2]);
    assert_eq!(true_on(&c, call("$is_null", [nulled.clone()])), [0, 1, 3]);
    let itself = call("$equal", [nulled.clone(), nulled]);
    let within = (0..40).fold(call("$equal", [column("c"), int(50)]), |value, _| {
        let items = [
            constant(BooleanArray::from(vec![true])),
            itself.clone(),
            constant(BooleanArray::new_null(1)),
        ];
        call("$in", [value, call("$array", items)])
    });
    assert_eq!(true_on(&c, within), [2]);
}

#[test]
fn a_constant_list_stands_for_its_items() {
    let c: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let items = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), Some(3)])]);
    assert_eq!(true_on(&c, call("$in", [column("c"), constant(items)])), [0, 2]);
}

#[test]
fn an_unknown_function_disables_only_its_conjunct() {
    let batch = rows(Arc::new(Int32Array::from(vec![1, 2, 3])));
    let unknown = || call("$soundex", [column("c")]);
    let not_one = || call("$not_equal", [column("c"), int(1)]);
    let check = |expression, expected: &[i64]| {
        let residual =
            Residual::try_new(&conditions([expression]), batch.schema_ref()).expect("legal");
        assert!(!residual.is_complete());
        assert_eq!(residual.unevaluated(), ["$soundex"]);
        assert_eq!(ids(&residual.filter(&batch).expect("no failure")), expected);
    };
    check(unknown(), &[0, 1, 2]);
    check(call("$and", [unknown(), not_one()]), &[1, 2]);
    check(
        call(
            "$and",
            [not_one(), call("$and", [unknown(), call("$less_than", [column("c"), int(3)])])],
        ),
        &[1],
    );
    check(call("$or", [unknown(), not_one()]), &[0, 1, 2]);
    check(call("$not", [call("$and", [unknown(), not_one()])]), &[0, 1, 2]);
    check(call("$or", [call("$and", [unknown(), not_one()]), not_one()]), &[0, 1, 2]);
}

#[test]
fn comparisons_that_trino_would_round_are_not_evaluated() {
    let c: ArrayRef = Arc::new(Int64Array::from(vec![(1 << 53) + 1]));
    let batch = rows(c);
    // True in Trino, which rounds both to doubles.
    let equal = call("$equal", [column("c"), shared(doubles([9_007_199_254_740_992.0]))]);
    let residual = Residual::try_new(&conditions([equal]), batch.schema_ref()).expect("legal");
    assert_eq!(residual.unevaluated(), ["$equal"]);
    assert_eq!(residual.filter(&batch).expect("nothing to evaluate").num_rows(), 1);

    let c: ArrayRef = Arc::new(Float32Array::from(vec![0.1]));
    // A real widens to a double, which is not the double of the same text.
    assert_eq!(true_on(&c, call("$equal", [column("c"), shared(doubles([0.1]))])), [0_i64; 0]);
    assert_eq!(
        true_on(&c, call("$equal", [column("c"), shared(doubles([f64::from(0.1_f32)]))])),
        [0]
    );
}

#[test]
fn rows_without_columns_are_filtered_by_constants() {
    let options = RecordBatchOptions::new().with_row_count(Some(5));
    let schema = Arc::new(Schema::empty());
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), vec![], &options)
        .expect("rows without columns");
    for (value, rows) in [(Some(true), 5), (Some(false), 0), (None, 0)] {
        let constraints = conditions([constant(BooleanArray::from(vec![value]))]);
        let residual = Residual::try_new(&constraints, &schema).expect("legal");
        assert_eq!(residual.filter(&batch).expect("no failure").num_rows(), rows);
    }
}

#[test]
fn the_error_of_a_failing_row_names_function_and_column_but_no_value() {
    let batch = rows(Arc::new(Int32Array::from(vec![77_777, i32::MAX])));
    let sum = typed("$add", [column("c"), int(1)], DataType::Int32);
    let error = filter(&conditions([call("$greater_than", [sum, int(0)])]), &batch)
        .expect_err("an overflow");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let message = format!("{error} {error:?}");
    assert!(message.contains("$add") && message.contains("\"c\""), "{message}");
    assert!(
        !message.contains("2147483647") && !message.contains("77777"),
        "no row data in {message}"
    );
}

#[test]
fn rows_that_another_condition_rejects_do_not_fail() {
    let c: ArrayRef = Arc::new(Int32Array::from(vec![0, 1, 4]));
    let batch = rows(Arc::clone(&c));
    let quotient = || typed("$divide", [int(4), column("c")], DataType::Int32);
    let large = || call("$greater_than", [quotient(), int(2)]);
    let not_zero = || call("$not_equal", [column("c"), int(0)]);
    let zero = || call("$equal", [column("c"), int(0)]);

    assert_eq!(
        filter(&conditions([large()]), &batch).expect_err("by zero").kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(true_on(&c, call("$and", [large(), not_zero()])), [1]);
    assert_eq!(true_on(&c, call("$or", [large(), zero()])), [0, 1]);
    assert_eq!(true_on(&c, call("$not", [call("$and", [large(), not_zero()])])), [0, 2]);

    let mut constraints = conditions([large()]);
    let one: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    constraints.summary.insert("c".to_owned(), ranges(vec![above(Bound::Exactly, one)]));
    assert_eq!(filter(&constraints, &batch).expect("the set rejects zero"), [1]);

    // A condition that is not evaluated might reject the row, so the row passes for the engine to
    // judge.
    let constraints = conditions([large(), call("$soundex", [column("c")])]);
    let residual = Residual::try_new(&constraints, batch.schema_ref()).expect("legal");
    assert_eq!(ids(&residual.filter(&batch).expect("incomplete")), [0, 1]);
}

#[test]
fn integers_overflow_and_divide_as_in_trino() {
    let c: ArrayRef = Arc::new(Int8Array::from(vec![Some(i8::MIN), Some(-7), Some(7), None]));
    let batch = rows(Arc::clone(&c));
    let tiny = |value: i8| constant(Int8Array::from(vec![value]));
    let equals = |function: &str, by: i8, result: i8| {
        call("$equal", [typed(function, [column("c"), tiny(by)], DataType::Int8), tiny(result)])
    };
    // Truncated towards zero, with the sign of the dividend.
    assert_eq!(true_on(&c, equals("$divide", 2, -3)), [1]);
    assert_eq!(true_on(&c, equals("$modulus", 2, -1)), [1]);
    assert_eq!(true_on(&c, equals("$modulus", -2, 1)), [2]);
    // The one remainder whose quotient overflows is 0.
    assert_eq!(true_on(&c, equals("$modulus", -1, 0)), [0, 1, 2]);
    for (function, by) in
        [("$divide", -1), ("$subtract", 1), ("$multiply", 2), ("$modulus", 0), ("$divide", 0)]
    {
        assert!(filter(&conditions([equals(function, by, 0)]), &batch).is_err(), "{function} {by}");
    }
    let negated = call("$equal", [typed("$negate", [column("c")], DataType::Int8), tiny(0)]);
    assert!(filter(&conditions([negated]), &batch).is_err());
    // The same sum in a wider type does not overflow.
    let wide = call("$equal", [typed("$add", [column("c"), tiny(-1)], DataType::Int64), int(-129)]);
    assert_eq!(true_on(&c, wide), [0]);
}

#[test]
fn decimals_divide_half_up_and_overflow_beyond_38_digits() {
    let c = decimal(vec![Some(100), Some(-100), Some(200)], 10, 2);
    let quotient = typed("$divide", [column("c"), int(3)], DataType::Decimal128(20, 2));
    let third = decimal(vec![Some(33)], 10, 2);
    assert_eq!(true_on(&c, call("$equal", [quotient, shared(third)])), [0]);
    let quotient = typed("$divide", [column("c"), int(-8)], DataType::Decimal128(20, 2));
    let eighth = decimal(vec![Some(13)], 10, 2); // 0.125
    assert_eq!(true_on(&c, call("$equal", [quotient, shared(eighth)])), [1]);

    let c = decimal(vec![Some(10_i128.pow(38) - 1)], 38, 0);
    let sum = typed("$add", [column("c"), int(1)], DataType::Decimal128(38, 0));
    let error = filter(&conditions([call("$is_null", [sum])]), &rows(c)).expect_err("39 digits");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn arithmetic_with_an_unexpected_result_type_is_not_evaluated() {
    let batch = rows(Arc::new(Int32Array::from(vec![1])));
    let declared = [DataType::Int8, DataType::Float64, DataType::Utf8, DataType::Decimal128(10, 1)];
    for data_type in declared {
        let sum = typed("$add", [column("c"), int(1)], data_type.clone());
        let constraints = conditions([call("$is_null", [sum])]);
        let residual = Residual::try_new(&constraints, batch.schema_ref()).expect("legal");
        assert_eq!(residual.unevaluated(), ["$add"], "{data_type}");
    }
}

#[test]
fn variable_and_illegal_patterns_are_not_evaluated() {
    let batch = rows(Arc::new(StringArray::from(vec!["a"])));
    let unsupported = [
        vec![column("c"), column("c")],
        vec![column("c"), text("a#b"), text("#")],
        vec![column("c"), text("a"), text("##")],
        vec![column("id"), text("a")],
        vec![column("c")],
    ];
    for arguments in unsupported {
        let constraints = conditions([call("$like_pattern", arguments)]);
        let residual = Residual::try_new(&constraints, batch.schema_ref()).expect("legal");
        assert_eq!(residual.unevaluated(), ["$like_pattern"], "{constraints:?}");
    }
    let c: ArrayRef = Arc::new(StringArray::from(vec!["a\\b", "ab"]));
    let empty_escape = call("$like_pattern", [column("c"), text("a\\%"), text("")]);
    assert_eq!(true_on(&c, empty_escape), [0]);
    let null = constant(StringArray::from(vec![None::<&str>]));
    assert_eq!(true_on(&c, call("$is_null", [call("$like_pattern", [column("c"), null])])), [0, 1]);
}

#[test]
fn an_empty_list_is_not_evaluated() {
    let batch = rows(Arc::new(Int32Array::from(vec![1])));
    let constraints = conditions([call("$in", [column("c"), call("$array", [])])]);
    let residual = Residual::try_new(&constraints, batch.schema_ref()).expect("legal");
    assert_eq!(residual.unevaluated(), ["$in"]);
}

#[test]
fn every_supported_function_is_evaluated() {
    let c: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([
        ("c", c),
        ("text", Arc::new(StringArray::from(vec!["a"])) as ArrayRef),
    ])
    .expect("two columns");
    let truth = || call("$is_null", [column("c")]);
    for &function in Residual::supported_functions() {
        let expression = match function {
            "$and" | "$or" => call(function, [truth(), truth()]),
            "$not" => call(function, [truth()]),
            "$is_null" => truth(),
            "$nullif" | "$add" | "$subtract" | "$multiply" | "$divide" | "$modulus" => {
                call("$is_null", [typed(function, [column("c"), int(1)], DataType::Int32)])
            }
            "$negate" => call("$is_null", [typed(function, [column("c")], DataType::Int32)]),
            "$in" | "$array" => call("$in", [column("c"), call("$array", [int(1)])]),
            "$like_pattern" => call(function, [column("text"), text("a%")]),
            _ => call(function, [column("c"), int(1)]),
        };
        let residual =
            Residual::try_new(&conditions([expression]), batch.schema_ref()).expect("legal");
        assert!(residual.is_complete(), "{function}");
        residual.filter(&batch).expect("no failure");
    }
}

#[test]
fn evaluation_ends_at_the_time_limit_whatever_the_form_of_the_predicate() {
    let batch = rows(Arc::new(Int64Array::from(vec![1, 2, 3])));
    let limit = Deadline::new(Some(SystemTime::now()), Duration::ZERO).time_limit();
    let is_one = || call("$equal", [column("c"), int(1)]);
    let summary = BTreeMap::from([(
        "c".to_owned(),
        ranges(vec![above(Bound::Exactly, Arc::new(Int64Array::from(vec![1])))]),
    )]);
    for constraints in [
        conditions([call("$or", [is_one(), is_one()])]),
        conditions([is_one(), is_one()]),
        Constraints { summary, ..Constraints::default() },
    ] {
        let residual = Residual::try_new(&constraints, batch.schema_ref()).expect("a predicate");
        assert!(residual.filter(&batch).is_ok());
        let error = residual.with_time_limit(limit).filter(&batch).expect_err("no time is left");
        assert_eq!(error.kind(), ErrorKind::Timeout);
    }
}
