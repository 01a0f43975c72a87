//! Conditions in SQL as constraints, as the engine sends them.
//!
//! A condition on one column becomes a value set, any other an expression, and `NOT` is moved to
//! the comparisons. What has another form in the engine is refused by name.

mod condition;
mod domain;
mod literal;

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field, Schema};
use athena_protocol::{
    Constraints, Error, Result,
    predicate::{Expression, functions as f},
};

use condition::{Condition, Operator};
use domain::Domain;
use literal::Scalar;

/// Most values of a list within an alternative that the engine compares one by one.
const SHORT_LIST: usize = 3;

/// Adds the conditions `filters` on the columns of `schema` to `constraints`.
///
/// # Errors
///
/// `InvalidInput` for text that is no condition, an unknown column, or what is not supported.
pub(super) fn add(
    filters: &[String],
    schema: &Schema,
    constraints: &mut Constraints,
) -> Result<()> {
    let mut domains: BTreeMap<String, Domain> = BTreeMap::new();
    let mut conjuncts = Vec::new();
    for filter in filters {
        conjuncts.extend(condition::read(filter, schema)?.into_conjuncts());
    }
    for conjunct in conjuncts {
        match conjunct.domain() {
            Some((column, domain)) => {
                let merged = match domains.remove(column) {
                    Some(earlier) => earlier.intersect(&domain),
                    None => domain,
                };
                domains.insert(column.to_owned(), merged);
            }
            None => constraints.expressions.push(expression(&conjunct)),
        }
    }
    for (column, domain) in domains {
        if constraints.summary.contains_key(&column) {
            return Err(Error::invalid_input(format!(
                "column {column:?} has values and a condition in a filter; write both as a filter"
            )));
        }
        constraints.summary.insert(column, domain.into_value_set());
    }
    Ok(())
}

fn expression(condition: &Condition) -> Expression {
    match condition {
        Condition::And(parts) => call(f::AND, parts.iter().map(expression).collect()),
        Condition::Or(parts) => call(f::OR, parts.iter().map(expression).collect()),
        Condition::Not(inner) => not(expression(inner)),
        Condition::IsNull { column, negated } => {
            let is_null = call(f::IS_NULL, vec![variable(column)]);
            if *negated { not(is_null) } else { is_null }
        }
        Condition::Compare { column, operator, value } => {
            call(operator.function(), vec![variable(column), constant(column, value)])
        }
        Condition::In { column, values, negated } if values.len() <= SHORT_LIST => {
            let operator = if *negated { Operator::NotEqual } else { Operator::Equal };
            let comparisons = values.iter().map(|value| {
                call(operator.function(), vec![variable(column), constant(column, value)])
            });
            let mut comparisons: Vec<_> = comparisons.collect();
            match comparisons.len() {
                1 => comparisons.remove(0),
                _ => call(if *negated { f::AND } else { f::OR }, comparisons),
            }
        }
        Condition::In { column, values, negated } => {
            let values = values.iter().map(|value| constant(column, value)).collect();
            let item = Field::new("", column.data_type().clone(), true);
            let array = Expression::Call {
                function: f::ARRAY.to_owned(),
                arguments: values,
                data_type: DataType::List(item.into()),
            };
            let is_in = call(f::IN, vec![variable(column), array]);
            if *negated { not(is_in) } else { is_in }
        }
        Condition::Like { column, pattern, negated } => {
            let pattern = constant(column, &Scalar::Text(pattern.clone()));
            let like = call(f::LIKE_PATTERN, vec![variable(column), pattern]);
            if *negated { not(like) } else { like }
        }
    }
}

fn call(function: &str, arguments: Vec<Expression>) -> Expression {
    // Alternatives of alternatives are one list, as in SQL.
    let mut flat = Vec::with_capacity(arguments.len());
    for argument in arguments {
        match argument {
            Expression::Call { function: inner, arguments, .. }
                if inner == function && matches!(function, f::AND | f::OR) =>
            {
                flat.extend(arguments);
            }
            other => flat.push(other),
        }
    }
    let data_type = DataType::Boolean;
    Expression::Call { function: function.to_owned(), arguments: flat, data_type }
}

fn not(condition: Expression) -> Expression {
    call(f::NOT, vec![condition])
}

fn variable(column: &Field) -> Expression {
    Expression::Variable { column: column.name().clone(), data_type: column.data_type().clone() }
}

fn constant(column: &Field, value: &Scalar) -> Expression {
    let data_type = column.data_type().clone();
    Expression::Constant { values: Some(value.to_array(&data_type)), data_type }
}
