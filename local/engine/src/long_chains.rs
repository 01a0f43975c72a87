//! Long chains of operators, such as a million bytes of `a = 1 OR a = 2 OR ...`.
//!
//! The parser nests them one level for each operator, and planner, optimizer and the evaluation of
//! each batch recurse. So alternatives for one column become a list, which has one level, and other
//! chains have a limit.

use std::collections::HashMap;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Value, ValueWithSpan};

/// Maximum number of operators in a chain. Approximate: a plan of this depth needs about a third of
/// a thread's stack in a debug build.
const MAX_CHAIN: usize = 300;

/// Shortens the chain at `expr`, or returns the reason why it is refused.
pub(crate) fn shorten(expr: &mut Expr) -> Result<(), String> {
    let Expr::BinaryOp { op, .. } = expr else { return Ok(()) };
    if matches!(op, BinaryOperator::And | BinaryOperator::Or) {
        let op = op.clone();
        if spine(expr, &op) > 2 {
            let mut operands = operands(std::mem::replace(expr, null()), &op);
            if op == BinaryOperator::Or {
                operands = merge_equalities(operands);
            }
            if operands.len() > MAX_CHAIN + 1 {
                return Err(refused(operands.len() - 1));
            }
            *expr = balanced(operands, &op);
        }
        return Ok(());
    }
    let mut length = 0;
    let mut node = &*expr;
    while let Expr::BinaryOp { left, .. } = node {
        length += 1;
        node = left;
    }
    if length <= MAX_CHAIN {
        return Ok(());
    }
    // Dropped level by level, because dropping it as a whole recurses.
    let mut rest = std::mem::replace(expr, null());
    while let Expr::BinaryOp { left, .. } = rest {
        rest = *left;
    }
    Err(refused(length))
}

fn refused(length: usize) -> String {
    format!("a chain of {length} operators is longer than {MAX_CHAIN}; use IN, or shorten it")
}

/// Merges `a = 1 OR a = 2` to `a IN (1, 2)`, for columns and literals of one kind.
fn merge_equalities(operands: Vec<Expr>) -> Vec<Expr> {
    let mut merged: Vec<Expr> = Vec::new();
    let mut lists: HashMap<(String, bool), usize> = HashMap::new();
    for operand in operands {
        let Some((column, is_number)) = equality(&operand) else {
            merged.push(operand);
            continue;
        };
        let Expr::BinaryOp { left, right, .. } = operand else { continue };
        let position = *lists.entry((column, is_number)).or_insert(merged.len());
        match merged.get_mut(position) {
            Some(Expr::InList { list, .. }) => list.push(*right),
            _ => merged.push(Expr::InList { expr: left, list: vec![*right], negated: false }),
        }
    }
    merged
}

/// Returns the column of `column = literal`, and whether the literal is an integer or text.
fn equality(expr: &Expr) -> Option<(String, bool)> {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expr else { return None };
    if !matches!(&**left, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
        return None;
    }
    let is_number = match &**right {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) => {
            // A decimal or double would change the type of all values of the list.
            digits.bytes().all(|b| b.is_ascii_digit()).then_some(true)
        }
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(_), .. }) => Some(false),
        // Foreign enum: no other literal is merged.
        _ => None,
    }?;
    Some((left.to_string(), is_number))
}

/// Returns the number of `op` in the left spine of `expr`.
fn spine(mut expr: &Expr, op: &BinaryOperator) -> usize {
    let mut length = 0;
    while let Expr::BinaryOp { left, op: other, .. } = expr {
        if other != op {
            break;
        }
        length += 1;
        expr = left;
    }
    length
}

/// Takes a chain of `op` apart. Returns its operands in order.
fn operands(mut expr: Expr, op: &BinaryOperator) -> Vec<Expr> {
    let mut operands = Vec::new();
    loop {
        match expr {
            Expr::BinaryOp { left, op: other, right } if other == *op => {
                operands.push(*right);
                expr = *left;
            }
            first => {
                operands.push(first);
                operands.reverse();
                return operands;
            }
        }
    }
}

/// Joins operands to a balanced tree.
fn balanced(mut operands: Vec<Expr>, op: &BinaryOperator) -> Expr {
    match operands.len() {
        0 => null(),
        1 => operands.swap_remove(0),
        length => {
            let right = operands.split_off(length / 2);
            Expr::BinaryOp {
                left: Box::new(balanced(operands, op)),
                op: op.clone(),
                right: Box::new(balanced(right, op)),
            }
        }
    }
}

/// Returns the placeholder that is left while an expression is moved.
pub(crate) fn null() -> Expr {
    Expr::Value(Value::Null.into())
}
