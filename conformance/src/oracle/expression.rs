//! Expressions (section 3.14 of the protocol), with the functions of Trino.

use std::cmp::Ordering;

use athena_protocol::predicate::{Expression, functions};

use super::{Cell, arithmetic, compare, like::like, outcome::Outcome};

const NULL: Outcome = Outcome::Is(Cell::Null);

/// Evaluation of expressions on one row.
#[derive(Debug)]
pub(super) struct Evaluation<'a> {
    /// Column names, in the order of `row`.
    pub(super) names: &'a [String],
    pub(super) row: &'a [Cell],
    /// Whether any part failed, even if the whole has a value.
    pub(super) failed: bool,
}

impl Evaluation<'_> {
    pub(super) fn evaluate(&mut self, expression: &Expression) -> Outcome {
        let outcome = self.outcome(expression);
        self.failed |= outcome == Outcome::Fails;
        outcome
    }

    fn outcome(&mut self, expression: &Expression) -> Outcome {
        match expression {
            Expression::Constant { values: None, .. } => NULL,
            Expression::Constant { values: Some(values), .. } => match values.len() {
                0 => NULL,
                1 => Cell::read(values, 0).into(),
                _ => Outcome::Unknown,
            },
            Expression::Variable { column, .. } => {
                match self.names.iter().position(|name| name == column) {
                    Some(index) => self.row[index].clone().into(),
                    None => Outcome::Unknown,
                }
            }
            Expression::Call { function, arguments, data_type } => {
                match (function.as_str(), &arguments[..]) {
                    (functions::AND, arms) => self.connect(arms, false),
                    (functions::OR, arms) => self.connect(arms, true),
                    (functions::IN, [value, list]) => self.is_in(value, list),
                    (functions::NEGATE, [value]) => match self.evaluate(value) {
                        Outcome::Is(Cell::Null) => NULL,
                        Outcome::Is(cell) => arithmetic::negative(&cell, data_type),
                        other => other,
                    },
                    (name, [value]) => match self.evaluate(value) {
                        Outcome::Is(cell) => unary(name, &cell),
                        other => other,
                    },
                    (name, [left, right]) => match (self.evaluate(left), self.evaluate(right)) {
                        (Outcome::Is(left), Outcome::Is(right)) => binary(name, left, &right)
                            .unwrap_or_else(|(left, right)| {
                                arithmetic::apply(name, &left, &right, data_type)
                            }),
                        (Outcome::Fails, _) | (_, Outcome::Fails) => Outcome::Fails,
                        _ => Outcome::Unknown,
                    },
                    _ => Outcome::Unknown,
                }
            }
        }
    }

    /// Evaluates AND or OR with three-valued logic: an arm equal to `decisive` decides.
    fn connect(&mut self, arms: &[Expression], decisive: bool) -> Outcome {
        let arms: Vec<Outcome> = arms.iter().map(|arm| self.evaluate(arm)).collect();
        let has = |outcome: Outcome| arms.contains(&outcome);
        if has(decisive.into()) {
            decisive.into()
        } else if has(Outcome::Unknown) {
            Outcome::Unknown
        } else if has(Outcome::Fails) {
            Outcome::Fails
        } else if has(NULL) {
            NULL
        } else {
            (!decisive).into()
        }
    }

    /// Evaluates IN as a disjunction of equalities.
    fn is_in(&mut self, value: &Expression, list: &Expression) -> Outcome {
        let Outcome::Is(value) = self.evaluate(value) else { return Outcome::Unknown };
        let Some(items) = self.items(list) else { return Outcome::Unknown };
        if value.is_null() {
            return NULL;
        }
        if items.iter().any(|item| compare(&value, item) == Some(Ordering::Equal)) {
            return true.into();
        }
        if items.iter().any(Cell::is_null) { NULL } else { false.into() }
    }

    fn items(&mut self, list: &Expression) -> Option<Vec<Cell>> {
        match list {
            Expression::Call { function, arguments, .. } if function == functions::ARRAY => {
                let mut items = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    let Outcome::Is(item) = self.evaluate(argument) else { return None };
                    items.push(item);
                }
                Some(items)
            }
            Expression::Constant { values: Some(values), .. } => {
                Some((0..values.len()).map(|row| Cell::read(values, row)).collect())
            }
            _ => None,
        }
    }
}

fn unary(name: &str, cell: &Cell) -> Outcome {
    match (name, cell) {
        (functions::IS_NULL, cell) => cell.is_null().into(),
        (functions::NOT, Cell::Null) => NULL,
        (functions::NOT, Cell::Bool(value)) => (!value).into(),
        _ => Outcome::Unknown,
    }
}

/// Evaluates a function of two values. Arithmetic is not evaluated: its operands are returned as
/// the error.
fn binary(name: &str, left: Cell, right: &Cell) -> Result<Outcome, (Cell, Cell)> {
    let order = compare(&left, right);
    let equal = order == Some(Ordering::Equal);
    match name {
        functions::IS_DISTINCT_FROM => {
            let same =
                (left.is_null() && right.is_null()) || (left.is_nan() && right.is_nan()) || equal;
            return Ok((!same).into());
        }
        functions::NULLIF => return Ok(if equal { NULL } else { left.into() }),
        _ if left.is_null() || right.is_null() => return Ok(NULL),
        _ => {}
    }
    if order.is_none() && !left.is_nan() && !right.is_nan() {
        return Ok(Outcome::Unknown);
    }
    Ok(match name {
        functions::EQUAL => equal.into(),
        functions::NOT_EQUAL => (!equal).into(),
        functions::LESS_THAN => (order == Some(Ordering::Less)).into(),
        functions::LESS_THAN_OR_EQUAL => {
            matches!(order, Some(Ordering::Less | Ordering::Equal)).into()
        }
        functions::GREATER_THAN => (order == Some(Ordering::Greater)).into(),
        functions::GREATER_THAN_OR_EQUAL => {
            matches!(order, Some(Ordering::Greater | Ordering::Equal)).into()
        }
        functions::LIKE_PATTERN => match (&left, right) {
            (Cell::Text(text), Cell::Text(pattern)) => like(text, pattern).into(),
            _ => Outcome::Unknown,
        },
        _ => return Err((left, right.clone())),
    })
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;
    use crate::oracle::array_of;

    fn constant(cell: Cell) -> Expression {
        let data_type = match cell {
            Cell::Bool(_) => DataType::Boolean,
            Cell::Double(_) => DataType::Float64,
            _ => DataType::Int64,
        };
        Expression::Constant { values: array_of(&[cell], &data_type), data_type }
    }

    fn call(function: &str, arguments: Vec<Expression>) -> Outcome {
        let call = Expression::Call {
            function: function.to_owned(),
            arguments,
            data_type: DataType::Int64,
        };
        Evaluation { names: &[], row: &[], failed: false }.evaluate(&call)
    }

    #[test]
    fn logic_has_three_values() {
        let yes = Cell::Bool(true);
        let no = Cell::Bool(false);
        let null = Cell::Null;
        for (function, left, right, expected) in [
            ("$and", &yes, &null, Cell::Null),
            ("$and", &no, &null, Cell::Bool(false)),
            ("$or", &yes, &null, Cell::Bool(true)),
            ("$or", &no, &null, Cell::Null),
            ("$equal", &null, &null, Cell::Null),
            ("$is_distinct_from", &null, &null, Cell::Bool(false)),
            ("$is_distinct_from", &yes, &null, Cell::Bool(true)),
        ] {
            let got = call(function, vec![constant(left.clone()), constant(right.clone())]);
            assert_eq!(got, expected.into(), "{function} {left:?} {right:?}");
        }
    }

    #[test]
    fn in_a_list_with_null_is_never_false() {
        let list = |cells: Vec<Cell>| Expression::Call {
            function: "$array".to_owned(),
            arguments: cells.into_iter().map(constant).collect(),
            data_type: DataType::Null,
        };
        let is_in = |value, cells| call("$in", vec![constant(value), list(cells)]);
        assert_eq!(is_in(Cell::Int(1), vec![Cell::Int(2), Cell::Null]), NULL);
        assert_eq!(is_in(Cell::Int(1), vec![Cell::Int(1), Cell::Null]), true.into());
        assert_eq!(is_in(Cell::Int(1), vec![Cell::Int(2)]), false.into());
        assert_eq!(is_in(Cell::Double(f64::NAN), vec![Cell::Double(f64::NAN)]), false.into());
    }

    #[test]
    fn only_not_equal_is_true_for_nan() {
        let nan = || constant(Cell::Double(f64::NAN));
        let one = || constant(Cell::Double(1.0));
        assert_eq!(call("$not_equal", vec![nan(), one()]), true.into());
        assert_eq!(call("$greater_than", vec![nan(), one()]), false.into());
        assert_eq!(call("$is_distinct_from", vec![nan(), nan()]), false.into());
    }

    #[test]
    fn a_failure_is_the_result_unless_another_arm_decides() {
        let fails = Expression::Call {
            function: "$equal".to_owned(),
            arguments: vec![
                Expression::Call {
                    function: "$divide".to_owned(),
                    arguments: vec![constant(Cell::Int(1)), constant(Cell::Int(0))],
                    data_type: DataType::Int64,
                },
                constant(Cell::Int(1)),
            ],
            data_type: DataType::Boolean,
        };
        assert_eq!(call("$or", vec![fails.clone(), constant(Cell::Bool(true))]), true.into());
        assert_eq!(call("$or", vec![fails, constant(Cell::Bool(false))]), Outcome::Fails);
    }
}
