//! One claim per trap that evaluators fall into.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BooleanArray, Date32Array, Date64Array, Float32Array, Float64Array, Int8Array,
        Int32Array, Int64Array, ListArray, StringArray,
    },
    datatypes::{DataType, Field, Int32Type, Int64Type, Schema},
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_protocol::predicate::{
    AllOrNoneValueSet, Bound, Constraints, EquatableValueSet, Expression, Marker, Range, SortedRangeSet, ValueSet,
};

use super::sample::{decimal, packed, zoned};
use crate::{ErrorKind, Result, residual::Residual};

/// A batch of column `c` and the row numbers.
fn rows(c: ArrayRef) -> RecordBatch {
    let id: ArrayRef = Arc::new((0_i64..).take(c.len()).collect::<Int64Array>());
    RecordBatch::try_from_iter_with_nullable([("c", c, true), ("id", id, false)]).expect("two columns")
}

fn ids(batch: &RecordBatch) -> Vec<i64> {
    batch.column_by_name("id").expect("numbered rows").as_primitive::<Int64Type>().values().to_vec()
}

fn filter(constraints: &Constraints, batch: &RecordBatch) -> Result<Vec<i64>> {
    let residual = Residual::try_new(constraints, batch.schema_ref())?;
    assert!(residual.is_complete(), "{:?}", residual.unevaluated());
    residual.filter(batch).map(|batch| ids(&batch))
}

/// Rows of `c` that the set lets pass.
#[track_caller]
fn in_set(c: &ArrayRef, set: ValueSet) -> Vec<i64> {
    let summary = BTreeMap::from([("c".to_owned(), set)]);
    filter(&Constraints { summary, ..Constraints::default() }, &rows(Arc::clone(c))).expect("no failure")
}

/// Rows of `c` on which the expression is true.
#[track_caller]
fn true_on(c: &ArrayRef, expression: Expression) -> Vec<i64> {
    filter(&conditions([expression]), &rows(Arc::clone(c))).expect("no failure")
}

fn conditions(expressions: impl Into<Vec<Expression>>) -> Constraints {
    Constraints { expressions: expressions.into(), ..Constraints::default() }
}

fn call(function: &str, arguments: impl Into<Vec<Expression>>) -> Expression {
    typed(function, arguments, DataType::Boolean)
}

fn typed(function: &str, arguments: impl Into<Vec<Expression>>, data_type: DataType) -> Expression {
    Expression::Call { function: function.to_owned(), arguments: arguments.into(), data_type }
}

fn column(name: &str) -> Expression {
    Expression::Variable { column: name.to_owned(), data_type: DataType::Null }
}

fn constant(values: impl Array + 'static) -> Expression {
    shared(Arc::new(values))
}

fn shared(values: ArrayRef) -> Expression {
    Expression::Constant { data_type: values.data_type().clone(), values: Some(values) }
}

fn int(value: i32) -> Expression {
    constant(Int32Array::from(vec![value]))
}

fn text(value: &str) -> Expression {
    constant(StringArray::from(vec![value]))
}

fn ranges(ranges: Vec<Range>) -> ValueSet {
    ValueSet::SortedRange(SortedRangeSet { data_type: DataType::Null, ranges, null_allowed: false })
}

fn range(low: (Bound, ArrayRef), high: (Bound, ArrayRef)) -> Range {
    Range { low: Marker::new(low.0, low.1), high: Marker::new(high.0, high.1) }
}

fn above(bound: Bound, value: ArrayRef) -> Range {
    let data_type = value.data_type().clone();
    Range { low: Marker::new(bound, value), high: Marker::upper_unbounded(data_type) }
}

fn below(bound: Bound, value: ArrayRef) -> Range {
    let data_type = value.data_type().clone();
    Range { low: Marker::lower_unbounded(data_type), high: Marker::new(bound, value) }
}

fn list(values: ArrayRef, white_list: bool, null_allowed: bool) -> ValueSet {
    ValueSet::Equatable(EquatableValueSet { values, white_list, null_allowed })
}

fn doubles(values: impl Into<Vec<f64>>) -> ArrayRef {
    Arc::new(Float64Array::from(values.into()))
}

#[test]
fn negative_zero_is_zero() {
    let c = doubles([-0.0, 0.0, 1.0]);
    let zero = doubles([0.0]);
    let negative = doubles([-0.0]);
    for value in [zero, negative] {
        assert_eq!(in_set(&c, ranges(vec![Range::equal(Arc::clone(&value))])), [0, 1]);
        assert_eq!(in_set(&c, ranges(vec![above(Bound::Above, Arc::clone(&value))])), [2]);
        assert_eq!(in_set(&c, list(Arc::clone(&value), false, false)), [2]);
        let value = || shared(Arc::clone(&value));
        assert_eq!(true_on(&c, call("$equal", [column("c"), value()])), [0, 1]);
        assert_eq!(true_on(&c, call("$less_than", [value(), column("c")])), [2]);
        assert_eq!(true_on(&c, call("$in", [column("c"), call("$array", [value()])])), [0, 1]);
        assert_eq!(true_on(&c, call("$is_distinct_from", [column("c"), value()])), [2]);
    }
}

#[test]
fn nan_is_in_no_bounded_range_and_equals_nothing() {
    let c = doubles([f64::NAN, -f64::NAN, 6.0]);
    let five = doubles([5.0]);
    assert_eq!(in_set(&c, ranges(vec![above(Bound::Above, Arc::clone(&five))])), [2]);
    assert_eq!(in_set(&c, ranges(vec![below(Bound::Below, Arc::clone(&five))])), [0_i64; 0]);
    assert_eq!(in_set(&c, ranges(vec![Range::all(DataType::Float64)])), [0, 1, 2]);
    // "x <= 5 or x > 5" holds all numbers, so it may have been written for "not null".
    let halves = vec![above(Bound::Above, Arc::clone(&five)), below(Bound::Exactly, Arc::clone(&five))];
    assert_eq!(in_set(&c, ranges(halves)), [0, 1, 2]);
    assert_eq!(in_set(&c, list(doubles([f64::NAN]), true, false)), [0, 1]);
    assert_eq!(in_set(&c, list(doubles([f64::NAN, 6.0]), false, false)), [0, 1]);

    let nan = || shared(doubles([f64::NAN]));
    for function in ["$equal", "$less_than", "$less_than_or_equal", "$greater_than", "$greater_than_or_equal"] {
        assert_eq!(true_on(&c, call(function, [column("c"), nan()])), [0_i64; 0], "{function}");
    }
    assert_eq!(true_on(&c, call("$greater_than", [column("c"), shared(five)])), [2]);
    assert_eq!(true_on(&c, call("$not_equal", [column("c"), nan()])), [0, 1, 2]);
    assert_eq!(true_on(&c, call("$is_distinct_from", [column("c"), nan()])), [2]);
    let within = call("$in", [column("c"), call("$array", [nan()])]);
    assert_eq!(true_on(&c, within.clone()), [0_i64; 0]);
    assert_eq!(true_on(&c, call("$not", [within])), [0, 1, 2]);
}

#[test]
fn strings_go_by_code_points_and_not_by_utf16() {
    // In UTF-16, as Java orders, the supplementary character comes before U+FFFF.
    let c: ArrayRef = Arc::new(StringArray::from(vec!["\u{ffff}", "\u{1d11e}"]));
    let last: ArrayRef = Arc::new(StringArray::from(vec!["\u{ffff}"]));
    assert_eq!(in_set(&c, ranges(vec![above(Bound::Above, last)])), [1]);
    assert_eq!(true_on(&c, call("$greater_than", [column("c"), text("\u{ffff}")])), [1]);
}

#[test]
fn an_exclusive_bound_of_a_string_excludes_only_it() {
    let c: ArrayRef = Arc::new(StringArray::from(vec!["a", "a\0", "a\0\0", "b", ""]));
    let a = || -> ArrayRef { Arc::new(StringArray::from(vec!["a"])) };
    assert_eq!(in_set(&c, ranges(vec![above(Bound::Above, a())])), [1, 2, 3]);
    assert_eq!(in_set(&c, ranges(vec![below(Bound::Below, a())])), [4]);
    assert_eq!(in_set(&c, ranges(vec![below(Bound::Exactly, a())])), [0, 4]);
}

#[test]
fn decimals_compare_by_value_whatever_their_scale() {
    let c = decimal(vec![Some(100), Some(101), Some(-100)], 10, 2);
    let one = || decimal(vec![Some(1)], 3, 0);
    let between = || decimal(vec![Some(1_005)], 10, 3);
    assert_eq!(in_set(&c, ranges(vec![Range::equal(one())])), [0]);
    assert_eq!(in_set(&c, ranges(vec![above(Bound::Exactly, between())])), [1]);
    assert_eq!(in_set(&c, list(between(), true, false)), [0_i64; 0]);
    assert_eq!(true_on(&c, call("$equal", [column("c"), shared(one())])), [0]);
    assert_eq!(true_on(&c, call("$less_than", [column("c"), shared(between())])), [0, 2]);
}

#[test]
fn decimals_that_need_more_than_38_digits_together_compare_exactly() {
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
fn constants_of_zoned_columns_travel_packed_and_compare_by_instant() {
    let noon = 1_709_294_400_000;
    let c = zoned(vec![Some(noon), Some(noon + 1), Some(-1)], "America/New_York");
    for key in [0, 1_847, 1_170] {
        let value = || packed(&zoned(vec![Some(noon)], "UTC"), key);
        assert_eq!(in_set(&c, ranges(vec![Range::equal(value())])), [0], "zone {key}");
        assert_eq!(in_set(&c, list(value(), true, false)), [0], "zone {key}");
        assert_eq!(true_on(&c, call("$less_than_or_equal", [column("c"), shared(value())])), [0, 2], "zone {key}");
        let within = call("$in", [column("c"), call("$array", [shared(value())])]);
        assert_eq!(true_on(&c, within), [0], "zone {key}");
    }
    let before_1970 = packed(&zoned(vec![Some(-1)], "UTC"), 541);
    assert_eq!(in_set(&c, ranges(vec![Range::equal(before_1970)])), [2]);
}

#[test]
fn a_timestamp_constant_lies_within_a_day_of_a_date_column() {
    let c: ArrayRef = Arc::new(Date32Array::from(vec![-1, 0, 1]));
    let noon: ArrayRef = Arc::new(Date64Array::from(vec![43_200_000]));
    assert_eq!(in_set(&c, ranges(vec![above(Bound::Exactly, Arc::clone(&noon))])), [2]);
    assert_eq!(true_on(&c, call("$less_than", [column("c"), shared(noon)])), [0, 1]);
    let day: ArrayRef = Arc::new(Date32Array::from(vec![-1]));
    let c: ArrayRef = Arc::new(Date64Array::from(vec![-86_400_000, -86_399_999, -86_400_001]));
    assert_eq!(in_set(&c, ranges(vec![Range::equal(day)])), [0]);
}

#[test]
fn nulls_go_by_null_allowed_alone() {
    let c: ArrayRef = Arc::new(Int32Array::from(vec![None, Some(1), Some(2)]));
    let values: ArrayRef = Arc::new(Int32Array::from(vec![None, Some(1)]));
    assert_eq!(in_set(&c, list(Arc::clone(&values), true, false)), [1]);
    assert_eq!(in_set(&c, list(Arc::clone(&values), true, true)), [0, 1]);
    assert_eq!(in_set(&c, list(Arc::clone(&values), false, false)), [2]);
    assert_eq!(in_set(&c, list(values, false, true)), [0, 2]);
    let set =
        |all, null_allowed| ValueSet::AllOrNone(AllOrNoneValueSet { data_type: DataType::Int32, all, null_allowed });
    assert_eq!(in_set(&c, set(true, false)), [1, 2]);
    assert_eq!(in_set(&c, set(false, true)), [0]);
    assert_eq!(in_set(&c, set(false, false)), [0_i64; 0]);
    let nothing = SortedRangeSet { data_type: DataType::Int32, ranges: vec![], null_allowed: true };
    assert_eq!(in_set(&c, ValueSet::SortedRange(nothing)), [0]);
}

#[test]
fn an_interval_of_integers_may_end_where_the_type_does() {
    let c: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN, 0, i64::MAX]));
    let (min, max): (ArrayRef, ArrayRef) =
        (Arc::new(Int64Array::from(vec![i64::MIN])), Arc::new(Int64Array::from(vec![i64::MAX])));
    assert_eq!(in_set(&c, ranges(vec![above(Bound::Above, Arc::clone(&max))])), [0_i64; 0]);
    assert_eq!(in_set(&c, ranges(vec![above(Bound::Exactly, Arc::clone(&max))])), [2]);
    assert_eq!(in_set(&c, ranges(vec![below(Bound::Below, Arc::clone(&min))])), [0_i64; 0]);
    assert_eq!(in_set(&c, ranges(vec![range((Bound::Exactly, min), (Bound::Exactly, max))])), [0, 1, 2]);
}

#[test]
fn ten_thousand_values_are_each_found() {
    let c: ArrayRef = Arc::new((0..20_000).map(Some).collect::<Int32Array>());
    let even: ArrayRef = Arc::new((0..10_000).map(|value| Some(value * 2)).collect::<Int64Array>());
    let expected: Vec<i64> = (0..20_000).step_by(2).collect();
    assert_eq!(in_set(&c, list(Arc::clone(&even), true, false)), expected);
    let points = (0..even.len()).map(|row| Range::equal(even.slice(row, 1))).collect();
    assert_eq!(in_set(&c, ranges(points)), expected);
    let within = call("$in", [column("c"), call("$array", [shared(even)])]);
    assert_eq!(true_on(&c, within), expected);

    let c: ArrayRef = Arc::new((0..20_000).map(|value| Some(format!("key {value}"))).collect::<StringArray>());
    let even: ArrayRef = Arc::new((0..10_000).map(|value| Some(format!("key {}", value * 2))).collect::<StringArray>());
    assert_eq!(in_set(&c, list(even, true, false)), expected);
}

#[test]
fn in_is_null_rather_than_false_beside_a_null() {
    let c: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), Some(2), None]));
    let items = call("$array", [constant(Int32Array::from(vec![Some(1), None]))]);
    let within = call("$in", [column("c"), items]);
    assert_eq!(true_on(&c, within.clone()), [0]);
    assert_eq!(true_on(&c, call("$not", [within.clone()])), [0_i64; 0]);
    assert_eq!(true_on(&c, call("$is_null", [within])), [1, 2]);
}

#[test]
fn a_constant_list_stands_for_its_items() {
    let c: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let items = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), Some(3)])]);
    assert_eq!(true_on(&c, call("$in", [column("c"), constant(items)])), [0, 2]);
}

#[test]
fn an_unknown_function_leaves_its_conjunct_and_no_more() {
    let batch = rows(Arc::new(Int32Array::from(vec![1, 2, 3])));
    let unknown = || call("$soundex", [column("c")]);
    let not_one = || call("$not_equal", [column("c"), int(1)]);
    let check = |expression, expected: &[i64]| {
        let residual = Residual::try_new(&conditions([expression]), batch.schema_ref()).expect("legal");
        assert!(!residual.is_complete());
        assert_eq!(residual.unevaluated(), ["$soundex"]);
        assert_eq!(ids(&residual.filter(&batch).expect("no failure")), expected);
    };
    check(unknown(), &[0, 1, 2]);
    check(call("$and", [unknown(), not_one()]), &[1, 2]);
    check(call("$and", [not_one(), call("$and", [unknown(), call("$less_than", [column("c"), int(3)])])]), &[1]);
    check(call("$or", [unknown(), not_one()]), &[0, 1, 2]);
    check(call("$not", [call("$and", [unknown(), not_one()])]), &[0, 1, 2]);
    check(call("$or", [call("$and", [unknown(), not_one()]), not_one()]), &[0, 1, 2]);
}

#[test]
fn a_missing_column_is_named_and_loses_no_row() {
    let batch = rows(Arc::new(Int32Array::from(vec![1, 2])));
    let mut constraints = conditions([call("$equal", [column("absent"), int(1)])]);
    constraints.summary.insert("gone".to_owned(), ranges(vec![]));
    let residual = Residual::try_new(&constraints, batch.schema_ref()).expect("legal");
    assert_eq!(residual.unevaluated(), ["absent", "gone"]);
    assert_eq!(residual.filter(&batch).expect("nothing to evaluate").num_rows(), 2);
}

#[test]
fn what_trino_would_round_to_compare_is_not_evaluated() {
    let c: ArrayRef = Arc::new(Int64Array::from(vec![(1 << 53) + 1]));
    let batch = rows(c);
    // In Trino this is true, as both are rounded to doubles.
    let equal = call("$equal", [column("c"), shared(doubles([9_007_199_254_740_992.0]))]);
    let residual = Residual::try_new(&conditions([equal]), batch.schema_ref()).expect("legal");
    assert_eq!(residual.unevaluated(), ["$equal"]);
    assert_eq!(residual.filter(&batch).expect("nothing to evaluate").num_rows(), 1);

    let c: ArrayRef = Arc::new(Float32Array::from(vec![0.1]));
    // A real widens to a double, which is not the double of the same text.
    assert_eq!(true_on(&c, call("$equal", [column("c"), shared(doubles([0.1]))])), [0_i64; 0]);
    assert_eq!(true_on(&c, call("$equal", [column("c"), shared(doubles([f64::from(0.1_f32)]))])), [0]);
}

#[test]
fn complex_columns_pass_even_a_set_of_nothing() {
    let c = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)]), None]);
    let batch = rows(Arc::new(c));
    let set = |all| ValueSet::AllOrNone(AllOrNoneValueSet { data_type: DataType::Null, all, null_allowed: false });
    for set in [set(false), ranges(vec![])] {
        let summary = BTreeMap::from([("c".to_owned(), set)]);
        let constraints = Constraints { summary, ..Constraints::default() };
        let residual = Residual::try_new(&constraints, batch.schema_ref()).expect("legal");
        assert_eq!(residual.unevaluated(), ["c"]);
        assert_eq!(residual.filter(&batch).expect("nothing to evaluate").num_rows(), 2);
    }
    assert_eq!(in_set(batch.column(0), set(true)), [0]);
    assert_eq!(true_on(batch.column(0), call("$is_null", [column("c")])), [1]);
}

#[test]
fn a_batch_of_which_nothing_is_filtered_is_shared() {
    let batch = rows(Arc::new(Int32Array::from(vec![1, 2])));
    let constraints = conditions([call("$greater_than", [column("c"), int(0)])]);
    let residual = Residual::try_new(&constraints, batch.schema_ref()).expect("legal");
    let result = residual.filter(&batch).expect("no failure");
    assert!(Arc::ptr_eq(result.column(0), batch.column(0)));
}

#[test]
fn rows_without_columns_are_filtered_by_constants() {
    let options = RecordBatchOptions::new().with_row_count(Some(5));
    let schema = Arc::new(Schema::empty());
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), vec![], &options).expect("rows alone");
    for (value, rows) in [(Some(true), 5), (Some(false), 0), (None, 0)] {
        let constraints = conditions([constant(BooleanArray::from(vec![value]))]);
        let residual = Residual::try_new(&constraints, &schema).expect("legal");
        assert_eq!(residual.filter(&batch).expect("no failure").num_rows(), rows);
    }
}

#[test]
fn a_failing_row_names_function_and_column_but_no_value() {
    let batch = rows(Arc::new(Int32Array::from(vec![77_777, i32::MAX])));
    let sum = typed("$add", [column("c"), int(1)], DataType::Int32);
    let error = filter(&conditions([call("$greater_than", [sum, int(0)])]), &batch).expect_err("an overflow");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let message = format!("{error} {error:?}");
    assert!(message.contains("$add") && message.contains("\"c\""), "{message}");
    assert!(!message.contains("2147483647") && !message.contains("77777"), "no row data in {message}");
}

#[test]
fn rows_that_something_else_refuses_do_not_fail() {
    let c: ArrayRef = Arc::new(Int32Array::from(vec![0, 1, 4]));
    let batch = rows(Arc::clone(&c));
    let quotient = || typed("$divide", [int(4), column("c")], DataType::Int32);
    let large = || call("$greater_than", [quotient(), int(2)]);
    let not_zero = || call("$not_equal", [column("c"), int(0)]);
    let zero = || call("$equal", [column("c"), int(0)]);

    assert_eq!(filter(&conditions([large()]), &batch).expect_err("by zero").kind(), ErrorKind::InvalidInput);
    assert_eq!(true_on(&c, call("$and", [large(), not_zero()])), [1]);
    assert_eq!(true_on(&c, call("$or", [large(), zero()])), [0, 1]);
    assert_eq!(true_on(&c, call("$not", [call("$and", [large(), not_zero()])])), [0, 2]);

    let mut constraints = conditions([large()]);
    let one: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    constraints.summary.insert("c".to_owned(), ranges(vec![above(Bound::Exactly, one)]));
    assert_eq!(filter(&constraints, &batch).expect("zero is refused by the set"), [1]);

    // A condition that is not evaluated might refuse the row, so it stays for the engine to judge.
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
    // Towards zero, with the sign of the dividend.
    assert_eq!(true_on(&c, equals("$divide", 2, -3)), [1]);
    assert_eq!(true_on(&c, equals("$modulus", 2, -1)), [1]);
    assert_eq!(true_on(&c, equals("$modulus", -2, 1)), [2]);
    // The one remainder whose quotient overflows is 0.
    assert_eq!(true_on(&c, equals("$modulus", -1, 0)), [0, 1, 2]);
    for (function, by) in [("$divide", -1), ("$subtract", 1), ("$multiply", 2), ("$modulus", 0), ("$divide", 0)] {
        assert!(filter(&conditions([equals(function, by, 0)]), &batch).is_err(), "{function} {by}");
    }
    let negated = call("$equal", [typed("$negate", [column("c")], DataType::Int8), tiny(0)]);
    assert!(filter(&conditions([negated]), &batch).is_err());
    // The same sum as a wider type does not overflow.
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
fn arithmetic_of_another_type_than_declared_is_not_evaluated() {
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
fn patterns_that_are_not_constant_or_not_legal_are_not_evaluated() {
    let batch = rows(Arc::new(StringArray::from(vec!["a"])));
    let refused = [
        vec![column("c"), column("c")],
        vec![column("c"), text("a#b"), text("#")],
        vec![column("c"), text("a"), text("##")],
        vec![column("id"), text("a")],
        vec![column("c")],
    ];
    for arguments in refused {
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
    let batch = RecordBatch::try_from_iter([("c", c), ("text", Arc::new(StringArray::from(vec!["a"])) as ArrayRef)])
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
        let residual = Residual::try_new(&conditions([expression]), batch.schema_ref()).expect("legal");
        assert!(residual.is_complete(), "{function}");
        residual.filter(&batch).expect("no failure");
    }
}

#[test]
fn a_batch_of_another_schema_is_refused() {
    let constraints = conditions([call("$equal", [column("c"), int(1)])]);
    let schema = Arc::new(Schema::new(vec![Field::new("c", DataType::Int32, true)]));
    let residual = Residual::try_new(&constraints, &schema).expect("legal");
    let other = RecordBatch::try_from_iter([("c", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).expect("a batch");
    assert_eq!(residual.filter(&other).expect_err("not an integer").kind(), ErrorKind::Internal);
}
