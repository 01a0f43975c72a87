//! Query plans that are equivalent to constraints, as an engine of version 6 sends both.

use arrow::{
    array::{Array as _, ArrayRef},
    datatypes::{DataType, TimeUnit},
};
use athena_protocol::{
    predicate::{Constraints, Direction, Expression, QueryPlan, functions},
    timestamp_tz::unpack,
};

use super::Pool;
use crate::{
    oracle::Cell,
    plan::{
        Proto, call_of, column, fetch, filter, function, literal, new, one_of, plan, sort, table,
        truth,
    },
};

/// Builds a plan with the expressions, the order and the limit of `constraints`.
///
/// `None` if a plan cannot express them, or if there are value sets: a connector that reads only
/// the plan would miss those.
pub(super) fn plan_of(constraints: &Constraints, pools: &[Pool]) -> Option<QueryPlan> {
    if !constraints.summary.is_empty() {
        return None;
    }
    let columns: Vec<(&str, Proto)> = pools
        .iter()
        .filter_map(|pool| Some((pool.name.as_str(), plan_type(&pool.data_type)?)))
        .collect();
    let writer = Writer { names: columns.iter().map(|(name, _)| *name).collect() };
    let mut relation = table(&columns);
    let mut conditions = Vec::new();
    for expression in &constraints.expressions {
        conditions.push(writer.expression(expression)?);
    }
    relation = match &conditions[..] {
        [] => relation,
        [condition] => filter(&relation, condition),
        several => filter(&relation, &truth("and", several)),
    };
    if !constraints.order_by.is_empty() {
        let mut keys = Vec::new();
        for field in &constraints.order_by {
            let direction = match field.direction {
                Direction::AscNullsFirst => 1,
                Direction::AscNullsLast => 2,
                Direction::DescNullsFirst => 3,
                Direction::DescNullsLast => 4,
            };
            keys.push((writer.column(field.column_name.as_deref()?)?, direction));
        }
        relation = sort(&relation, &keys);
    }
    if let Some(limit) = constraints.limit {
        relation = fetch(&relation, 0, i64::try_from(limit).ok()?);
    }
    let bytes = plan(&relation, &writer.names).0;
    Some(QueryPlan {
        substrait_version: None,
        substrait_plan: base64_simd::STANDARD.encode_to_string(bytes),
    })
}

struct Writer<'a> {
    /// Columns of the plan's table.
    names: Vec<&'a str>,
}

impl Writer<'_> {
    fn column(&self, name: &str) -> Option<Proto> {
        let index = self.names.iter().position(|known| *known == name)?;
        i64::try_from(index).ok().map(column)
    }

    fn expression(&self, expression: &Expression) -> Option<Proto> {
        match expression {
            Expression::Variable { column, .. } => self.column(column),
            Expression::Constant { values: Some(values), data_type } => constant(values, data_type),
            Expression::Constant { values: None, .. } => None,
            Expression::Call { function, arguments, .. } if function == functions::IN => {
                let [value, Expression::Call { arguments: items, .. }] = &arguments[..] else {
                    return None;
                };
                Some(one_of(&self.expression(value)?, &self.all(items)?))
            }
            Expression::Call { function: name, arguments, data_type } => Some(call_of(
                function(substrait_name(name)?),
                &plan_type(data_type)?,
                &self.all(arguments)?,
            )),
        }
    }

    fn all(&self, expressions: &[Expression]) -> Option<Vec<Proto>> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }
}

/// Returns the Substrait name of a function.
fn substrait_name(function: &str) -> Option<&'static str> {
    Some(match function {
        functions::AND => "and",
        functions::OR => "or",
        functions::NOT => "not",
        functions::IS_NULL => "is_null",
        functions::NULLIF => "nullif",
        functions::EQUAL => "equal",
        functions::NOT_EQUAL => "not_equal",
        functions::LESS_THAN => "lt",
        functions::LESS_THAN_OR_EQUAL => "lte",
        functions::GREATER_THAN => "gt",
        functions::GREATER_THAN_OR_EQUAL => "gte",
        functions::IS_DISTINCT_FROM => "is_distinct_from",
        functions::ADD => "add",
        functions::SUBTRACT => "subtract",
        functions::MULTIPLY => "multiply",
        functions::DIVIDE => "divide",
        functions::MODULUS => "modulus",
        functions::NEGATE => "negate",
        functions::LIKE_PATTERN => "like",
        _ => return None,
    })
}

/// Returns the nullable Substrait type.
fn plan_type(data_type: &DataType) -> Option<Proto> {
    let nullable = |number: u64, parameters: Proto| Some(new().message(number, &parameters));
    let plain = |number: u64| nullable(number, new().number(2, 1));
    match data_type {
        DataType::Boolean => plain(1),
        DataType::Int8 => plain(2),
        DataType::Int16 => plain(3),
        DataType::Int32 => plain(5),
        DataType::Int64 => plain(7),
        DataType::Float32 => plain(10),
        DataType::Float64 => plain(11),
        DataType::Utf8 => plain(12),
        DataType::Binary => plain(13),
        DataType::Date32 => plain(16),
        DataType::Decimal128(precision, scale) => nullable(
            24,
            new().number(1, (*scale).into()).number(2, (*precision).into()).number(4, 1),
        ),
        DataType::Date64 => nullable(33, new().number(1, 3).number(3, 1)),
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => {
            nullable(34, new().number(1, 3).number(3, 1))
        }
        _ => None,
    }
}

fn constant(values: &ArrayRef, data_type: &DataType) -> Option<Proto> {
    if values.is_null(0) {
        return Some(literal(&new().message(29, &plan_type(data_type)?)));
    }
    Some(literal(&match (Cell::read(values, 0), data_type) {
        (Cell::Bool(value), _) => new().number(1, value.into()),
        (Cell::Int(value), DataType::Int8) => new().number(2, value),
        (Cell::Int(value), DataType::Int16) => new().number(3, value),
        (Cell::Int(value), DataType::Int32) => new().number(5, value),
        (Cell::Int(value), DataType::Int64) => new().number(7, value),
        (Cell::Single(value), _) => new().float(10, value),
        (Cell::Double(value), _) => new().double(11, value),
        (Cell::Text(value), _) => new().text(12, &value),
        (Cell::Bytes(value), _) => new().bytes(13, &value),
        (Cell::Day(value), _) => new().number(16, value.into()),
        (Cell::Decimal(digits, _), DataType::Decimal128(precision, scale)) => {
            let precise = new().bytes(1, &digits.to_le_bytes()).number(2, (*precision).into());
            new().message(24, &precise.number(3, (*scale).into()))
        }
        (Cell::Milli(value), DataType::Date64) => {
            new().message(34, &new().number(1, 3).number(2, value))
        }
        (Cell::Zoned(packed), _) => {
            new().message(35, &new().number(1, 3).number(2, unpack(packed).0))
        }
        _ => return None,
    }))
}
