//! Comparisons with constants as value sets, so that both forms are pushed down by the same code.

use arrow::{
    array::{Array, ArrayRef},
    compute::concat,
    datatypes::DataType,
};
use athena_protocol::predicate::{
    Bound, EquatableValueSet, Expression, Marker, Range, SortedRangeSet, ValueSet, functions,
};

/// Returns the compared column and the values for which `expression` is true, or `None` if
/// `expression` is anything but a comparison or `IN` of one column with constants of its own type.
///
/// Constants of another type stay with the SDK: a source might coerce them differently.
pub(super) fn parse_comparison(expression: &Expression) -> Option<(&str, ValueSet)> {
    let Expression::Call { function, arguments, .. } = expression else { return None };
    if function == functions::IN {
        return membership(arguments);
    }
    let [left, right] = &arguments[..] else { return None };
    let (column, data_type, value, flipped) = match (left, right) {
        (Expression::Variable { column, data_type }, other) => {
            (column, data_type, constant(other)?, false)
        }
        (other, Expression::Variable { column, data_type }) => {
            (column, data_type, constant(other)?, true)
        }
        _ => return None,
    };
    if value.len() != 1 || !is_same_type(data_type, value) {
        return None;
    }
    let set = match (function.as_str(), flipped) {
        (functions::EQUAL, _) => ranges(Range::equal(ArrayRef::clone(value))),
        (functions::NOT_EQUAL, _) => list(ArrayRef::clone(value), false),
        (functions::LESS_THAN, false) | (functions::GREATER_THAN, true) => {
            below(value, Bound::Below)
        }
        (functions::LESS_THAN_OR_EQUAL, false) | (functions::GREATER_THAN_OR_EQUAL, true) => {
            below(value, Bound::Exactly)
        }
        (functions::GREATER_THAN, false) | (functions::LESS_THAN, true) => {
            above(value, Bound::Above)
        }
        (functions::GREATER_THAN_OR_EQUAL, false) | (functions::LESS_THAN_OR_EQUAL, true) => {
            above(value, Bound::Exactly)
        }
        _ => return None,
    };
    Some((column, set))
}

fn membership(arguments: &[Expression]) -> Option<(&str, ValueSet)> {
    let [Expression::Variable { column, data_type }, items] = arguments else { return None };
    let values = match items {
        Expression::Call { function, arguments, .. } if function == functions::ARRAY => {
            arguments.iter().map(constant).collect::<Option<Vec<_>>>()?
        }
        other => vec![constant(other)?],
    };
    if values.is_empty() || !values.iter().all(|values| is_same_type(data_type, values)) {
        return None;
    }
    let values = concat(&values.iter().map(AsRef::as_ref).collect::<Vec<_>>()).ok()?;
    Some((column, list(values, true)))
}

/// Returns the values of a constant that contains no null.
fn constant(expression: &Expression) -> Option<&ArrayRef> {
    match expression {
        Expression::Constant { values: Some(values), .. } if values.logical_null_count() == 0 => {
            Some(values)
        }
        _ => None,
    }
}

/// Returns whether column and constant have the same type, ignoring time zone and decimal
/// precision and scale.
fn is_same_type(column: &DataType, values: &ArrayRef) -> bool {
    match (column, values.data_type()) {
        (DataType::Timestamp(unit, Some(_)), DataType::Timestamp(other, Some(_))) => unit == other,
        (DataType::Decimal128(_, _), DataType::Decimal128(_, _)) => true,
        (column, value) => column == value,
    }
}

fn ranges(range: Range) -> ValueSet {
    let data_type = range.low.data_type.clone();
    ValueSet::SortedRange(SortedRangeSet { data_type, ranges: vec![range], null_allowed: false })
}

fn list(values: ArrayRef, inclusive: bool) -> ValueSet {
    ValueSet::Equatable(EquatableValueSet { values, inclusive, null_allowed: false })
}

fn above(value: &ArrayRef, bound: Bound) -> ValueSet {
    let high = Marker::upper_unbounded(value.data_type().clone());
    ranges(Range { low: Marker::new(bound, ArrayRef::clone(value)), high })
}

fn below(value: &ArrayRef, bound: Bound) -> ValueSet {
    let low = Marker::lower_unbounded(value.data_type().clone());
    ranges(Range { low, high: Marker::new(bound, ArrayRef::clone(value)) })
}
