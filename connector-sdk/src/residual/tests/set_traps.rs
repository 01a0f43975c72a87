//! Pitfalls of comparing values and of value sets, one test each.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{
        ArrayRef, Date32Array, Date64Array, Int32Array, Int64Array, ListArray, StringArray,
        new_null_array,
    },
    datatypes::{DataType, Field, Int32Type, Schema},
    record_batch::RecordBatch,
};
use athena_protocol::predicate::{
    AllOrNoneValueSet, Bound, Constraints, Range, SortedRangeSet, ValueSet,
};

use super::{
    build::{
        above, below, call, column, conditions, doubles, in_set, int, list, range, ranges, rows,
        shared, text, true_on,
    },
    sample::{decimal, packed, zoned},
};
use crate::{ErrorKind, residual::Residual};

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
    // "x <= 5 or x > 5" covers all numbers, so it may stand for "not null".
    let halves =
        vec![above(Bound::Above, Arc::clone(&five)), below(Bound::Exactly, Arc::clone(&five))];
    assert_eq!(in_set(&c, ranges(halves)), [0, 1, 2]);
    assert_eq!(in_set(&c, list(doubles([f64::NAN]), true, false)), [0, 1]);
    assert_eq!(in_set(&c, list(doubles([f64::NAN, 6.0]), false, false)), [0, 1]);

    let nan = || shared(doubles([f64::NAN]));
    for function in
        ["$equal", "$less_than", "$less_than_or_equal", "$greater_than", "$greater_than_or_equal"]
    {
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
fn strings_compare_by_code_points_and_not_by_utf16() {
    // In UTF-16, which Java orders by, the supplementary character precedes U+FFFF.
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
fn decimals_compare_by_value_regardless_of_scale() {
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
fn packed_constants_of_zoned_columns_compare_by_instant() {
    let noon = 1_709_294_400_000;
    let c = zoned(vec![Some(noon), Some(noon + 1), Some(-1)], "America/New_York");
    for key in [0, 1_847, 1_170] {
        let value = || packed(&zoned(vec![Some(noon)], "UTC"), key);
        assert_eq!(in_set(&c, ranges(vec![Range::equal(value())])), [0], "zone {key}");
        assert_eq!(in_set(&c, list(value(), true, false)), [0], "zone {key}");
        assert_eq!(
            true_on(&c, call("$less_than_or_equal", [column("c"), shared(value())])),
            [0, 2],
            "zone {key}"
        );
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
fn nulls_pass_only_by_null_allowed() {
    let c: ArrayRef = Arc::new(Int32Array::from(vec![None, Some(1), Some(2)]));
    let values: ArrayRef = Arc::new(Int32Array::from(vec![None, Some(1)]));
    assert_eq!(in_set(&c, list(Arc::clone(&values), true, false)), [1]);
    assert_eq!(in_set(&c, list(Arc::clone(&values), true, true)), [0, 1]);
    assert_eq!(in_set(&c, list(Arc::clone(&values), false, false)), [2]);
    assert_eq!(in_set(&c, list(values, false, true)), [0, 2]);
    let set = |all, null_allowed| {
        ValueSet::AllOrNone(AllOrNoneValueSet { data_type: DataType::Int32, all, null_allowed })
    };
    assert_eq!(in_set(&c, set(true, false)), [1, 2]);
    assert_eq!(in_set(&c, set(false, true)), [0]);
    assert_eq!(in_set(&c, set(false, false)), [0_i64; 0]);
    let nothing = SortedRangeSet { data_type: DataType::Int32, ranges: vec![], null_allowed: true };
    assert_eq!(in_set(&c, ValueSet::SortedRange(nothing)), [0]);
}

#[test]
fn an_interval_of_integers_may_end_at_the_limits_of_the_type() {
    let c: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN, 0, i64::MAX]));
    let (min, max): (ArrayRef, ArrayRef) =
        (Arc::new(Int64Array::from(vec![i64::MIN])), Arc::new(Int64Array::from(vec![i64::MAX])));
    assert_eq!(in_set(&c, ranges(vec![above(Bound::Above, Arc::clone(&max))])), [0_i64; 0]);
    assert_eq!(in_set(&c, ranges(vec![above(Bound::Exactly, Arc::clone(&max))])), [2]);
    assert_eq!(in_set(&c, ranges(vec![below(Bound::Below, Arc::clone(&min))])), [0_i64; 0]);
    assert_eq!(
        in_set(&c, ranges(vec![range((Bound::Exactly, min), (Bound::Exactly, max))])),
        [0, 1, 2]
    );
}

#[test]
fn each_of_ten_thousand_values_is_found() {
    let c: ArrayRef = Arc::new((0..20_000).map(Some).collect::<Int32Array>());
    let even: ArrayRef = Arc::new((0..10_000).map(|value| Some(value * 2)).collect::<Int64Array>());
    let expected: Vec<i64> = (0..20_000).step_by(2).collect();
    assert_eq!(in_set(&c, list(Arc::clone(&even), true, false)), expected);
    let points = (0..even.len()).map(|row| Range::equal(even.slice(row, 1))).collect();
    assert_eq!(in_set(&c, ranges(points)), expected);
    let within = call("$in", [column("c"), call("$array", [shared(even)])]);
    assert_eq!(true_on(&c, within), expected);

    let c: ArrayRef =
        Arc::new((0..20_000).map(|value| Some(format!("key {value}"))).collect::<StringArray>());
    let even: ArrayRef = Arc::new(
        (0..10_000).map(|value| Some(format!("key {}", value * 2))).collect::<StringArray>(),
    );
    assert_eq!(in_set(&c, list(even, true, false)), expected);
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
fn nested_columns_pass_even_an_empty_set() {
    let c = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)]), None]);
    let batch = rows(Arc::new(c));
    let set = |all| {
        ValueSet::AllOrNone(AllOrNoneValueSet {
            data_type: DataType::Null,
            all,
            null_allowed: false,
        })
    };
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
fn a_type_without_comparison_passes_even_an_empty_list() {
    let batch = rows(new_null_array(&DataType::Float16, 2));
    for set in [list(doubles([]), true, false), ranges(Vec::new())] {
        let summary = BTreeMap::from([("c".to_owned(), set)]);
        let constraints = Constraints { summary, ..Constraints::default() };
        let residual = Residual::try_new(&constraints, batch.schema_ref()).expect("legal");
        assert_eq!(residual.unevaluated(), ["c"]);
        assert_eq!(residual.filter(&batch).expect("nothing to evaluate").num_rows(), 2);
    }
}

#[test]
fn a_batch_that_passes_whole_is_shared() {
    let batch = rows(Arc::new(Int32Array::from(vec![1, 2])));
    let constraints = conditions([call("$greater_than", [column("c"), int(0)])]);
    let residual = Residual::try_new(&constraints, batch.schema_ref()).expect("legal");
    let result = residual.filter(&batch).expect("no failure");
    assert!(Arc::ptr_eq(result.column(0), batch.column(0)));
}

#[test]
fn a_batch_of_another_schema_is_rejected() {
    let constraints = conditions([call("$equal", [column("c"), int(1)])]);
    let schema = Arc::new(Schema::new(vec![Field::new("c", DataType::Int32, true)]));
    let residual = Residual::try_new(&constraints, &schema).expect("legal");
    let other =
        RecordBatch::try_from_iter([("c", Arc::new(Int64Array::from(vec![1])) as ArrayRef)])
            .expect("a batch");
    assert_eq!(residual.filter(&other).expect_err("not an integer").kind(), ErrorKind::Internal);
}
