//! Calls of external functions in projections of their own, innermost first.
//!
//! The engine awaits such calls in projections and filters, but mixes them up where an aggregation
//! has several, and does not await one that is the argument of another, of a sort or of a group. A
//! projection below that does nothing but call is what it does well.

use std::sync::Arc;

use datafusion::{
    common::{
        Column, Result,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    logical_expr::{Expr, LogicalPlan, Projection, expr_rewriter::NamePreserver},
};

/// What the results are called between their projection and its consumer.
const RESULT: &str = "__external_";

/// Moves every call in `plan` into a projection under the node that it stands in.
///
/// This has to come after the optimizer, which would merge the projections again. Conditions of
/// joins keep their calls: they have no one input to call them on.
pub(crate) fn hoist(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut number = 0;
    let hoisted = plan.transform_up_with_subqueries(|node| {
        let restores = !matches!(node, LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_));
        let columns: Vec<Expr> = node.schema().columns().into_iter().map(Expr::Column).collect();
        let mut node = node;
        let mut changed = false;
        while let [input] = node.inputs().as_slice() {
            let calls = innermost_calls(&node)?;
            if calls.is_empty() {
                break;
            }
            let input = LogicalPlan::clone(input);
            let mut exprs: Vec<Expr> =
                input.schema().columns().into_iter().map(Expr::Column).collect();
            let mut results = Vec::new();
            for call in calls {
                let name = format!("{RESULT}{number}");
                number += 1;
                exprs.push(call.clone().alias(&name));
                results.push((call, Expr::Column(Column::new_unqualified(name))));
            }
            let below = LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(input))?);
            node = over(node, below, &results)?;
            changed = true;
        }
        if !changed {
            return Ok(Transformed::no(node));
        }
        let node = if restores {
            LogicalPlan::Projection(Projection::try_new(columns, Arc::new(node))?)
        } else {
            node
        };
        Ok(Transformed::yes(node))
    })?;
    Ok(hoisted.data)
}

/// The calls in the expressions of `node` whose arguments hold no call, each once.
fn innermost_calls(node: &LogicalPlan) -> Result<Vec<Expr>> {
    let mut calls = Vec::new();
    node.apply_expressions(|expr| {
        expr.apply(|expr| {
            if is_call(expr) && !has_inner_call(expr)? && !calls.contains(expr) {
                calls.push(expr.clone());
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    // A projection that is nothing but columns and calls is what this is about to make.
    let done = match node {
        LogicalPlan::Projection(projection) => projection.expr.iter().all(|expr| {
            let inner = match expr {
                Expr::Alias(alias) => alias.expr.as_ref(),
                other => other,
            };
            matches!(inner, Expr::Column(_)) || calls.contains(inner)
        }),
        _ => false,
    };
    Ok(if done { Vec::new() } else { calls })
}

fn is_call(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if call.func.as_async().is_some())
}

fn has_inner_call(expr: &Expr) -> Result<bool> {
    let mut found = false;
    expr.apply_children(|child| {
        child.apply(|expr| {
            found |= is_call(expr);
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(found)
}

/// `node` over `input`, with the results of calls in place of the calls.
fn over(node: LogicalPlan, input: LogicalPlan, results: &[(Expr, Expr)]) -> Result<LogicalPlan> {
    let names = NamePreserver::new(&node);
    let replaced = node.map_expressions(|expr| {
        let name = names.save(&expr);
        let replaced = expr.transform_down(|expr| {
            Ok(match results.iter().find(|(call, _)| call == &expr) {
                Some((_, result)) => Transformed::yes(result.clone()),
                None => Transformed::no(expr),
            })
        })?;
        Ok(replaced.update_data(|expr| name.restore(expr)))
    })?;
    let node = replaced.data;
    node.with_new_exprs(node.expressions(), vec![input])?.recompute_schema()
}
