//! Predicates in words, for people who want to know what was pushed down.

use std::fmt::Write as _;

use arrow::{
    array::{Array, ArrayRef},
    datatypes::DataType,
    util::display::array_value_to_string,
};
use athena_protocol::{
    Constraints,
    predicate::{Bound, Expression, OrderByField, Range, ValueSet, functions as f},
};

/// Value lists longer than this are cut, because an `IN` of thousands says nothing more.
const VALUES_SHOWN: usize = 8;

/// "1 split", "2 splits".
pub(super) fn plural(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// The whole of `constraints`: empty text for no constraint.
pub fn constraints_in_words(constraints: &Constraints) -> String {
    let mut parts: Vec<String> = Vec::new();
    let sets: Vec<_> =
        constraints.summary.iter().map(|(column, set)| value_set_in_words(column, set)).collect();
    if !sets.is_empty() {
        parts.push(format!("sets: {}", sets.join(" AND ")));
    }
    let expressions: Vec<_> = constraints.expressions.iter().map(expression_in_words).collect();
    if !expressions.is_empty() {
        parts.push(format!("expressions: {}", expressions.join(" AND ")));
    }
    if !constraints.order_by.is_empty() {
        let fields: Vec<_> = constraints.order_by.iter().map(order_in_words).collect();
        parts.push(format!("order by {}", fields.join(", ")));
    }
    if let Some(limit) = constraints.limit {
        parts.push(format!("limit {limit}"));
    }
    parts.join("; ")
}

fn order_in_words(field: &OrderByField) -> String {
    format!(
        "{}{} nulls {}",
        field.column_name.as_deref().unwrap_or("?"),
        if field.direction.descending() { " desc" } else { "" },
        if field.direction.nulls_first() { "first" } else { "last" }
    )
}

/// A condition on `column`, in the manner of SQL.
pub fn value_set_in_words(column: &str, set: &ValueSet) -> String {
    let (values, null_allowed) = match set {
        ValueSet::SortedRange(set) => (ranges_in_words(column, &set.ranges), set.null_allowed),
        ValueSet::Equatable(set) => {
            let count = set.values.len();
            let words = match (set.inclusive, count) {
                (true, 0) => None,
                (false, 0) => Some(String::new()),
                (true, _) => Some(format!("{column} in ({})", list_in_words(&set.values))),
                (false, _) => Some(format!("{column} not in ({})", list_in_words(&set.values))),
            };
            (words, set.null_allowed)
        }
        ValueSet::AllOrNone(set) => (set.all.then(String::new), set.null_allowed),
    };
    match (values, null_allowed) {
        (None, false) => format!("{column} is nothing"),
        (None, true) => format!("{column} is null"),
        (Some(words), false) if words.is_empty() => format!("{column} is not null"),
        (Some(words), true) if words.is_empty() => format!("{column} is anything"),
        (Some(words), false) => words,
        (Some(words), true) => format!("({words} or {column} is null)"),
    }
}

/// `None` for no range, empty text for all values.
fn ranges_in_words(column: &str, ranges: &[Range]) -> Option<String> {
    if ranges.is_empty() {
        return None;
    }
    let single = |range: &&Range| {
        range.low.bound == Bound::Exactly
            && range.high.bound == Bound::Exactly
            && range.low.value == range.high.value
    };
    if ranges.len() > 1 && ranges.iter().all(|range| single(&range)) {
        let values: Vec<_> = ranges
            .iter()
            .take(VALUES_SHOWN)
            .filter_map(|range| range.low.value.as_ref())
            .map(value_in_words)
            .collect();
        let more = if ranges.len() > VALUES_SHOWN {
            format!(", ... {} in all", ranges.len())
        } else {
            String::new()
        };
        return Some(format!("{column} in ({}{more})", values.join(", ")));
    }
    if ranges.iter().any(Range::is_all) {
        return Some(String::new());
    }
    let words: Vec<_> =
        ranges.iter().take(VALUES_SHOWN).map(|range| range_in_words(column, range)).collect();
    let more = if ranges.len() > VALUES_SHOWN {
        format!(" or ... {} ranges in all", ranges.len())
    } else {
        String::new()
    };
    let joined = format!("{}{more}", words.join(" or "));
    Some(if ranges.len() > 1 { format!("({joined})") } else { joined })
}

fn range_in_words(column: &str, range: &Range) -> String {
    let low = range.low.value.as_ref().filter(|_| !range.low.is_unbounded()).map(value_in_words);
    let high = range.high.value.as_ref().filter(|_| !range.high.is_unbounded()).map(value_in_words);
    match (low, high) {
        (Some(low), Some(high)) if low == high && range.low.bound == Bound::Exactly => {
            format!("{column} = {low}")
        }
        (low, high) => {
            let mut words = String::new();
            if let Some(low) = low {
                let sign = if range.low.bound == Bound::Exactly { ">=" } else { ">" };
                // Writing to a text cannot fail.
                let _ = write!(words, "{column} {sign} {low}");
            }
            if let Some(high) = high {
                let sign = if range.high.bound == Bound::Exactly { "<=" } else { "<" };
                let and = if words.is_empty() { column.to_owned() } else { " and".to_owned() };
                let _ = write!(words, "{and} {sign} {high}");
            }
            words
        }
    }
}

/// An expression in the manner of SQL.
pub fn expression_in_words(expression: &Expression) -> String {
    match expression {
        Expression::Constant { values: None, .. } => "null".to_owned(),
        Expression::Constant { values: Some(values), .. } => list_in_words(values),
        Expression::Variable { column, .. } => column.clone(),
        Expression::Call { function, arguments, .. } => {
            let words: Vec<_> = arguments.iter().map(expression_in_words).collect();
            match (function.as_str(), words.as_slice()) {
                (f::AND, all) => format!("({})", all.join(" and ")),
                (f::OR, all) => format!("({})", all.join(" or ")),
                (f::NOT, [one]) => format!("not {one}"),
                (f::IS_NULL, [one]) => format!("{one} is null"),
                (f::NEGATE, [one]) => format!("-{one}"),
                (f::IN, [one, list]) => format!("{one} in {list}"),
                (f::ARRAY, all) => format!("({})", all.join(", ")),
                (name, [left, right]) if sign(name).is_some() => {
                    format!("{left} {} {right}", sign(name).unwrap_or_default())
                }
                (name, all) => format!("{}({})", name.trim_start_matches('$'), all.join(", ")),
            }
        }
    }
}

fn sign(function: &str) -> Option<&'static str> {
    Some(match function {
        f::EQUAL => "=",
        f::NOT_EQUAL => "<>",
        f::LESS_THAN => "<",
        f::LESS_THAN_OR_EQUAL => "<=",
        f::GREATER_THAN => ">",
        f::GREATER_THAN_OR_EQUAL => ">=",
        f::IS_DISTINCT_FROM => "is distinct from",
        f::ADD => "+",
        f::SUBTRACT => "-",
        f::MULTIPLY => "*",
        f::DIVIDE => "/",
        f::MODULUS => "%",
        f::LIKE_PATTERN => "like",
        _ => return None,
    })
}

fn list_in_words(values: &ArrayRef) -> String {
    let shown = values.len().min(VALUES_SHOWN);
    let mut words: Vec<_> = (0..shown).map(|row| value_in_words(&values.slice(row, 1))).collect();
    if values.len() > shown {
        words.push(format!("... {} in all", values.len()));
    }
    words.join(", ")
}

/// The only row of `value`.
fn value_in_words(value: &ArrayRef) -> String {
    if value.is_empty() || value.is_null(0) {
        return "null".to_owned();
    }
    let text = match value.data_type() {
        // On the wire such a value is packed with its zone; as it stands it would print as a date
        // far away.
        DataType::Timestamp(_, Some(_)) => athena_protocol::timestamp_tz::unpack_column(value)
            .ok()
            .and_then(|value| array_value_to_string(&value, 0).ok()),
        _ => array_value_to_string(value, 0).ok(),
    };
    let text = text.unwrap_or_else(|| "?".to_owned());
    match value.data_type() {
        DataType::Utf8 => format!("'{text}'"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int32Array, StringArray};
    use athena_protocol::predicate::{
        AllOrNoneValueSet, EquatableValueSet, Marker, SortedRangeSet,
    };

    use super::*;

    fn int(value: i32) -> ArrayRef {
        Arc::new(Int32Array::from(vec![value]))
    }

    fn sorted(ranges: Vec<Range>, null_allowed: bool) -> ValueSet {
        ValueSet::SortedRange(SortedRangeSet { data_type: DataType::Int32, ranges, null_allowed })
    }

    #[test]
    fn ranges_read_like_sql() {
        let between = Range {
            low: Marker::new(Bound::Exactly, int(1)),
            high: Marker::new(Bound::Below, int(9)),
        };
        assert_eq!(
            value_set_in_words("x", &sorted(vec![between.clone()], false)),
            "x >= 1 and < 9"
        );
        assert_eq!(
            value_set_in_words("x", &sorted(vec![between], true)),
            "(x >= 1 and < 9 or x is null)"
        );
        let points = vec![Range::equal(int(1)), Range::equal(int(5))];
        assert_eq!(value_set_in_words("x", &sorted(points, false)), "x in (1, 5)");
        assert_eq!(
            value_set_in_words("x", &sorted(vec![Range::all(DataType::Int32)], false)),
            "x is not null"
        );
        assert_eq!(value_set_in_words("x", &sorted(vec![], true)), "x is null");
        assert_eq!(value_set_in_words("x", &sorted(vec![], false)), "x is nothing");
    }

    #[test]
    fn lists_and_flags_read_like_sql() {
        let values: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let set = ValueSet::Equatable(EquatableValueSet {
            values,
            inclusive: false,
            null_allowed: false,
        });
        assert_eq!(value_set_in_words("s", &set), "s not in ('a', 'b')");
        let none =
            AllOrNoneValueSet { data_type: DataType::Boolean, all: false, null_allowed: true };
        assert_eq!(value_set_in_words("b", &ValueSet::AllOrNone(none)), "b is null");
    }
}
