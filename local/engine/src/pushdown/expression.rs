//! Translation of SQL conditions into expressions of the protocol.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, Field, SchemaRef};
use athena_protocol::predicate::{Expression, functions as f};
use datafusion::{
    common::ScalarValue,
    logical_expr::{BinaryExpr, Expr, Operator, expr::Like},
};

use super::literal::in_milliseconds;
use crate::type_mapping::{sql_type, to_wire as array_to_wire};

/// Translates `condition` over columns of the wire schema `schema`. Returns `None` unless
/// `functions`, which the connector announced, contains all functions of it.
pub(super) fn to_wire(
    condition: &Expr,
    schema: &SchemaRef,
    functions: &BTreeSet<String>,
) -> Option<Expression> {
    let expression = Translator { schema, functions }.translate(condition)?;
    (data_type(&expression) == &DataType::Boolean).then_some(expression)
}

struct Translator<'a> {
    schema: &'a SchemaRef,
    functions: &'a BTreeSet<String>,
}

impl Translator<'_> {
    fn translate(&self, expr: &Expr) -> Option<Expression> {
        match expr {
            Expr::Alias(alias) => self.translate(&alias.expr),
            Expr::Column(column) => {
                let (_, field) = self.schema.column_with_name(&column.name)?;
                // The JSON of a nested type lacks its children.
                (!field.data_type().is_nested()).then(|| Expression::Variable {
                    column: field.name().clone(),
                    data_type: field.data_type().clone(),
                })
            }
            Expr::Literal(value, _) => constant(value),
            Expr::Not(inner) => self.not(self.translate(inner)?),
            Expr::Negative(inner) => {
                let inner = self.translate(inner)?;
                let data_type = data_type(&inner).clone();
                self.call(f::NEGATE, vec![inner], data_type)
            }
            Expr::IsNull(inner) => self.condition(f::IS_NULL, vec![self.translate(inner)?]),
            Expr::IsNotNull(inner) => {
                self.not(self.condition(f::IS_NULL, vec![self.translate(inner)?])?)
            }
            Expr::BinaryExpr(binary) => self.binary(binary),
            Expr::Between(between) => {
                let value = self.translate(&between.expr)?;
                let low = self.compared(
                    f::GREATER_THAN_OR_EQUAL,
                    value.clone(),
                    self.translate(&between.low)?,
                )?;
                let high =
                    self.compared(f::LESS_THAN_OR_EQUAL, value, self.translate(&between.high)?)?;
                self.negated_if(between.negated, self.condition(f::AND, vec![low, high])?)
            }
            Expr::InList(list) => {
                let value = self.translate(&list.expr)?;
                let items: Option<Vec<_>> =
                    list.list.iter().map(|item| self.translate(item)).collect();
                let items = items?;
                if items.iter().any(|item| data_type(item) != data_type(&value)) {
                    return None;
                }
                let item = Field::new("", data_type(&value).clone(), true);
                let array = self.call(f::ARRAY, items, DataType::List(item.into()))?;
                self.negated_if(list.negated, self.condition(f::IN, vec![value, array])?)
            }
            Expr::Like(like) => self.like(like),
            Expr::ScalarFunction(call) if call.name() == "nullif" => {
                let arguments: Option<Vec<_>> =
                    call.args.iter().map(|argument| self.translate(argument)).collect();
                let arguments = arguments?;
                let [first, second] = arguments.as_slice() else { return None };
                let result = data_type(first).clone();
                if data_type(second) != &result {
                    return None;
                }
                self.call(f::NULLIF, arguments, result)
            }
            // Foreign enum: no other expression has a function in the protocol.
            _ => None,
        }
    }

    fn binary(&self, BinaryExpr { left, op, right }: &BinaryExpr) -> Option<Expression> {
        match op {
            Operator::And => self.flatten(f::AND, Operator::And, &[left, right]),
            Operator::Or => self.flatten(f::OR, Operator::Or, &[left, right]),
            _ => {
                let left = self.translate(left)?;
                let right = self.translate(right)?;
                match op {
                    Operator::Eq => self.compared(f::EQUAL, left, right),
                    Operator::NotEq => self.compared(f::NOT_EQUAL, left, right),
                    Operator::Lt => self.compared(f::LESS_THAN, left, right),
                    Operator::LtEq => self.compared(f::LESS_THAN_OR_EQUAL, left, right),
                    Operator::Gt => self.compared(f::GREATER_THAN, left, right),
                    Operator::GtEq => self.compared(f::GREATER_THAN_OR_EQUAL, left, right),
                    Operator::IsDistinctFrom => self.compared(f::IS_DISTINCT_FROM, left, right),
                    Operator::IsNotDistinctFrom => {
                        self.not(self.compared(f::IS_DISTINCT_FROM, left, right)?)
                    }
                    Operator::Plus => self.arithmetic(f::ADD, left, right),
                    Operator::Minus => self.arithmetic(f::SUBTRACT, left, right),
                    Operator::Multiply => self.arithmetic(f::MULTIPLY, left, right),
                    Operator::Divide => self.arithmetic(f::DIVIDE, left, right),
                    Operator::Modulo => self.arithmetic(f::MODULUS, left, right),
                    _ => None,
                }
            }
        }
    }

    /// Translates `a AND b AND c` into one call with three arguments.
    fn flatten(&self, function: &str, op: Operator, sides: &[&Expr]) -> Option<Expression> {
        let mut arguments = Vec::new();
        let mut pending: Vec<&Expr> = sides.iter().rev().copied().collect();
        while let Some(expr) = pending.pop() {
            match expr {
                Expr::BinaryExpr(inner) if inner.op == op => {
                    pending.extend([inner.right.as_ref(), inner.left.as_ref()]);
                }
                other => arguments.push(self.translate(other)?),
            }
        }
        self.condition(function, arguments)
    }

    fn like(&self, like: &Like) -> Option<Expression> {
        let Expr::Literal(ScalarValue::Utf8(Some(pattern)), _) = like.pattern.as_ref() else {
            return None;
        };
        // A backslash is an escape character for the engine, but a literal one in the protocol.
        if like.case_insensitive || like.escape_char.is_some() || pattern.contains('\\') {
            return None;
        }
        let matched = self.compared(
            f::LIKE_PATTERN,
            self.translate(&like.expr)?,
            self.translate(&like.pattern)?,
        )?;
        self.negated_if(like.negated, matched)
    }

    /// Translates a comparison. The protocol has no casts, so both sides must have the same type.
    fn compared(&self, function: &str, left: Expression, right: Expression) -> Option<Expression> {
        same_type(&left, &right)?;
        self.condition(function, vec![left, right])
    }

    /// Translates arithmetic on integers and floating-point numbers only, because engines round
    /// decimal results differently.
    fn arithmetic(
        &self,
        function: &str,
        left: Expression,
        right: Expression,
    ) -> Option<Expression> {
        same_type(&left, &right)?;
        let result = data_type(&left).clone();
        if !(result.is_integer() || result.is_floating()) {
            return None;
        }
        self.call(function, vec![left, right], result)
    }

    fn negated_if(&self, negated: bool, expression: Expression) -> Option<Expression> {
        if negated { self.not(expression) } else { Some(expression) }
    }

    fn not(&self, expression: Expression) -> Option<Expression> {
        self.condition(f::NOT, vec![expression])
    }

    fn condition(&self, function: &str, arguments: Vec<Expression>) -> Option<Expression> {
        self.call(function, arguments, DataType::Boolean)
    }

    fn call(
        &self,
        function: &str,
        arguments: Vec<Expression>,
        data_type: DataType,
    ) -> Option<Expression> {
        self.functions.contains(function).then(|| Expression::Call {
            function: function.to_owned(),
            arguments,
            data_type,
        })
    }
}

fn data_type(expression: &Expression) -> &DataType {
    match expression {
        Expression::Constant { data_type, .. }
        | Expression::Variable { data_type, .. }
        | Expression::Call { data_type, .. } => data_type,
    }
}

/// Returns `None` unless both types are the same. Time zones of timestamps may differ, because they
/// are compared as instants.
fn same_type(left: &Expression, right: &Expression) -> Option<()> {
    let same = match (data_type(left), data_type(right)) {
        (DataType::Timestamp(a, Some(_)), DataType::Timestamp(b, Some(_))) => a == b,
        (a, b) => a == b,
    };
    same.then_some(())
}

/// Translates a constant. Returns `None` if the wire format cannot represent it exactly.
fn constant(value: &ScalarValue) -> Option<Expression> {
    let array = value.to_array().ok()?;
    if array.data_type().is_nested() || array.data_type().is_null() {
        return None;
    }
    let values = array_to_wire(&array).ok()?;
    let data_type = values.data_type().clone();
    if let ScalarValue::TimestampNanosecond(..) | ScalarValue::TimestampMicrosecond(..) = value {
        let millis = value.cast_to(&in_milliseconds(sql_type(&data_type))).ok()?;
        if &millis.cast_to(&value.data_type()).ok()? != value {
            return None;
        }
    }
    Some(Expression::Constant { values: Some(values), data_type })
}
