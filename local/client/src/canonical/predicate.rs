//! Canonical JSON of constraints: value sets, expressions, order, limit and query plan.

use arrow::datatypes::DataType;
use athena_protocol::{
    Constraints,
    predicate::{Bound, Expression, Marker, Range, ValueSet},
};
use serde_json::{Value, json};

use super::{block, data_type};

/// Returns the constraints of a query on a table.
pub fn constraints(constraints: &Constraints) -> Value {
    let summary: Value =
        constraints.summary.iter().map(|(column, set)| (column.clone(), value_set(set))).collect();
    let order_by = constraints
        .order_by
        .iter()
        .map(|field| {
            json!({ "columnName": field.column_name, "direction": field.direction.wire_name() })
        })
        .collect::<Value>();
    let plan = constraints.query_plan.as_ref().map(|plan| {
        json!({
            "substraitVersion": plan.substrait_version,
            "substraitPlan": plan.substrait_plan,
        })
    });
    json!({
        "summary": summary,
        "expression": constraints.expressions.iter().map(expression).collect::<Value>(),
        "orderByClause": order_by,
        "limit": constraints.limit.map_or(Value::from(-1), |limit| block::integer(limit.into())),
        "queryPassthroughArguments": constraints.query_passthrough_arguments,
        "queryPlan": plan,
    })
}

/// Returns a value set, with the properties that the Java SDK derives from it.
pub fn value_set(set: &ValueSet) -> Value {
    let null_allowed = set.null_allowed();
    let data_type = data_type(set.data_type());
    match set {
        ValueSet::SortedRange(set) => {
            let only = match &*set.ranges {
                [range] => Some(range),
                _ => None,
            };
            let none = set.ranges.is_empty();
            let single = if null_allowed { none } else { only.is_some_and(is_single_value) };
            json!({
                "kind": "SortedRangeSet",
                "type": data_type,
                "nullAllowed": null_allowed,
                "ranges": set.ranges.iter().map(range).collect::<Value>(),
                "derived": derived(none, only.is_some_and(Range::is_all), single),
            })
        }
        ValueSet::Equatable(set) => {
            let count = set.values.len();
            json!({
                "kind": "EquatableValueSet",
                "type": data_type,
                "nullAllowed": null_allowed,
                "whiteList": set.inclusive,
                "values": block::cells(&set.values),
                "derived": derived(
                    set.inclusive && count == 0 && !null_allowed,
                    !set.inclusive && count == 0 && null_allowed,
                    set.inclusive && count + usize::from(null_allowed) == 1,
                ),
            })
        }
        ValueSet::AllOrNone(set) => json!({
            "kind": "AllOrNoneValueSet",
            "type": data_type,
            "nullAllowed": null_allowed,
            "all": set.all,
            "derived": derived(!set.all && !null_allowed, set.all && null_allowed, false),
        }),
    }
}

fn derived(none: bool, all: bool, single_value: bool) -> Value {
    json!({ "isNone": none, "isAll": all, "isSingleValue": single_value })
}

/// Returns true for a range of one value, except of bytes, which Java compares by identity.
fn is_single_value(range: &Range) -> bool {
    range.low.bound == Bound::Exactly
        && range.low == range.high
        && range.low.data_type != DataType::Binary
}

fn range(range: &Range) -> Value {
    json!({ "low": marker(&range.low), "high": marker(&range.high) })
}

fn marker(marker: &Marker) -> Value {
    let bound = match marker.bound {
        Bound::Below => "BELOW",
        Bound::Exactly => "EXACTLY",
        Bound::Above => "ABOVE",
    };
    match &marker.value {
        Some(value) => json!({
            "bound": bound,
            "nullValue": marker.null_value,
            "value": block::cell(value, 0),
        }),
        None => json!({ "bound": bound, "nullValue": marker.null_value }),
    }
}

/// Returns an expression with all its arguments.
pub fn expression(expression: &Expression) -> Value {
    match expression {
        Expression::Constant { values: Some(values), data_type } => json!({
            "kind": "constant",
            "type": self::data_type(data_type),
            "blockType": self::data_type(values.data_type()),
            "values": block::cells(values),
        }),
        Expression::Constant { values: None, data_type } => {
            json!({ "kind": "constant", "type": self::data_type(data_type), "values": null })
        }
        Expression::Variable { column, data_type } => {
            json!({ "kind": "variable", "type": self::data_type(data_type), "column": column })
        }
        Expression::Call { function, arguments, data_type } => json!({
            "kind": "call",
            "type": self::data_type(data_type),
            "function": function,
            "arguments": arguments.iter().map(self::expression).collect::<Value>(),
        }),
    }
}
