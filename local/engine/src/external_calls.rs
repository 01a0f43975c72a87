//! Isolation of external function calls in separate projections, innermost first.
//!
//! `DataFusion` awaits such calls in projections and filters, but confuses several calls of one
//! aggregation, and does not await a call that is an argument of another, of a sort or of a group.
//! It handles all of them in a projection below that contains only calls.

use std::sync::Arc;

use datafusion::{
    common::{
        Column, Result,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    logical_expr::{Expr, LogicalPlan, Projection, expr_rewriter::NamePreserver},
};

/// Prefix of the column names of results, between their projection and its consumer.
const RESULT: &str = "__external_";

/// Moves each call in `plan` into a projection below its node.
///
/// This has to run after the optimizer, which would merge the projections again. Calls in join
/// conditions stay, because a join has more than one input.
pub(crate) fn isolate(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut number = 0;
    let isolated = plan.transform_up_with_subqueries(|node| {
        // Other nodes pass on the columns of their input, which now include results.
        let needs_projection =
            !matches!(node, LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_));
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
            node = replace_calls(node, below, &results)?;
            changed = true;
        }
        if !changed {
            return Ok(Transformed::no(node));
        }
        let node = if needs_projection {
            LogicalPlan::Projection(Projection::try_new(columns, Arc::new(node))?)
        } else {
            node
        };
        Ok(Transformed::yes(node))
    })?;
    Ok(isolated.data)
}

/// Returns the distinct calls in the expressions of `node` whose arguments contain no call.
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
    let is_isolated = match node {
        LogicalPlan::Projection(projection) => projection.expr.iter().all(|expr| {
            let inner = match expr {
                Expr::Alias(alias) => alias.expr.as_ref(),
                other => other,
            };
            matches!(inner, Expr::Column(_)) || calls.contains(inner)
        }),
        _ => false,
    };
    Ok(if is_isolated { Vec::new() } else { calls })
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

/// Replaces the input of `node` with `input`, and each call with the column of its result.
fn replace_calls(
    node: LogicalPlan,
    input: LogicalPlan,
    results: &[(Expr, Expr)],
) -> Result<LogicalPlan> {
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
