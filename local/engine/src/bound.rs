//! Which limits, with or without an order, a connector may apply.
//!
//! A limit is told to a scan only if nothing stands between the two that could remove rows, other
//! than filters that the scan sends whole; and a limit by an order only together with the order.
//! The engine sorts and limits again, unless the connector is trusted.

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
    external_calls,
    table::{FederatedTable, RowBound},
};

/// Plans as usual, after telling scans which limits they are under, and giving external calls
/// projections of their own.
///
/// Not optimizer rules: those run several times, and a limit must not be told before all filters
/// are in place.
#[derive(Debug)]
pub(crate) struct BoundingPlanner;

#[async_trait]
impl QueryPlanner for BoundingPlanner {
    async fn create_physical_plan(
        &self,
        logical_plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let bounded = bound_scans(external_calls::hoist(logical_plan.clone())?)?;
        DefaultPhysicalPlanner::default().create_physical_plan(&bounded, session).await
    }
}

/// The largest limit that the wire can say.
const MAX_LIMIT: usize = 0x7FFF_FFFF_FFFF_FFFF;

/// Tells every scan of `plan` the limit that it is under.
fn bound_scans(plan: LogicalPlan) -> Result<LogicalPlan> {
    let bounded = plan.transform_down_with_subqueries(|node| {
        let pushed = match &node {
            LogicalPlan::Limit(limit) => {
                let (SkipType::Literal(skip), FetchType::Literal(Some(fetch))) =
                    (limit.get_skip_type()?, limit.get_fetch_type()?)
                else {
                    return Ok(Transformed::no(node));
                };
                // No more than the wire can say.
                let most = skip.saturating_add(fetch).min(MAX_LIMIT);
                let pushed = Descent::new(most).into_plan(&limit.input)?;
                pushed.map(|done| if skip == 0 { done } else { Done { trusted: false, ..done } })
            }
            LogicalPlan::Sort(sort) => match sort.fetch {
                Some(fetch) => match Descent::new(fetch).ordered_by(&sort.expr, &sort.input) {
                    Some(descent) => descent.into_plan(&sort.input)?,
                    None => None,
                },
                None => None,
            },
            // Not our enum: any other node has no limit of its own.
            _ => None,
        };
        match pushed {
            None => Ok(Transformed::no(node)),
            Some(Done { plan, trusted: true }) => Ok(Transformed::yes(plan)),
            Some(Done { plan, trusted: false }) => {
                Ok(Transformed::yes(node.with_new_exprs(node.expressions(), vec![plan])?))
            }
        }
    })?;
    Ok(bounded.data)
}

/// A limit on its way down to a scan.
#[derive(Debug, Clone)]
struct Descent {
    limit: usize,
    order: Vec<OrderedColumn>,
    /// Conjuncts of the filters passed so far.
    filters: Vec<Expr>,
}

/// A column of the node that the descent has reached.
#[derive(Debug, Clone, Copy)]
struct OrderedColumn {
    index: usize,
    descending: bool,
    nulls_first: bool,
}

/// A plan whose scan knows the limit.
struct Done {
    plan: LogicalPlan,
    /// Whether the scan's rows are to be taken as they come.
    trusted: bool,
}

impl Descent {
    fn new(limit: usize) -> Self {
        Self { limit, order: Vec::new(), filters: Vec::new() }
    }

    /// Takes up the order of `exprs` over `input`; `None` if it is not one of plain columns.
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

    fn into_plan(mut self, plan: &LogicalPlan) -> Result<Option<Done>> {
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
                let Some(descent) = self.ordered_by(&sort.expr, &sort.input) else {
                    return Ok(None);
                };
                match descent.into_plan(&sort.input)? {
                    // The connector's order is trusted too.
                    Some(done) if done.trusted => Ok(Some(done)),
                    done => rebuild(plan, done),
                }
            }
            // Not our enum: any other node may change which rows there are.
            _ => Ok(None),
        }
    }

    fn into_scan(self, scan: &TableScan) -> Option<Done> {
        let provider = source_as_provider(&scan.source).ok()?;
        let table = provider.downcast_ref::<FederatedTable>()?;
        let all_sent = self.filters.iter().all(|filter| scan.filters.contains(filter));
        if table.bound().is_some()
            || !all_sent
            || !table.takes_limit(&scan.filters, !self.order.is_empty())
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
        let bound = RowBound { limit: self.limit as u64, order_by, trusted };
        let bounded: Arc<dyn TableProvider> = Arc::new(table.with_bound(bound));
        let scan = TableScan { source: provider_as_source(bounded), ..scan.clone() };
        Some(Done { plan: LogicalPlan::TableScan(scan), trusted })
    }
}

/// `node` over the input that is done.
fn rebuild(node: &LogicalPlan, done: Option<Done>) -> Result<Option<Done>> {
    let Some(Done { plan, trusted }) = done else {
        return Ok(None);
    };
    Ok(Some(Done { plan: node.with_new_exprs(node.expressions(), vec![plan])?, trusted }))
}
