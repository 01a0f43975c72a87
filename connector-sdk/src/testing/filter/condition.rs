//! Conditions, read from SQL.

use std::{ops::Bound, sync::Arc};

use arrow::datatypes::{DataType, Field, Schema};
use athena_protocol::{
    Error, Result,
    predicate::{functions as f, is_orderable},
};
use sqlparser::{
    ast::{BinaryOperator, Expr, UnaryOperator, Value},
    dialect::GenericDialect,
    parser::Parser,
};

use super::{domain::Domain, literal::Scalar};

/// Condition on columns and constants. `NOT` is only around comparisons of floating-point numbers,
/// whose opposite does not say what NaN does.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    Compare { column: Arc<Field>, operator: Operator, value: Scalar },
    In { column: Arc<Field>, values: Vec<Scalar>, negated: bool },
    Like { column: Arc<Field>, pattern: String, negated: bool },
    IsNull { column: Arc<Field>, negated: bool },
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    pub(super) fn function(self) -> &'static str {
        match self {
            Self::Equal => f::EQUAL,
            Self::NotEqual => f::NOT_EQUAL,
            Self::Less => f::LESS_THAN,
            Self::LessOrEqual => f::LESS_THAN_OR_EQUAL,
            Self::Greater => f::GREATER_THAN,
            Self::GreaterOrEqual => f::GREATER_THAN_OR_EQUAL,
        }
    }

    fn read(operator: &BinaryOperator) -> Option<Self> {
        Some(match operator {
            BinaryOperator::Eq => Self::Equal,
            BinaryOperator::NotEq => Self::NotEqual,
            BinaryOperator::Lt => Self::Less,
            BinaryOperator::LtEq => Self::LessOrEqual,
            BinaryOperator::Gt => Self::Greater,
            BinaryOperator::GtEq => Self::GreaterOrEqual,
            // Foreign enum: no other operator compares.
            _ => return None,
        })
    }

    fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }

    fn swapped(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

/// Reads the condition `text` on the columns of `schema`.
pub(super) fn read(text: &str, schema: &Schema) -> Result<Condition> {
    let parsed = Parser::new(&GenericDialect {}).try_with_sql(text).and_then(|mut parser| {
        let expression = parser.parse_expr()?;
        match parser.peek_token().token {
            sqlparser::tokenizer::Token::EOF => Ok(expression),
            _ => parser.expected("the end of the condition", parser.peek_token()),
        }
    });
    let parsed = parsed.map_err(|error| {
        Error::invalid_input(format!("the filter {text:?} is no condition: {error}"))
    })?;
    Reader { schema }.read(&parsed, false)
}

struct Reader<'a> {
    schema: &'a Schema,
}

impl Reader<'_> {
    /// Reads `condition`, or its opposite.
    fn read(&self, condition: &Expr, negated: bool) -> Result<Condition> {
        match condition {
            Expr::Nested(inner) => self.read(inner, negated),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.read(expr, !negated),
            Expr::BinaryOp { left, op, right } => match op {
                BinaryOperator::And | BinaryOperator::Or => {
                    let parts = vec![self.read(left, negated)?, self.read(right, negated)?];
                    // NOT (a AND b) is NOT a OR NOT b.
                    let is_and = (*op == BinaryOperator::And) != negated;
                    Ok(if is_and { Condition::And(parts) } else { Condition::Or(parts) })
                }
                op => match Operator::read(op) {
                    Some(operator) => self.comparison(left, operator, right, negated),
                    None => Err(unsupported(condition)),
                },
            },
            Expr::Between { expr, negated: is_not, low, high } => {
                let low =
                    self.comparison(expr, Operator::GreaterOrEqual, low, negated != *is_not)?;
                let high =
                    self.comparison(expr, Operator::LessOrEqual, high, negated != *is_not)?;
                let parts = vec![low, high];
                Ok(if negated == *is_not { Condition::And(parts) } else { Condition::Or(parts) })
            }
            Expr::InList { expr, list, negated: is_not } => {
                let column = self.column(expr)?;
                let values = list.iter().map(|value| Scalar::read(value, &column));
                let values = values.collect::<Result<Vec<_>>>()?;
                Ok(Condition::In { column, values, negated: negated != *is_not })
            }
            Expr::IsNull(inner) => Ok(Condition::IsNull { column: self.column(inner)?, negated }),
            Expr::IsNotNull(inner) => {
                Ok(Condition::IsNull { column: self.column(inner)?, negated: !negated })
            }
            Expr::Like { negated: is_not, any: false, expr, pattern, escape_char: None } => {
                self.like(expr, pattern, negated != *is_not)
            }
            Expr::Identifier(_) => {
                let column = self.column(condition)?;
                if *column.data_type() != DataType::Boolean {
                    return Err(unsupported(condition));
                }
                let value = Scalar::Boolean(!negated);
                Ok(Condition::Compare { column, operator: Operator::Equal, value })
            }
            // Foreign enum: no other expression is a condition that is supported.
            _ => Err(unsupported(condition)),
        }
    }

    fn comparison(
        &self,
        left: &Expr,
        operator: Operator,
        right: &Expr,
        negated: bool,
    ) -> Result<Condition> {
        let (column, operator, value) = match left {
            Expr::Identifier(_) => (left, operator, right),
            _ => (right, operator.swapped(), left),
        };
        let column = self.column(column)?;
        let value = Scalar::read(value, &column)?;
        // What is not less than a number is greater, equal, or NaN.
        let keeps_not = column.data_type().is_floating()
            && !matches!(operator, Operator::Equal | Operator::NotEqual);
        let operator = if negated && !keeps_not { operator.opposite() } else { operator };
        let comparison = Condition::Compare { column, operator, value };
        Ok(if negated && keeps_not { Condition::Not(Box::new(comparison)) } else { comparison })
    }

    fn like(&self, column: &Expr, pattern: &Expr, negated: bool) -> Result<Condition> {
        let column = self.column(column)?;
        let pattern = match pattern {
            Expr::Value(value) => match &value.value {
                Value::SingleQuotedString(text) if *column.data_type() == DataType::Utf8 => text,
                _ => return Err(unsupported(pattern)),
            },
            _ => return Err(unsupported(pattern)),
        };
        if pattern.contains('\\') || pattern.chars().all(|character| character == '%') {
            return Err(Error::invalid_input(format!(
                "the pattern {pattern:?} is not sent to connectors; use one without a backslash, \
                 and with more than percent signs"
            )));
        }
        if !pattern.contains(['%', '_']) {
            let operator = if negated { Operator::NotEqual } else { Operator::Equal };
            return Ok(Condition::Compare {
                column,
                operator,
                value: Scalar::Text(pattern.clone()),
            });
        }
        Ok(Condition::Like { column, pattern: pattern.clone(), negated })
    }

    fn column(&self, expression: &Expr) -> Result<Arc<Field>> {
        let Expr::Identifier(name) = expression else {
            return Err(Error::invalid_input(format!(
                "{expression} is no column; a condition compares a column with a literal"
            )));
        };
        let mut fields = self.schema.fields().iter();
        let field = fields.find(|field| field.name().eq_ignore_ascii_case(&name.value));
        let field = field.ok_or_else(|| {
            let columns: Vec<_> =
                self.schema.fields().iter().map(|field| field.name().as_str()).collect();
            Error::invalid_input(format!(
                "column {name} does not exist; the columns are {}",
                columns.join(", ")
            ))
        })?;
        if is_orderable(field.data_type()) {
            return Ok(Arc::clone(field));
        }
        Err(Error::invalid_input(format!(
            "column {name} of type {} cannot be in a condition",
            field.data_type()
        )))
    }
}

fn unsupported(expression: &Expr) -> Error {
    Error::invalid_input(format!(
        "{expression} is not supported in a filter; it has =, <>, <, <=, >, >=, IN, BETWEEN, LIKE, \
         IS NULL, AND, OR and NOT, of a column and literals. `TableQuery::condition` takes any \
         expression"
    ))
}

impl Condition {
    /// Returns the conditions that `AND` joins.
    pub(super) fn into_conjuncts(self) -> Vec<Self> {
        match self {
            Self::And(parts) => parts.into_iter().flat_map(Self::into_conjuncts).collect(),
            other => vec![other],
        }
    }

    /// Returns the values of its only column for which it is true; `None` if a set cannot say it.
    pub(super) fn domain(&self) -> Option<(&str, Domain)> {
        match self {
            Self::Compare { column, operator, value } => {
                let data_type = column.data_type();
                let equal = || {
                    Domain::new(
                        data_type,
                        (Bound::Included(value.clone()), Bound::Included(value.clone())),
                    )
                };
                let domain = match operator {
                    Operator::Equal => equal(),
                    // A set of the others would have NaN.
                    Operator::NotEqual if data_type.is_floating() => return None,
                    Operator::NotEqual => others(data_type, &equal()),
                    Operator::Less => {
                        Domain::new(data_type, (Bound::Unbounded, Bound::Excluded(value.clone())))
                    }
                    Operator::LessOrEqual => {
                        Domain::new(data_type, (Bound::Unbounded, Bound::Included(value.clone())))
                    }
                    Operator::Greater => {
                        Domain::new(data_type, (Bound::Excluded(value.clone()), Bound::Unbounded))
                    }
                    Operator::GreaterOrEqual => {
                        Domain::new(data_type, (Bound::Included(value.clone()), Bound::Unbounded))
                    }
                };
                Some((column.name(), domain))
            }
            Self::In { column, values, negated } => {
                let data_type = column.data_type();
                let mut domain = Domain::none(data_type);
                for value in values {
                    let value = Bound::Included(value.clone());
                    domain = domain.union(&Domain::new(data_type, (value.clone(), value)));
                }
                match negated {
                    true if data_type.is_floating() => None,
                    true => Some((column.name(), others(data_type, &domain))),
                    false => Some((column.name(), domain)),
                }
            }
            Self::IsNull { column, negated } => {
                let data_type = column.data_type();
                let domain =
                    if *negated { Domain::not_null(data_type) } else { Domain::null(data_type) };
                Some((column.name(), domain))
            }
            Self::And(parts) => {
                let mut parts = parts.iter().map(Self::domain);
                let (column, mut all) = parts.next()??;
                for part in parts {
                    let (other, domain) = part?;
                    if other != column {
                        return None;
                    }
                    all = all.intersect(&domain);
                }
                Some((column, all))
            }
            Self::Or(parts) => {
                let mut parts = parts.iter().map(Self::domain);
                let (column, mut any) = parts.next()??;
                for part in parts {
                    let (other, domain) = part?;
                    let union = any.union(&domain);
                    // Values below and above a number are not NaN, but all values are.
                    let adds_nan =
                        union.has_all_values() && !any.has_all_values() && !domain.has_all_values();
                    if other != column || adds_nan && union.is_floating() {
                        return None;
                    }
                    any = union;
                }
                Some((column, any))
            }
            Self::Like { .. } | Self::Not(_) => None,
        }
    }
}

/// Returns all values but null that are not in `domain`.
fn others(data_type: &DataType, domain: &Domain) -> Domain {
    domain.complement().intersect(&Domain::not_null(data_type))
}
