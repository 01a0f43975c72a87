//! Subqueries in conditions and expressions that are nested many levels.
//!
//! Checks and rules of `DataFusion` visit a subquery in an expression twice, one inside of it four
//! times, and so on. So the deepest are replaced with joins before it begins.

use std::sync::Arc;

use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        plan_err,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    logical_expr::{
        Expr, LogicalPlan, Subquery,
        expr::{Exists, InSubquery, SetComparison},
    },
    optimizer::{
        AnalyzerRule, OptimizerConfig, OptimizerContext, OptimizerRule,
        decorrelate_predicate_subquery::DecorrelatePredicateSubquery,
        scalar_subquery_to_join::ScalarSubqueryToJoin,
    },
};

/// Maximum depth that is left to the optimizer.
const MAX_DEPTH: usize = 8;

/// Number of the first alias of joined subqueries, far from those of the optimizer.
const FIRST_ALIAS: usize = 1_000_000;

/// An analyzer rule that joins nested subqueries, innermost first. It has to run after all others.
#[derive(Debug)]
pub(crate) struct NestedSubqueries;

impl AnalyzerRule for NestedSubqueries {
    fn analyze(&self, plan: LogicalPlan, config: &ConfigOptions) -> Result<LogicalPlan> {
        if depth(&plan)? <= MAX_DEPTH {
            return Ok(plan);
        }
        let mut options = config.clone();
        // A scalar subquery of several rows is an error, and a join would return all of them. So
        // only subqueries of at most one row are joined.
        options.optimizer.enable_physical_uncorrelated_scalar_subquery = false;
        let context = OptimizerContext::new_with_config_options(Arc::new(options));
        context.alias_generator().update_min_id(FIRST_ALIAS);
        let joined = plan.transform_up_with_subqueries(|node| {
            let node = DecorrelatePredicateSubquery::new().rewrite(node, &context)?.data;
            if !scalars(&node)?.iter().all(has_one_row) {
                return Ok(Transformed::yes(node));
            }
            Ok(Transformed::yes(ScalarSubqueryToJoin::new().rewrite(node, &context)?.data))
        })?;
        match depth(&joined.data)? {
            0..=MAX_DEPTH => Ok(joined.data),
            more => plan_err!(
                "subqueries in expressions are nested {more} levels, {MAX_DEPTH} at most; \
                 use joins, or WITH"
            ),
        }
    }

    fn name(&self) -> &'static str {
        "nested_subqueries"
    }
}

fn has_one_row(subquery: &Subquery) -> bool {
    subquery.subquery.max_rows().is_some_and(|rows| rows <= 1)
}

/// Returns the scalar subqueries of the expressions of `node`.
fn scalars(node: &LogicalPlan) -> Result<Vec<Subquery>> {
    let mut found = Vec::new();
    node.apply_expressions(|expr| {
        expr.apply(|expr| {
            if let Expr::ScalarSubquery(subquery) = expr {
                found.push(subquery.clone());
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(found)
}

/// Returns how many levels subqueries of expressions are nested.
fn depth(plan: &LogicalPlan) -> Result<usize> {
    let mut deepest = 0;
    plan.apply(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Exists(Exists { subquery, .. })
                | Expr::InSubquery(InSubquery { subquery, .. })
                | Expr::SetComparison(SetComparison { subquery, .. })
                | Expr::ScalarSubquery(subquery) = expr
                {
                    deepest = deepest.max(1 + depth(&subquery.subquery)?);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(deepest)
}
