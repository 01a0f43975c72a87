//! Coercion of mixed operands to the common type that Trino chooses: a decimal and a double to a
//! double, a date and a timestamp to the timestamp of midnight.
//!
//! `DataFusion` coerces the double to a decimal of 15 places, which fails for large numbers and
//! rounds small ones, and the date to a timestamp in nanoseconds, which ends in the year 2262.

use datafusion::{
    common::{
        DFSchema, Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        Between, BinaryExpr, Expr, ExprSchemable, LogicalPlan, expr::InList,
        expr_rewriter::NamePreserver, utils::merge_schema,
    },
    optimizer::AnalyzerRule,
};

use arrow::datatypes::{DataType, TimeUnit};

/// An analyzer rule that casts operands to their common type. It has to run before the type
/// coercion of `DataFusion`.
#[derive(Debug)]
pub(crate) struct CommonType;

impl AnalyzerRule for CommonType {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let plan = plan.transform_up_with_subqueries(|node| {
            let schema = merge_schema(&node.inputs());
            let names = NamePreserver::new(&node);
            let node = node.map_expressions(|expr| {
                let name = names.save(&expr);
                let rewritten = expr.transform_up(|expr| Ok(cast_operands(expr, &schema)))?;
                Ok(rewritten.update_data(|expr| name.restore(expr)))
            })?;
            if node.transformed {
                Ok(Transformed::yes(node.data.recompute_schema()?))
            } else {
                Ok(node)
            }
        })?;
        Ok(plan.data)
    }

    fn name(&self) -> &'static str {
        "common_type"
    }
}

fn cast_operands(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (cast, operands) = cast_all(vec![*left, *right], schema);
            let [left, right] =
                <[Expr; 2]>::try_from(operands).unwrap_or_else(|_| unreachable!("two in, two out"));
            let expr =
                Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) });
            Transformed::new_transformed(expr, cast)
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            let (cast, operands) = cast_all(vec![*expr, *low, *high], schema);
            let [expr, low, high] = <[Expr; 3]>::try_from(operands)
                .unwrap_or_else(|_| unreachable!("three in, three out"));
            let between =
                Between { expr: Box::new(expr), negated, low: Box::new(low), high: Box::new(high) };
            Transformed::new_transformed(Expr::Between(between), cast)
        }
        Expr::InList(InList { expr, list, negated }) => {
            let mut all = vec![*expr];
            all.extend(list);
            let (cast, mut operands) = cast_all(all, schema);
            let list = operands.split_off(1);
            let expr = Box::new(operands.swap_remove(0));
            Transformed::new_transformed(Expr::InList(InList { expr, list, negated }), cast)
        }
        // Foreign enum: no other expression has operands of any two types.
        other => Transformed::no(other),
    }
}

/// Casts all `operands` that have to be cast. Returns whether there are any, and the operands.
fn cast_all(operands: Vec<Expr>, schema: &DFSchema) -> (bool, Vec<Expr>) {
    let types: Vec<Option<DataType>> =
        operands.iter().map(|operand| operand.get_type(schema).ok()).collect();
    let any = |is: fn(&DataType) -> bool| types.iter().flatten().find(|data_type| is(data_type));
    let (is_coerced, common): (fn(&DataType) -> bool, DataType) = if let Some(double) =
        any(DataType::is_floating)
    {
        (DataType::is_decimal, double.clone())
    } else if let Some(DataType::Timestamp(_, zone)) = any(|t| matches!(t, DataType::Timestamp(..)))
    {
        let midnight =
            DataType::Timestamp(TimeUnit::Microsecond, zone.as_ref().map(|_| "UTC".into()));
        (|data_type| matches!(data_type, DataType::Date32), midnight)
    } else {
        return (false, operands);
    };
    if any(is_coerced).is_none() {
        return (false, operands);
    }
    let mut cast = Vec::with_capacity(operands.len());
    for (operand, data_type) in operands.into_iter().zip(&types) {
        cast.push(match data_type {
            Some(data_type) if is_coerced(data_type) => {
                datafusion::logical_expr::cast(operand, common.clone())
            }
            _ => operand,
        });
    }
    (true, cast)
}
