//! Coercion of mixed operands to the common type that Trino chooses.
//!
//! | Operands | Common type |
//! |---|---|
//! | decimal, double | double |
//! | date, timestamp | timestamp, midnight |
//! | date or timestamp, timestamp with time zone | timestamp with time zone, in the session zone UTC |
//! | timestamps with different time zones | timestamp with time zone: instants are compared |
//!
//! `DataFusion` coerces the double to a decimal of 15 places, which fails for large numbers and
//! rounds small ones, the date to a timestamp in nanoseconds, which ends in the year 2262, and the
//! timestamp to a wall clock in the zone of the other operand.
//!
//! A cast from a timestamp with time zone to a timestamp or date is the wall clock of its zone,
//! where `DataFusion` takes that of UTC.

use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, TimeUnit};
use datafusion::{
    common::{
        DFSchema, Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    functions::datetime::to_local_time,
    logical_expr::{
        Between, BinaryExpr, Cast, Expr, ExprSchemable, Join, LogicalPlan, LogicalPlanBuilder,
        Subquery, TryCast,
        expr::{Case, InList, InSubquery, ScalarFunction, SetComparison},
        expr_rewriter::NamePreserver,
        lit,
        utils::{conjunction, disjunction, merge_schema},
    },
    optimizer::AnalyzerRule,
};

use crate::{casts, implicit_casts};

/// Maximum number of items of a list of columns that becomes comparisons.
const MAX_COMPARISONS: usize = 200;

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
                let rewritten = expr.transform_up(|expr| cast_operands(expr, &schema))?;
                Ok(rewritten.update_data(|expr| name.restore(expr)))
            })?;
            let node = node.transform_data(|node| Ok(cast_join_keys(node)))?;
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

fn cast_operands(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    Ok(match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let types = [&left, &right].map(|operand| operand.get_type(schema).ok());
            implicit_casts::check(op, types[0].as_ref(), types[1].as_ref())?;
            let (cast, [left, right]) = cast_all([*left, *right], schema);
            let expr =
                Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) });
            Transformed::new_transformed(expr, cast)
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            let (cast, [expr, low, high]) = cast_all([*expr, *low, *high], schema);
            let between =
                Between { expr: Box::new(expr), negated, low: Box::new(low), high: Box::new(high) };
            Transformed::new_transformed(Expr::Between(between), cast)
        }
        Expr::InList(InList { expr, list, negated }) => {
            cast_list(InList { expr, list, negated }, schema)
        }
        Expr::Case(case) => cast_case(case, schema),
        Expr::SetComparison(comparison) => cast_set_comparison(comparison, schema)?,
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            cast_in_subquery(InSubquery { expr, subquery, negated }, schema)?
        }
        Expr::Cast(cast) if let Some(other) = casts::replace(&cast, schema) => {
            Transformed::yes(other)
        }
        Expr::Cast(Cast { expr, field }) => match local_time(&expr, field.data_type(), schema) {
            Some(local) => Transformed::yes(Expr::Cast(Cast { expr: Box::new(local), field })),
            None => Transformed::no(Expr::Cast(Cast { expr, field })),
        },
        Expr::TryCast(TryCast { expr, field }) => {
            match local_time(&expr, field.data_type(), schema) {
                Some(local) => {
                    Transformed::yes(Expr::TryCast(TryCast { expr: Box::new(local), field }))
                }
                None => Transformed::no(Expr::TryCast(TryCast { expr, field })),
            }
        }
        Expr::ScalarFunction(call) if matches!(call.name(), "ceil" | "floor") => {
            round_decimal(call, schema)
        }
        // Foreign enum: no other expression has operands of any two types.
        other => Transformed::no(other),
    })
}

/// Gives `ceil` and `floor` of a decimal room for a carry, and the type of Trino: without a scale.
fn round_decimal(call: ScalarFunction, schema: &DFSchema) -> Transformed<Expr> {
    let data_type = call.args.first().and_then(|argument| argument.get_type(schema).ok());
    let Some(DataType::Decimal128(precision, scale)) = data_type else {
        return Transformed::no(Expr::ScalarFunction(call));
    };
    if scale <= 0 {
        return Transformed::no(Expr::ScalarFunction(call));
    }
    let cast = datafusion::logical_expr::cast;
    let wider = DataType::Decimal128(DECIMAL128_MAX_PRECISION.min(precision + 1), scale);
    let whole = DataType::Decimal128(precision - scale.unsigned_abs() + 1, 0);
    let arguments = call.args.into_iter().map(|argument| cast(argument, wider.clone())).collect();
    let rounded = Expr::ScalarFunction(ScalarFunction::new_udf(call.func, arguments));
    Transformed::yes(cast(rounded, whole))
}

/// Casts all `operands` that have to be cast. Returns whether there are any, and the operands.
fn cast_all<const N: usize>(operands: [Expr; N], schema: &DFSchema) -> (bool, [Expr; N]) {
    let types: Vec<Option<DataType>> =
        operands.iter().map(|operand| operand.get_type(schema).ok()).collect();
    let Some(common) = Common::of(operands.iter(), &types) else {
        return (false, operands);
    };
    let mut types = types.iter();
    let cast = operands.map(|operand| {
        let data_type = types.next().and_then(Option::as_ref);
        common.cast(operand, data_type)
    });
    (true, cast)
}

/// The common type of operands of which some have to be cast.
enum Common {
    /// Of decimals and floating-point numbers.
    Float(DataType),
    /// Of dates and timestamps.
    Timestamp,
    /// Of anything with a time zone. The zone does not change the instants.
    InZone(Arc<str>),
}

impl Common {
    /// Returns the common type, or `None` if no operand has to be cast by these rules.
    fn of<'a>(
        operands: impl Iterator<Item = &'a Expr>,
        types: &[Option<DataType>],
    ) -> Option<Self> {
        let known = || types.iter().flatten();
        if let Some(double) = known().find(|data_type| data_type.is_floating()) {
            return known().any(DataType::is_decimal).then(|| Self::Float(double.clone()));
        }
        let zones: Vec<&Arc<str>> = known().filter_map(zone_of).collect();
        if let Some(first) = zones.first() {
            let is_mixed = zones.iter().any(|zone| zone != first)
                || known().any(|t| matches!(t, DataType::Date32 | DataType::Timestamp(_, None)));
            // The zone of a column, so that a condition on it stays one on the column.
            let of_column = operands
                .zip(types)
                .filter(|(operand, _)| matches!(operand, Expr::Column(_)))
                .find_map(|(_, data_type)| data_type.as_ref().and_then(zone_of));
            return is_mixed.then(|| Self::InZone(Arc::clone(of_column.unwrap_or(first))));
        }
        let is_timestamp = known().any(|t| matches!(t, DataType::Timestamp(..)));
        (is_timestamp && known().any(|t| matches!(t, DataType::Date32))).then_some(Self::Timestamp)
    }

    fn cast(&self, operand: Expr, data_type: Option<&DataType>) -> Expr {
        let cast = datafusion::logical_expr::cast;
        match (self, data_type) {
            (Self::Float(double), Some(data_type)) if data_type.is_decimal() => {
                cast(operand, double.clone())
            }
            (Self::Timestamp, Some(DataType::Date32)) => cast(operand, micros(None)),
            (Self::InZone(zone), Some(DataType::Date32)) => {
                in_zone(cast(operand, micros(None)), zone)
            }
            (Self::InZone(zone), Some(DataType::Timestamp(_, None))) => in_zone(operand, zone),
            (Self::InZone(zone), Some(DataType::Timestamp(_, Some(other)))) if other != zone => {
                cast(operand, micros(Some(zone)))
            }
            _ => operand,
        }
    }
}

/// Casts a wall clock of the session zone UTC to an instant with `zone`.
fn in_zone(operand: Expr, zone: &Arc<str>) -> Expr {
    let session: Arc<str> = "UTC".into();
    let instant = datafusion::logical_expr::cast(operand, micros(Some(&session)));
    if *zone == session {
        return instant;
    }
    datafusion::logical_expr::cast(instant, micros(Some(zone)))
}

fn micros(zone: Option<&Arc<str>>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone.cloned())
}

fn zone_of(data_type: &DataType) -> Option<&Arc<str>> {
    match data_type {
        DataType::Timestamp(_, zone) => zone.as_ref(),
        _ => None,
    }
}

/// Returns the wall clock of an expression with a time zone that is cast to `target`, or `None` if
/// the cast does not drop the zone.
fn local_time(expr: &Expr, target: &DataType, schema: &DFSchema) -> Option<Expr> {
    let data_type = expr.get_type(schema).ok()?;
    zone_of(&data_type)?;
    let drops_zone = match target {
        DataType::Timestamp(_, zone) => zone.is_none(),
        DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_) => true,
        _ => false,
    };
    drops_zone.then(|| to_local_time().call(vec![expr.clone()]))
}

/// Casts the operand and the items of a list. A list of other expressions than constants becomes
/// comparisons: the optimizer intersects and subtracts lists by the text of their items.
fn cast_list(InList { expr, list, negated }: InList, schema: &DFSchema) -> Transformed<Expr> {
    let types = std::iter::once(&*expr).chain(&list).map(|e| e.get_type(schema).ok());
    let types: Vec<_> = types.collect();
    let common = Common::of(std::iter::once(&*expr).chain(&list), &types);
    let has_columns = list.iter().any(Expr::any_column_refs);
    let (expr, list) = match &common {
        None if !has_columns => {
            return Transformed::no(Expr::InList(InList { expr, list, negated }));
        }
        None => (expr, list),
        Some(common) => {
            let items = list.into_iter().zip(&types[1..]);
            let list = items.map(|(item, data_type)| common.cast(item, data_type.as_ref()));
            (Box::new(common.cast(*expr, types[0].as_ref())), list.collect())
        }
    };
    // Comparisons are nested, and a list is not.
    if !has_columns || list.len() > MAX_COMPARISONS {
        return Transformed::yes(Expr::InList(InList { expr, list, negated }));
    }
    let comparisons = list.into_iter().map(|item| {
        if negated { expr.as_ref().clone().not_eq(item) } else { expr.as_ref().clone().eq(item) }
    });
    let whole = if negated { conjunction(comparisons) } else { disjunction(comparisons) };
    whole.map_or_else(|| Transformed::no(lit(negated)), Transformed::yes)
}

/// Casts the operand of `CASE a WHEN b` and the values that it is compared with.
fn cast_case(case: Case, schema: &DFSchema) -> Transformed<Expr> {
    let Some(operand) = case.expr.as_deref() else {
        return Transformed::no(Expr::Case(case));
    };
    let operands = || std::iter::once(operand).chain(case.when_then_expr.iter().map(|(w, _)| &**w));
    let types: Vec<_> = operands().map(|operand| operand.get_type(schema).ok()).collect();
    let Some(common) = Common::of(operands(), &types) else {
        return Transformed::no(Expr::Case(case));
    };
    let expr = Some(Box::new(common.cast(operand.clone(), types[0].as_ref())));
    let branches = case.when_then_expr.into_iter().zip(&types[1..]);
    let when_then_expr = branches
        .map(|((when, then), data_type)| (Box::new(common.cast(*when, data_type.as_ref())), then))
        .collect();
    Transformed::yes(Expr::Case(Case { expr, when_then_expr, else_expr: case.else_expr }))
}

/// Casts the operand and the column of the subquery of `a = ANY (SELECT b)`.
fn cast_set_comparison(
    SetComparison { expr, subquery, op, quantifier }: SetComparison,
    schema: &DFSchema,
) -> Result<Transformed<Expr>> {
    // Casts do not depend on the operator.
    let cast = cast_in_subquery(InSubquery { expr, subquery, negated: false }, schema)?;
    Ok(cast.update_data(|cast| match cast {
        Expr::InSubquery(InSubquery { expr, subquery, .. }) => {
            Expr::SetComparison(SetComparison { expr, subquery, op, quantifier })
        }
        other => other,
    }))
}

/// Casts the operand and the column of the subquery.
fn cast_in_subquery(
    InSubquery { expr, subquery, negated }: InSubquery,
    schema: &DFSchema,
) -> Result<Transformed<Expr>> {
    let column = subquery.subquery.schema().columns().into_iter().next();
    let Some(column) = column.map(Expr::Column) else {
        return Ok(Transformed::no(Expr::InSubquery(InSubquery { expr, subquery, negated })));
    };
    let inner = column.get_type(subquery.subquery.schema()).ok();
    let types = [expr.get_type(schema).ok(), inner];
    let Some(common) = Common::of([&*expr, &column].into_iter(), &types) else {
        return Ok(Transformed::no(Expr::InSubquery(InSubquery { expr, subquery, negated })));
    };
    let expr = Box::new(common.cast(*expr, types[0].as_ref()));
    let cast = common.cast(column, types[1].as_ref());
    let plan = LogicalPlanBuilder::from(Arc::unwrap_or_clone(subquery.subquery));
    let plan = plan.project([cast])?.build()?;
    let subquery = Subquery { subquery: Arc::new(plan), ..subquery };
    Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated })))
}

/// Casts the keys of `JOIN ... USING`, which are not a condition.
fn cast_join_keys(plan: LogicalPlan) -> Transformed<LogicalPlan> {
    let LogicalPlan::Join(mut join) = plan else {
        return Transformed::no(plan);
    };
    let mut any = false;
    let Join { on, left, right, .. } = &mut join;
    for (left_key, right_key) in on {
        let types =
            [left_key.get_type(left.schema()).ok(), right_key.get_type(right.schema()).ok()];
        let Some(common) = Common::of([&*left_key, &*right_key].into_iter(), &types) else {
            continue;
        };
        any = true;
        *left_key = common.cast(left_key.clone(), types[0].as_ref());
        *right_key = common.cast(right_key.clone(), types[1].as_ref());
    }
    Transformed::new_transformed(LogicalPlan::Join(join), any)
}
