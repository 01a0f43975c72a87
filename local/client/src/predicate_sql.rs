//! Constraints, value sets and expressions rendered as SQL text, to show what was pushed down.
//!
//! The text is for humans: long lists are shortened, identifiers are not quoted, and nothing parses
//! it.

use arrow::{
    array::{Array, ArrayRef},
    datatypes::DataType,
    util::display::array_value_to_string,
};
use athena_protocol::{
    Constraints,
    predicate::{Bound, Expression, OrderByField, Range, ValueSet, functions as f},
};

/// Maximum length of a rendered value list. Thousands of values would be unreadable.
const MAX_VALUES: usize = 8;

/// Renders `constraints`: value sets, expressions, order and limit, separated by semicolons.
///
/// Returns an empty string if there are none.
pub fn constraints_to_sql(constraints: &Constraints) -> String {
    let mut parts: Vec<String> = Vec::new();
    let sets: Vec<_> =
        constraints.summary.iter().map(|(column, set)| value_set_to_sql(column, set)).collect();
    if !sets.is_empty() {
        parts.push(format!("sets: {}", sets.join(" AND ")));
    }
    let expressions: Vec<_> = constraints.expressions.iter().map(expression_to_sql).collect();
    if !expressions.is_empty() {
        parts.push(format!("expressions: {}", expressions.join(" AND ")));
    }
    if !constraints.order_by.is_empty() {
        let fields: Vec<_> = constraints.order_by.iter().map(order_to_sql).collect();
        parts.push(format!("order by {}", fields.join(", ")));
    }
    if let Some(limit) = constraints.limit {
        parts.push(format!("limit {limit}"));
    }
    parts.join("; ")
}

fn order_to_sql(field: &OrderByField) -> String {
    format!(
        "{}{} nulls {}",
        field.column_name.as_deref().unwrap_or("?"),
        if field.direction.descending() { " desc" } else { "" },
        if field.direction.nulls_first() { "first" } else { "last" }
    )
}

/// Renders `set` as a condition on `column`.
pub fn value_set_to_sql(column: &str, set: &ValueSet) -> String {
    let (values, null_allowed) = match set {
        ValueSet::SortedRange(set) => (ranges_to_sql(column, &set.ranges), set.null_allowed),
        ValueSet::Equatable(set) => {
            let count = set.values.len();
            let condition = match (set.inclusive, count) {
                (true, 0) => None,
                (false, 0) => Some(String::new()),
                (true, _) => Some(format!("{column} in ({})", list_to_sql(&set.values))),
                (false, _) => Some(format!("{column} not in ({})", list_to_sql(&set.values))),
            };
            (condition, set.null_allowed)
        }
        ValueSet::AllOrNone(set) => (set.all.then(String::new), set.null_allowed),
    };
    match (values, null_allowed) {
        (None, false) => format!("{column} in ()"),
        (None, true) => format!("{column} is null"),
        (Some(condition), false) if condition.is_empty() => format!("{column} is not null"),
        (Some(condition), true) if condition.is_empty() => {
            format!("({column} is null or {column} is not null)")
        }
        (Some(condition), false) => condition,
        (Some(condition), true) => format!("({condition} or {column} is null)"),
    }
}

/// Renders `ranges`: `None` for no range, an empty string for all values.
fn ranges_to_sql(column: &str, ranges: &[Range]) -> Option<String> {
    if ranges.is_empty() {
        return None;
    }
    if ranges.len() > 1 && ranges.iter().all(is_single_value) {
        let values: Vec<_> = ranges
            .iter()
            .take(MAX_VALUES)
            .filter_map(|range| range.low.value.as_ref())
            .map(value_to_sql)
            .collect();
        let more = if ranges.len() > MAX_VALUES {
            format!(", ... {} in total", ranges.len())
        } else {
            String::new()
        };
        return Some(format!("{column} in ({}{more})", values.join(", ")));
    }
    if ranges.iter().any(Range::is_all) {
        return Some(String::new());
    }
    let conditions: Vec<_> =
        ranges.iter().take(MAX_VALUES).map(|range| range_to_sql(column, range)).collect();
    let more = if ranges.len() > MAX_VALUES {
        format!(" or ... {} ranges in total", ranges.len())
    } else {
        String::new()
    };
    let joined = format!("{}{more}", conditions.join(" or "));
    Some(if ranges.len() > 1 { format!("({joined})") } else { joined })
}

fn is_single_value(range: &Range) -> bool {
    range.low.bound == Bound::Exactly
        && range.high.bound == Bound::Exactly
        && range.low.value == range.high.value
}

fn range_to_sql(column: &str, range: &Range) -> String {
    let low = range.low.value.as_ref().filter(|_| !range.low.is_unbounded()).map(value_to_sql);
    let high = range.high.value.as_ref().filter(|_| !range.high.is_unbounded()).map(value_to_sql);
    match (low, high) {
        (Some(low), Some(high)) if low == high && range.low.bound == Bound::Exactly => {
            format!("{column} = {low}")
        }
        (low, high) => {
            let mut conditions = Vec::new();
            if let Some(low) = low {
                let sign = if range.low.bound == Bound::Exactly { ">=" } else { ">" };
                conditions.push(format!("{column} {sign} {low}"));
            }
            if let Some(high) = high {
                let sign = if range.high.bound == Bound::Exactly { "<=" } else { "<" };
                conditions.push(format!("{column} {sign} {high}"));
            }
            conditions.join(" and ")
        }
    }
}

/// Renders `expression`.
pub fn expression_to_sql(expression: &Expression) -> String {
    match expression {
        Expression::Constant { values: None, .. } => "null".to_owned(),
        Expression::Constant { values: Some(values), .. } => list_to_sql(values),
        Expression::Variable { column, .. } => column.clone(),
        Expression::Call { function, arguments, .. } => {
            let arguments: Vec<_> = arguments.iter().map(expression_to_sql).collect();
            match (function.as_str(), arguments.as_slice()) {
                (f::AND, all) => format!("({})", all.join(" and ")),
                (f::OR, all) => format!("({})", all.join(" or ")),
                (f::NOT, [one]) => format!("not {one}"),
                (f::IS_NULL, [one]) => format!("{one} is null"),
                (f::NEGATE, [one]) => format!("-{one}"),
                (f::IN, [one, list]) => format!("{one} in {list}"),
                (f::ARRAY, all) => format!("({})", all.join(", ")),
                (name, [left, right]) if operator(name).is_some() => {
                    format!("{left} {} {right}", operator(name).unwrap_or_default())
                }
                (name, all) => format!("{}({})", name.trim_start_matches('$'), all.join(", ")),
            }
        }
    }
}

fn operator(function: &str) -> Option<&'static str> {
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

fn list_to_sql(values: &ArrayRef) -> String {
    let rendered = values.len().min(MAX_VALUES);
    let mut items: Vec<_> = (0..rendered).map(|row| value_to_sql(&values.slice(row, 1))).collect();
    if values.len() > rendered {
        items.push(format!("... {} in total", values.len()));
    }
    items.join(", ")
}

/// Renders the first row of `value`.
fn value_to_sql(value: &ArrayRef) -> String {
    if value.is_empty() || value.is_null(0) {
        return "null".to_owned();
    }
    let text = match value.data_type() {
        // On the wire such a value is packed with its zone: printed as it is, it would be a date in
        // the distant future.
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
    fn ranges_are_rendered_as_comparisons() {
        let between = Range {
            low: Marker::new(Bound::Exactly, int(1)),
            high: Marker::new(Bound::Below, int(9)),
        };
        assert_eq!(
            value_set_to_sql("x", &sorted(vec![between.clone()], false)),
            "x >= 1 and x < 9"
        );
        assert_eq!(
            value_set_to_sql("x", &sorted(vec![between], true)),
            "(x >= 1 and x < 9 or x is null)"
        );
        let points = vec![Range::equal(int(1)), Range::equal(int(5))];
        assert_eq!(value_set_to_sql("x", &sorted(points, false)), "x in (1, 5)");
        assert_eq!(
            value_set_to_sql("x", &sorted(vec![Range::all(DataType::Int32)], false)),
            "x is not null"
        );
        assert_eq!(value_set_to_sql("x", &sorted(vec![], true)), "x is null");
        assert_eq!(value_set_to_sql("x", &sorted(vec![], false)), "x in ()");
    }

    #[test]
    fn lists_and_flags_are_rendered_as_in_and_is_null() {
        let values: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let set = ValueSet::Equatable(EquatableValueSet {
            values,
            inclusive: false,
            null_allowed: false,
        });
        assert_eq!(value_set_to_sql("s", &set), "s not in ('a', 'b')");
        let none =
            AllOrNoneValueSet { data_type: DataType::Boolean, all: false, null_allowed: true };
        assert_eq!(value_set_to_sql("b", &ValueSet::AllOrNone(none)), "b is null");
    }
}
