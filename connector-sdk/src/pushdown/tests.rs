//! Tests of offered conjuncts, their SQL, key ranges and prefixes.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray, Date32Array, Date64Array, Float64Array, Int64Array, StringArray},
    datatypes::{DataType, Int64Type},
};
use athena_protocol::predicate::{
    AllOrNoneValueSet, Bound, Direction, EquatableValueSet, Marker, OrderByField, QueryPlan, Range,
    SortedRangeSet, functions,
};

use super::*;
use crate::residual::ValueTest;

fn five() -> ValueSet {
    ValueSet::Equatable(EquatableValueSet {
        values: Arc::new(Int64Array::from(vec![5])),
        inclusive: true,
        null_allowed: false,
    })
}

fn limited(summary: impl IntoIterator<Item = (&'static str, ValueSet)>) -> Constraints {
    let summary: BTreeMap<_, _> =
        summary.into_iter().map(|(name, set)| (name.to_owned(), set)).collect();
    Constraints { summary, limit: Some(3), ..Constraints::default() }
}

#[test]
fn a_limit_is_pushed_down_if_every_conjunct_is_exact() {
    let constraints = limited([("n", five())]);
    assert_eq!(push_down(&constraints, |_| Pushed::Exact(())).limit, Some(3));
    assert_eq!(push_down(&constraints, |_| Pushed::Superset(())).limit, None);
    assert_eq!(push_down(&constraints, |_| Pushed::<()>::Unsupported).limit, None);
}

#[test]
fn an_order_or_a_query_plan_prevents_limit_pushdown() {
    let order = OrderByField { column_name: Some("n".into()), direction: Direction::AscNullsLast };
    let ordered = Constraints { order_by: vec![order], ..limited([]) };
    assert_eq!(push_down(&ordered, |_| Pushed::<()>::Unsupported).limit, None);
    let plan = QueryPlan { substrait_version: None, substrait_plan: "MgIQQQ==".into() };
    let planned = Constraints { query_plan: Some(plan), ..limited([]) };
    assert_eq!(push_down(&planned, |_| Pushed::<()>::Unsupported).limit, None);
}

#[test]
fn a_set_that_admits_every_value_is_not_offered() {
    let all = AllOrNoneValueSet { data_type: DataType::Int64, all: true, null_allowed: true };
    let pushed = push_down(&limited([("n", ValueSet::AllOrNone(all.clone()))]), |_| {
        Pushed::<()>::Unsupported
    });
    assert_eq!(pushed.limit, Some(3));
    let not_null = AllOrNoneValueSet { null_allowed: false, ..all };
    assert_eq!(
        push_down(&limited([("n", ValueSet::AllOrNone(not_null))]), |_| Pushed::<()>::Unsupported)
            .limit,
        None
    );
}

#[test]
fn the_parts_of_an_and_are_offered_separately() {
    let variable =
        |name: &str| Expression::Variable { column: name.into(), data_type: DataType::Boolean };
    let both = Expression::Call {
        function: functions::AND.into(),
        arguments: vec![variable("a"), variable("b")],
        data_type: DataType::Boolean,
    };
    let constraints = Constraints { expressions: vec![both], ..limited([]) };
    let offered = push_down(&constraints, |conjunct| match conjunct {
        Conjunct::Expression(Expression::Variable { column, .. }) => Pushed::Exact(column.as_str()),
        Conjunct::Expression(_) | Conjunct::Values { .. } => Pushed::Unsupported,
    });
    assert_eq!((offered.conjuncts, offered.limit), (vec!["a", "b"], Some(3)));
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn numbers(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn set_of(ranges: Vec<Range>, null_allowed: bool) -> ValueSet {
    let data_type = ranges[0].low.data_type.clone();
    ValueSet::SortedRange(SortedRangeSet { data_type, ranges, null_allowed })
}

fn list_of(values: ArrayRef, inclusive: bool, null_allowed: bool) -> ValueSet {
    ValueSet::Equatable(EquatableValueSet { values, inclusive, null_allowed })
}

fn between(low: (Bound, ArrayRef), high: (Bound, ArrayRef)) -> Range {
    Range { low: Marker::new(low.0, low.1), high: Marker::new(high.0, high.1) }
}

fn from(bound: Bound, value: ArrayRef) -> Range {
    let high = Marker::upper_unbounded(value.data_type().clone());
    Range { low: Marker::new(bound, value), high }
}

fn call(function: &str, arguments: Vec<Expression>) -> Expression {
    Expression::Call { function: function.to_owned(), arguments, data_type: DataType::Boolean }
}

fn column(name: &str, data_type: DataType) -> Expression {
    Expression::Variable { column: name.to_owned(), data_type }
}

fn constant(values: ArrayRef) -> Expression {
    Expression::Constant { data_type: values.data_type().clone(), values: Some(values) }
}

/// Dialect with numbered parameters and a binary collation.
struct Binary;

impl SqlDialect for Binary {
    fn placeholder(&self, number: usize) -> String {
        format!("${number}")
    }

    fn has_binary_collation(&self) -> bool {
        true
    }

    fn max_parameters(&self) -> usize {
        3
    }
}

fn sql_of(conjunct: &Conjunct<'_>, dialect: impl SqlDialect) -> (Pushed<()>, String) {
    let mut filter = SqlFilter::new(dialect);
    let pushed = filter.push(conjunct);
    (pushed, filter.where_clause().trim_start_matches(" WHERE ").to_owned())
}

#[test]
fn value_sets_become_sql_with_parameters() {
    let five = || numbers(&[5]);
    let cases = [
        (list_of(numbers(&[7, 9]), true, false), Pushed::Exact(()), r#""n" IN (?, ?)"#),
        (list_of(numbers(&[7]), true, true), Pushed::Exact(()), r#"("n" = ? OR "n" IS NULL)"#),
        (list_of(numbers(&[7]), false, false), Pushed::Exact(()), r#"("n" < ? OR "n" >= ?)"#),
        (set_of(vec![from(Bound::Above, five())], false), Pushed::Exact(()), r#""n" >= ?"#),
        (
            set_of(vec![between((Bound::Exactly, five()), (Bound::Below, numbers(&[9])))], false),
            Pushed::Exact(()),
            r#"("n" >= ? AND "n" < ?)"#,
        ),
        (set_of(vec![Range::all(DataType::Int64)], false), Pushed::Exact(()), r#""n" IS NOT NULL"#),
        (list_of(texts(&["a", "b"]), true, false), Pushed::Superset(()), r#""n" IN (?, ?)"#),
        (list_of(texts(&["a"]), false, false), Pushed::Unsupported, ""),
        (set_of(vec![from(Bound::Exactly, texts(&["a"]))], false), Pushed::Unsupported, ""),
    ];
    for (set, pushed, sql) in cases {
        let conjunct = Conjunct::Values { column: "n", set: &set };
        assert_eq!(sql_of(&conjunct, StandardSql), (pushed, sql.to_owned()), "{set:?}");
    }
}

#[test]
fn a_dialect_decides_on_collation_quoting_and_parameter_count() {
    let set = set_of(vec![from(Bound::Above, texts(&["a"]))], false);
    let conjunct = Conjunct::Values { column: "na\"me", set: &set };
    assert_eq!(sql_of(&conjunct, Binary), (Pushed::Exact(()), r#""na""me" > $1"#.to_owned()));
    let set = list_of(texts(&["a", "b", "c", "d"]), true, false);
    let mut filter = SqlFilter::new(Binary);
    assert_eq!(filter.push(&Conjunct::Values { column: "n", set: &set }), Pushed::Unsupported);
    assert!(filter.parameters().is_empty() && filter.where_clause().is_empty());
    let two = list_of(texts(&["a", "b"]), true, false);
    assert_eq!(filter.push(&Conjunct::Values { column: "n", set: &two }), Pushed::Exact(()));
    let one = list_of(numbers(&[1]), true, false);
    assert_eq!(filter.push(&Conjunct::Values { column: "m", set: &one }), Pushed::Exact(()));
    assert_eq!(filter.where_clause(), r#" WHERE "n" IN ($1, $2) AND "m" = $3"#);
    assert_eq!(filter.parameters()[2], Literal::Integer(1));
}

#[test]
fn timestamps_are_compared_by_whole_milliseconds() {
    let at = || -> ArrayRef { Arc::new(Date64Array::from(vec![1_000])) };
    // A source with microseconds has rows that Athena sees as this millisecond.
    let set = set_of(vec![Range::equal(at())], false);
    let conjunct = Conjunct::Values { column: "at", set: &set };
    assert_eq!(
        sql_of(&conjunct, StandardSql),
        (Pushed::Exact(()), r#"("at" >= ? AND "at" < ?)"#.to_owned())
    );
    let mut filter = SqlFilter::new(StandardSql);
    let set = set_of(vec![from(Bound::Above, at())], false);
    assert_eq!(filter.push(&Conjunct::Values { column: "at", set: &set }), Pushed::Exact(()));
    assert_eq!(filter.parameters(), [Literal::Timestamp(1_001)]);
}

#[test]
fn dates_are_compared_by_whole_days() {
    // A source whose dates have a time of day has rows that Athena sees as this day.
    let set = list_of(Arc::new(Date32Array::from(vec![19_783])), true, false);
    let conjunct = Conjunct::Values { column: "d", set: &set };
    assert_eq!(
        sql_of(&conjunct, StandardSql),
        (Pushed::Exact(()), r#"("d" >= ? AND "d" < ?)"#.to_owned())
    );
}

#[test]
fn expressions_become_sql_if_sql_has_the_same_semantics() {
    let n = || column("n", DataType::Int64);
    let equal = |value| call(functions::EQUAL, vec![n(), constant(numbers(&[value]))]);
    let unknown = || call("$soundex", vec![n()]);
    let text =
        || call(functions::EQUAL, vec![column("t", DataType::Utf8), constant(texts(&["a"]))]);
    let null = || call(functions::IS_NULL, vec![n()]);
    let cases = [
        (
            call(functions::LESS_THAN, vec![constant(numbers(&[5])), n()]),
            Pushed::Exact(()),
            r#""n" >= ?"#,
        ),
        (
            call(functions::OR, vec![equal(1), null()]),
            Pushed::Exact(()),
            r#"("n" = ? OR "n" IS NULL)"#,
        ),
        (call(functions::NOT, vec![null()]), Pushed::Exact(()), r#"NOT ("n" IS NULL)"#),
        (call(functions::AND, vec![equal(1), unknown()]), Pushed::Superset(()), r#"("n" = ?)"#),
        (call(functions::OR, vec![equal(1), unknown()]), Pushed::Unsupported, ""),
        // Another collation finds more values equal, and so fewer unequal.
        (call(functions::NOT, vec![text()]), Pushed::Unsupported, ""),
        (text(), Pushed::Superset(()), r#""t" = ?"#),
        (call(functions::EQUAL, vec![n(), constant(texts(&["a"]))]), Pushed::Unsupported, ""),
        (unknown(), Pushed::Unsupported, ""),
    ];
    for (expression, pushed, sql) in cases {
        assert_eq!(
            sql_of(&Conjunct::Expression(&expression), StandardSql),
            (pushed, sql.to_owned()),
            "{expression:?}"
        );
    }
}

#[test]
fn floats_are_a_superset_and_nan_is_never_a_parameter() {
    let doubles = |value: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![value])) };
    let above = set_of(vec![from(Bound::Above, doubles(1.5))], false);
    let conjunct = Conjunct::Values { column: "x", set: &above };
    assert_eq!(sql_of(&conjunct, StandardSql), (Pushed::Superset(()), r#""x" > ?"#.to_owned()));
    for set in [list_of(doubles(f64::NAN), true, false), list_of(doubles(1.5), false, false)] {
        assert_eq!(
            sql_of(&Conjunct::Values { column: "x", set: &set }, StandardSql).0,
            Pushed::Unsupported
        );
    }
}

#[test]
fn key_ranges_are_sorted_disjoint_and_exact() {
    let ranges = |set: &ValueSet| {
        let ranges = Conjunct::Values { column: "n", set }.key_ranges("n")?;
        Some(ranges.into_iter().map(|range| (range.start, range.end)).collect::<Vec<_>>())
    };
    assert_eq!(
        ranges(&list_of(numbers(&[9, 5, 6]), true, false)),
        Some(vec![(Some(5), Some(7)), (Some(9), Some(10))])
    );
    assert_eq!(
        ranges(&list_of(numbers(&[5, i64::MAX]), false, false)),
        Some(vec![(None, Some(5)), (Some(6), Some(i64::MAX))])
    );
    assert_eq!(
        ranges(&set_of(vec![from(Bound::Above, numbers(&[5]))], false)),
        Some(vec![(Some(6), None)])
    );
    let many: Vec<i64> = (0..100).map(|n| n * 3).collect();
    assert_eq!(ranges(&list_of(numbers(&many), true, false)).map(|ranges| ranges.len()), Some(100));
    let empty = between((Bound::Above, numbers(&[5])), (Bound::Below, numbers(&[6])));
    assert_eq!(ranges(&set_of(vec![empty], false)), Some(vec![]));
    // Null is not a key, and text has none.
    assert_eq!(ranges(&list_of(numbers(&[5]), true, true)), None);
    assert_eq!(ranges(&list_of(texts(&["a"]), true, false)), None);
    let days: ArrayRef = Arc::new(Date32Array::from(vec![-1]));
    assert_eq!(ranges(&list_of(days, true, false)), Some(vec![(Some(-1), Some(0))]));
    let expression = call(
        functions::GREATER_THAN_OR_EQUAL,
        vec![column("n", DataType::Int64), constant(numbers(&[5]))],
    );
    let conjunct = Conjunct::Expression(&expression);
    assert_eq!(
        conjunct.key_ranges("n").map(|ranges| (ranges[0].start, ranges[0].end)),
        Some((Some(5), None))
    );
    assert_eq!(conjunct.key_ranges("m"), None);
}

#[test]
fn prefixes_cover_every_value() {
    let prefixes = |set: &ValueSet| Conjunct::Values { column: "k", set }.prefixes("k");
    let strings =
        |texts: &[&str]| Some(texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
    assert_eq!(prefixes(&list_of(texts(&["b", "abc", "ab"]), true, false)), strings(&["ab", "b"]));
    let range = |low: &str, bound, high: &str| {
        set_of(vec![between((Bound::Exactly, texts(&[low])), (bound, texts(&[high])))], false)
    };
    assert_eq!(prefixes(&range("ab", Bound::Below, "ac")), strings(&["ab"]));
    assert_eq!(prefixes(&range("ab", Bound::Exactly, "ac")), strings(&["a"]));
    assert_eq!(prefixes(&range("ab", Bound::Below, "acx")), strings(&["a"]));
    assert_eq!(prefixes(&range("a", Bound::Below, "c")), None);
    assert_eq!(prefixes(&list_of(texts(&["a", ""]), true, false)), None);
    assert_eq!(prefixes(&list_of(texts(&["a"]), true, true)), None);
    assert_eq!(prefixes(&list_of(texts(&["a"]), false, false)), None);
    let like = |arguments: Vec<Expression>| {
        let expression = call(functions::LIKE_PATTERN, arguments);
        Conjunct::Expression(&expression).prefixes("k")
    };
    let k = || column("k", DataType::Utf8);
    assert_eq!(like(vec![k(), constant(texts(&["2024-0%7"]))]), strings(&["2024-0"]));
    assert_eq!(
        like(vec![k(), constant(texts(&["a#%b%"])), constant(texts(&["#"]))]),
        strings(&["a%b"])
    );
    assert_eq!(like(vec![k(), constant(texts(&["_b"]))]), None);
}

/// Checks every set of two ranges between small numbers and every list of two: a number is in the
/// key ranges if and only if the set admits it.
#[test]
fn key_ranges_contain_exactly_the_values_of_the_set() {
    let probes: ArrayRef = numbers(&[i64::MIN, -3, -2, -1, 0, 1, 2, 3, i64::MAX]);
    let check = |set: &ValueSet| {
        let passes =
            ValueTest::try_new(&DataType::Int64, set).unwrap().unwrap().passes(&probes).unwrap();
        let ranges = Conjunct::Values { column: "n", set }.key_ranges("n").unwrap();
        let apart = ranges.windows(2).all(|pair| pair[0].end < pair[1].start);
        assert!(apart, "{ranges:?} of {set:?}");
        for (row, probe) in probes.as_primitive::<Int64Type>().values().iter().enumerate() {
            let within = ranges.iter().any(|range| {
                range.start.is_none_or(|start| start <= *probe)
                    && range.end.is_none_or(|end| *probe < end)
            });
            assert_eq!(within, passes.value(row), "{probe} in {ranges:?} of {set:?}");
        }
    };
    let ends = [-2, 0, 1, i64::MAX];
    let mut ranges = Vec::new();
    for low in ends {
        for high in ends {
            for (below, above) in [(Bound::Exactly, Bound::Exactly), (Bound::Above, Bound::Below)] {
                ranges.push(between((below, numbers(&[low])), (above, numbers(&[high]))));
            }
        }
        ranges.push(from(Bound::Above, numbers(&[low])));
    }
    for first in &ranges {
        for second in &ranges {
            check(&set_of(vec![first.clone(), second.clone()], false));
        }
    }
    for first in ends {
        for second in ends {
            check(&list_of(numbers(&[first, second]), true, false));
            check(&list_of(numbers(&[first, second]), false, false));
        }
    }
}

#[test]
fn a_claim_of_exactness_is_reported_once() {
    let unlimited = Constraints { limit: None, ..limited([("n", five())]) };
    let claimed = |constraints: &Constraints, answer: fn(Conjunct<'_>) -> Pushed<()>| {
        let claims = Claims::default();
        push_down_claiming(constraints, &claims, answer);
        (claims.take_all_exact(), claims.take_all_exact(), claims.limit_given())
    };
    assert_eq!(claimed(&unlimited, |_| Pushed::Exact(())), (true, false, false));
    assert_eq!(claimed(&unlimited, |_| Pushed::Superset(())), (false, false, false));
    // No conjunct was offered, so nothing was claimed.
    assert_eq!(claimed(&limited([]), |_| Pushed::Exact(())), (false, false, true));
    assert_eq!(claimed(&limited([("n", five())]), |_| Pushed::Exact(())), (true, false, true));
}
