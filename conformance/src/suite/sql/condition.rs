//! Predicates as SQL conditions, with the meaning that the oracle gives them.

use athena_protocol::{
    Constraints,
    predicate::{
        AllOrNoneValueSet, Bound, EquatableValueSet, Expression, Range, SortedRangeSet, ValueSet,
        functions as f,
    },
};

use super::literal::{constant, identifier, literal};
use crate::oracle::Cell;

/// Functions that have a form in SQL whose result does not depend on the engine.
///
/// Arithmetic is left out: its result types are those of the engine.
pub(super) const FUNCTIONS: [&str; 15] = [
    f::AND,
    f::OR,
    f::NOT,
    f::EQUAL,
    f::NOT_EQUAL,
    f::LESS_THAN,
    f::LESS_THAN_OR_EQUAL,
    f::GREATER_THAN,
    f::GREATER_THAN_OR_EQUAL,
    f::IS_DISTINCT_FROM,
    f::IS_NULL,
    f::IN,
    f::ARRAY,
    f::NULLIF,
    f::LIKE_PATTERN,
];

/// Writes the predicate of `constraints` as the condition of `WHERE`, empty if there is none;
/// `None` if a constant has no literal.
pub(super) fn condition(constraints: &Constraints) -> Option<String> {
    let sets = constraints.summary.iter().map(|(column, set)| of_set(&identifier(column), set));
    let expressions = constraints.expressions.iter().map(of_expression);
    let conditions: Vec<String> = sets.chain(expressions).collect::<Option<_>>()?;
    Some(conditions.join(" AND "))
}

fn of_set(column: &str, set: &ValueSet) -> Option<String> {
    let values = match set {
        ValueSet::AllOrNone(AllOrNoneValueSet { all, .. }) => all.then(|| all_of(column)),
        ValueSet::Equatable(set) => of_list(column, set)?,
        ValueSet::SortedRange(set) => of_ranges(column, set)?,
    };
    Some(match (values, set.null_allowed()) {
        (Some(values), true) => format!("({values} OR {column} IS NULL)"),
        (Some(values), false) => values,
        (None, true) => format!("{column} IS NULL"),
        (None, false) => format!("({column} IS NULL AND {column} IS NOT NULL)"),
    })
}

fn all_of(column: &str) -> String {
    format!("{column} IS NOT NULL")
}

/// Writes a list; `Some(None)` for no value.
#[expect(clippy::option_option, reason = "no value is not a missing literal")]
fn of_list(column: &str, set: &EquatableValueSet) -> Option<Option<String>> {
    let values = (0..set.values.len()).map(|row| Cell::read(&set.values, row));
    let items = values.map(|value| literal(&value, set.values.data_type()));
    let items: Vec<String> = items.collect::<Option<_>>()?;
    Some(match (items.is_empty(), set.inclusive) {
        (true, true) => None,
        (true, false) => Some(all_of(column)),
        (false, true) => Some(format!("{column} IN ({})", items.join(", "))),
        (false, false) => Some(format!("{column} NOT IN ({})", items.join(", "))),
    })
}

/// Writes ranges; `Some(None)` for no value.
#[expect(clippy::option_option, reason = "no value is not a missing literal")]
fn of_ranges(column: &str, set: &SortedRangeSet) -> Option<Option<String>> {
    let point = |range: &Range| {
        let is_point = range.low.bound == Bound::Exactly && range.low == range.high;
        range.low.value.as_ref().filter(|_| is_point).map(constant)
    };
    let points: Option<Vec<_>> = set.ranges.iter().map(point).collect();
    if let Some(points) = points.filter(|points| points.len() > 1) {
        let points: Vec<String> = points.into_iter().collect::<Option<_>>()?;
        return Some(Some(format!("{column} IN ({})", points.join(", "))));
    }
    let ranges: Vec<String> =
        set.ranges.iter().map(|range| of_range(column, range)).collect::<Option<_>>()?;
    Some(match ranges.as_slice() {
        [] => None,
        [range] => Some(range.clone()),
        ranges => Some(format!("({})", ranges.join(" OR "))),
    })
}

fn of_range(column: &str, range: &Range) -> Option<String> {
    let end = |marker: &athena_protocol::predicate::Marker| match &marker.value {
        Some(value) if !marker.is_unbounded() => constant(value).map(Some),
        _ => Some(None),
    };
    let [low, high] = [(&range.low, ">"), (&range.high, "<")].map(|(marker, sign)| {
        let equals = if marker.bound == Bound::Exactly { "=" } else { "" };
        end(marker).map(|value| value.map(|value| (value, format!("{sign}{equals}"))))
    });
    let closed = range.low.bound == Bound::Exactly && range.high.bound == Bound::Exactly;
    Some(match (low?, high?) {
        (None, None) => all_of(column),
        (Some((low, _)), Some((high, _))) if closed && low == high => format!("{column} = {low}"),
        (Some((low, _)), Some((high, _))) if closed => {
            format!("{column} BETWEEN {low} AND {high}")
        }
        (Some((low, above)), Some((high, below))) => {
            format!("({column} {above} {low} AND {column} {below} {high})")
        }
        (Some((end, sign)), None) | (None, Some((end, sign))) => format!("{column} {sign} {end}"),
    })
}

fn of_expression(expression: &Expression) -> Option<String> {
    match expression {
        Expression::Variable { column, .. } => Some(identifier(column)),
        Expression::Constant { values: Some(values), .. } => constant(values),
        Expression::Constant { values: None, .. } => Some("NULL".to_owned()),
        Expression::Call { function, arguments, .. } => {
            let arguments: Vec<String> =
                arguments.iter().map(of_expression).collect::<Option<_>>()?;
            of_call(function, &arguments)
        }
    }
}

fn of_call(function: &str, arguments: &[String]) -> Option<String> {
    Some(match (function, arguments) {
        (f::AND, all) => format!("({})", all.join(" AND ")),
        (f::OR, all) => format!("({})", all.join(" OR ")),
        (f::NOT, [one]) => format!("(NOT {one})"),
        (f::IS_NULL, [one]) => format!("({one} IS NULL)"),
        (f::IN, [one, list]) => format!("({one} IN {list})"),
        (f::ARRAY, all) => format!("({})", all.join(", ")),
        (f::NULLIF, [one, other]) => format!("nullif({one}, {other})"),
        (name, [left, right]) => format!("({left} {} {right})", operator(name)?),
        _ => return None,
    })
}

fn operator(function: &str) -> Option<&'static str> {
    Some(match function {
        f::EQUAL => "=",
        f::NOT_EQUAL => "<>",
        f::LESS_THAN => "<",
        f::LESS_THAN_OR_EQUAL => "<=",
        f::GREATER_THAN => ">",
        f::GREATER_THAN_OR_EQUAL => ">=",
        f::IS_DISTINCT_FROM => "IS DISTINCT FROM",
        f::LIKE_PATTERN => "LIKE",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, Int64Array},
        datatypes::DataType,
    };
    use athena_protocol::predicate::Marker;

    use super::*;

    fn int(value: i64) -> ArrayRef {
        Arc::new(Int64Array::from(vec![value]))
    }

    fn sorted(ranges: Vec<Range>, null_allowed: bool) -> ValueSet {
        ValueSet::SortedRange(SortedRangeSet { data_type: DataType::Int64, ranges, null_allowed })
    }

    #[test]
    fn a_set_is_the_condition_of_its_values() {
        let range =
            |low, high| Range { low: Marker::new(low, int(1)), high: Marker::new(high, int(3)) };
        let list = |inclusive| {
            let values = Arc::new(Int64Array::from(vec![1, 2]));
            ValueSet::Equatable(EquatableValueSet { values, inclusive, null_allowed: false })
        };
        for (set, expected) in [
            (sorted(vec![range(Bound::Exactly, Bound::Exactly)], false), "c BETWEEN 1 AND 3"),
            (sorted(vec![range(Bound::Above, Bound::Exactly)], false), "(c > 1 AND c <= 3)"),
            (sorted(vec![Range::equal(int(5))], true), "(c = 5 OR c IS NULL)"),
            (sorted(vec![Range::equal(int(5)), Range::equal(int(7))], false), "c IN (5, 7)"),
            (sorted(vec![Range::all(DataType::Int64)], false), "c IS NOT NULL"),
            (sorted(vec![], true), "c IS NULL"),
            (sorted(vec![], false), "(c IS NULL AND c IS NOT NULL)"),
            (list(true), "c IN (1, 2)"),
            (list(false), "c NOT IN (1, 2)"),
        ] {
            assert_eq!(of_set("c", &set).as_deref(), Some(expected));
        }
    }

    #[test]
    fn every_function_has_a_form() {
        for function in FUNCTIONS {
            let one = ["a".to_owned()];
            let two = ["a".to_owned(), "b".to_owned()];
            assert!(of_call(function, &one).or_else(|| of_call(function, &two)).is_some());
        }
        assert_eq!(of_call(f::ADD, &["a".to_owned(), "b".to_owned()]), None);
    }
}
