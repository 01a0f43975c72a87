//! Pushdown of limits, with or without an order, to scans.
//!
//! A limit is pushed down only if no node between it and the scan can remove rows, except filters
//! that are pushed down completely. A limit with an order is pushed down only together with the
//! order. The engine sorts and limits again unless the connector is trusted.

use std::sync::Arc;

use async_trait::async_trait;
use athena_protocol::predicate::OrderByField;
use datafusion::{
    catalog::{Session, TableProvider},
    common::tree_node::Transformed,
    datasource::{provider_as_source, source_as_provider},
    error::Result,
    execution::context::QueryPlanner,
    logical_expr::{
        Expr, FetchType, LogicalPlan, SkipType, SortExpr, TableScan, utils::split_conjunction,
    },
    physical_plan::ExecutionPlan,
    physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner},
};

use super::{
    checked_arithmetic, deep_plans, external_calls, pushed_limit::PushedLimit,
    table::FederatedTable,
};

/// The default planner, after pushdown of limits and isolation of external calls.
///
/// These are not optimizer rules, because the optimizer runs its rules several times, and a limit
/// must not be pushed down before all filters are in place.
#[derive(Debug)]
pub(crate) struct LimitPushdownPlanner;

#[async_trait]
impl QueryPlanner for LimitPushdownPlanner {
    async fn create_physical_plan(
        &self,
        logical_plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let limited = push_down_limits(external_calls::isolate(logical_plan.clone())?)?;
        let checked = checked_arithmetic::check(limited)?;
        let planner = DefaultPhysicalPlanner::default();
        deep_plans::guard(planner.create_physical_plan(&checked, session).await?)
    }
}

/// Maximum limit of the wire format.
const MAX_LIMIT: usize = 0x7FFF_FFFF_FFFF_FFFF;

/// Pushes each limit in `plan` down to its scan where possible.
fn push_down_limits(plan: LogicalPlan) -> Result<LogicalPlan> {
    let limited = plan.transform_down_with_subqueries(|node| {
        let pushed = match &node {
            LogicalPlan::Limit(limit) => {
                let (SkipType::Literal(skip), FetchType::Literal(Some(fetch))) =
                    (limit.get_skip_type()?, limit.get_fetch_type()?)
                else {
                    return Ok(Transformed::no(node));
                };
                let rows = skip.saturating_add(fetch).min(MAX_LIMIT);
                let pushed = LimitCandidate::new(rows).into_plan(&limit.input)?;
                // The connector does not skip rows, so the engine has to.
                pushed.map(|plan| LimitedPlan { trusted: plan.trusted && skip == 0, ..plan })
            }
            LogicalPlan::Sort(sort) => match sort.fetch {
                Some(fetch) => match LimitCandidate::new(fetch).ordered_by(&sort.expr, &sort.input)
                {
                    Some(candidate) => candidate.into_plan(&sort.input)?,
                    None => None,
                },
                None => None,
            },
            // Foreign enum: no other node limits rows.
            _ => None,
        };
        match pushed {
            None => Ok(Transformed::no(node)),
            Some(LimitedPlan { plan, trusted: true }) => Ok(Transformed::yes(plan)),
            Some(LimitedPlan { plan, trusted: false }) => {
                Ok(Transformed::yes(node.with_new_exprs(node.expressions(), vec![plan])?))
            }
        }
    })?;
    Ok(limited.data)
}

/// A limit on its way down to a scan.
#[derive(Debug, Clone)]
struct LimitCandidate {
    limit: usize,
    order: Vec<OrderedColumn>,
    /// Conjuncts of all filters above the current node.
    filters: Vec<Expr>,
}

/// A column of the order, as an index into the columns of the current node.
#[derive(Debug, Clone, Copy)]
struct OrderedColumn {
    index: usize,
    descending: bool,
    nulls_first: bool,
}

/// A plan with the limit pushed down to its scan.
struct LimitedPlan {
    plan: LogicalPlan,
    /// Whether the engine skips its own sort and limit.
    trusted: bool,
}

impl LimitCandidate {
    fn new(limit: usize) -> Self {
        Self { limit, order: Vec::new(), filters: Vec::new() }
    }

    /// Adds the order of `exprs` over `input`. Returns `None` for an order by other expressions
    /// than columns.
    fn ordered_by(mut self, exprs: &[SortExpr], input: &LogicalPlan) -> Option<Self> {
        for sort in exprs {
            let Expr::Column(column) = &sort.expr else { return None };
            let index = input.schema().maybe_index_of_column(column)?;
            self.order.push(OrderedColumn {
                index,
                descending: !sort.asc,
                nulls_first: sort.nulls_first,
            });
        }
        Some(self)
    }

    /// Pushes the limit down into `plan`. Returns `None` if it cannot be.
    fn into_plan(mut self, plan: &LogicalPlan) -> Result<Option<LimitedPlan>> {
        match plan {
            LogicalPlan::TableScan(scan) => Ok(self.into_scan(scan)),
            LogicalPlan::SubqueryAlias(alias) => rebuild(plan, self.into_plan(&alias.input)?),
            LogicalPlan::Filter(filter) => {
                self.filters.extend(split_conjunction(&filter.predicate).into_iter().cloned());
                rebuild(plan, self.into_plan(&filter.input)?)
            }
            LogicalPlan::Projection(projection) => {
                for column in &mut self.order {
                    let Expr::Column(inner) = projection.expr[column.index].clone().unalias()
                    else {
                        return Ok(None);
                    };
                    let Some(index) = projection.input.schema().maybe_index_of_column(&inner)
                    else {
                        return Ok(None);
                    };
                    column.index = index;
                }
                rebuild(plan, self.into_plan(&projection.input)?)
            }
            LogicalPlan::Sort(sort) if self.order.is_empty() => {
                self.limit = sort.fetch.map_or(self.limit, |fetch| self.limit.min(fetch));
                let Some(candidate) = self.ordered_by(&sort.expr, &sort.input) else {
                    return Ok(None);
                };
                match candidate.into_plan(&sort.input)? {
                    // A trusted connector has sorted the rows.
                    Some(limited) if limited.trusted => Ok(Some(limited)),
                    limited => rebuild(plan, limited),
                }
            }
            // Foreign enum: any other node may add or remove rows.
            _ => Ok(None),
        }
    }

    fn into_scan(self, scan: &TableScan) -> Option<LimitedPlan> {
        let provider = source_as_provider(&scan.source).ok()?;
        let table = provider.downcast_ref::<FederatedTable>()?;
        let all_pushed = self.filters.iter().all(|filter| scan.filters.contains(filter));
        if table.limit().is_some()
            || !all_pushed
            || !table.supports_limit(&scan.filters, !self.order.is_empty())
        {
            return None;
        }
        let fields = self.order.iter().map(|column| {
            let index = scan
                .projection
                .as_ref()
                .map_or(column.index, |projection| projection[column.index]);
            table.order_field(index, column.descending, column.nulls_first)
        });
        let order_by = fields.collect::<Option<Vec<OrderByField>>>()?;
        let trusted = table.trusted();
        let limit = PushedLimit { limit: self.limit as u64, order_by, trusted };
        let limited: Arc<dyn TableProvider> = Arc::new(table.with_limit(limit));
        let scan = TableScan { source: provider_as_source(limited), ..scan.clone() };
        Some(LimitedPlan { plan: LogicalPlan::TableScan(scan), trusted })
    }
}

/// Replaces the input of `node` with the plan of `input`.
fn rebuild(node: &LogicalPlan, input: Option<LimitedPlan>) -> Result<Option<LimitedPlan>> {
    let Some(LimitedPlan { plan, trusted }) = input else {
        return Ok(None);
    };
    Ok(Some(LimitedPlan { plan: node.with_new_exprs(node.expressions(), vec![plan])?, trusted }))
}
