//! Integer literals, which are `INTEGER` where they fit, and `BIGINT` otherwise.
//!
//! The planner makes every integer a `BIGINT`. A literal becomes a cast to `INTEGER`, so that the
//! types of columns, subqueries and `VALUES` follow while the query is planned. The analyzer
//! replaces these casts with literals of their type.
//!
//! A number that is no value of an expression stays as it is: positions in `GROUP BY` and
//! `ORDER BY`, limits, and bounds of windows.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, GroupByExpr, LimitClause, NamedWindowExpr, OrderByExpr, OrderByKind,
    Query, Select, UnaryOperator, Value, ValueWithSpan, VisitorMut, WindowFrameBound, WindowSpec,
    WindowType,
};

use crate::long_chains::null;

/// A visitor that casts literals.
#[derive(Debug, Default)]
pub(crate) struct IntegerLiterals;

impl VisitorMut for IntegerLiterals {
    type Break = String;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        match expr {
            Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) => {
                if digits.parse::<i32>().is_ok() {
                    *expr = integer(std::mem::replace(expr, null()));
                } else if is_too_large(digits) {
                    return ControlFlow::Break(format!("invalid numeric literal: {digits}"));
                }
            }
            // The planner negates a literal; the negation of a cast would stay an operation.
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: operand }
                if is_cast_literal(operand) =>
            {
                restore(operand);
                *expr = integer(std::mem::replace(expr, null()));
            }
            Expr::Function(call) => {
                if let Some(WindowType::WindowSpec(window)) = &mut call.over {
                    restore_window(window);
                }
            }
            Expr::Interval(interval) => restore(&mut interval.value),
            // Foreign enum: every number in another expression is a value.
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<String> {
        if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
            for key in keys {
                match key {
                    Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                        sets.iter_mut().flatten().for_each(restore);
                    }
                    key => restore(key),
                }
            }
        }
        for window in &mut select.named_window {
            if let NamedWindowExpr::WindowSpec(window) = &mut window.1 {
                restore_window(window);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<String> {
        if let Some(OrderByKind::Expressions(keys)) =
            query.order_by.as_mut().map(|order| &mut order.kind)
        {
            restore_keys(keys);
        }
        match &mut query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                limit.iter_mut().for_each(restore);
                if let Some(offset) = offset {
                    restore(&mut offset.value);
                }
                limit_by.iter_mut().for_each(restore);
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
                restore(offset);
                restore(limit);
            }
            None => {}
        }
        query.fetch.iter_mut().filter_map(|fetch| fetch.quantity.as_mut()).for_each(restore);
        ControlFlow::Continue(())
    }
}

/// Returns whether an integer exceeds `BIGINT`.
fn is_too_large(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<i64>().is_err()
}

fn integer(literal: Expr) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(literal),
        data_type: DataType::Integer(None),
        array: false,
        format: None,
    }
}

/// Returns whether `expr` is the cast of a literal without a sign.
fn is_cast_literal(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Cast { expr, data_type: DataType::Integer(None), .. }
            if matches!(&**expr, Expr::Value(ValueWithSpan { value: Value::Number(..), .. }))
    )
}

/// Restores a number that is no value.
fn restore(expr: &mut Expr) {
    let is_negative = |expr: &Expr| {
        matches!(
            expr,
            Expr::UnaryOp { op: UnaryOperator::Minus, expr }
                if matches!(&**expr, Expr::Value(ValueWithSpan { value: Value::Number(..), .. }))
        )
    };
    let is_literal = match &*expr {
        Expr::Cast { expr: inner, data_type: DataType::Integer(None), .. } => {
            is_cast_literal(expr) || is_negative(inner)
        }
        // Foreign enum: no other expression is a cast.
        _ => false,
    };
    if !is_literal {
        return;
    }
    if let Expr::Cast { expr: literal, .. } = std::mem::replace(expr, null()) {
        *expr = *literal;
    }
}

fn restore_keys(keys: &mut [OrderByExpr]) {
    for key in keys {
        restore(&mut key.expr);
    }
}

fn restore_window(window: &mut WindowSpec) {
    restore_keys(&mut window.order_by);
    let Some(frame) = &mut window.window_frame else { return };
    for bound in [Some(&mut frame.start_bound), frame.end_bound.as_mut()].into_iter().flatten() {
        match bound {
            WindowFrameBound::Preceding(Some(rows)) | WindowFrameBound::Following(Some(rows)) => {
                restore(rows);
            }
            WindowFrameBound::Preceding(None)
            | WindowFrameBound::Following(None)
            | WindowFrameBound::CurrentRow => {}
        }
    }
}
