//! Limits of the size of queries and of their nesting.
//!
//! Planner and optimizer take time that grows with the square of these numbers.
//!
//! `DataFusion` puts the query of a `WITH` wherever its name is used: the name of one that uses
//! another twice, which uses another twice, stands for 2^n queries. It also visits a `WITH` inside
//! of a `WITH` twice.

use std::{
    collections::{HashMap, VecDeque},
    ops::ControlFlow,
};

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, ObjectName, OrderByKind, Query, Select, VisitorMut,
};

/// Maximum depth of queries, and of `WITH` in the queries of a `WITH`.
const MAX_QUERIES: usize = 120;
const MAX_WITH: usize = 10;

/// Maximum number of tables and of `SELECT`, after names of a `WITH` are replaced with its queries.
const MAX_PARTS: usize = 2_500;

/// Maximum lengths of lists.
const MAX_COLUMNS: usize = 10_000;
const MAX_JOINS: usize = 150;
const MAX_GROUPS: usize = 1_000;
const MAX_SORT_KEYS: usize = 300;
const MAX_CASES: usize = 10_000;

/// A visitor that stops with the reason if a limit is exceeded.
#[derive(Debug, Default)]
pub(crate) struct QuerySize {
    queries: Vec<QueryParts>,
}

/// Parts of a query.
#[derive(Debug, Default)]
struct QueryParts {
    /// Names of its `WITH` whose queries have not been visited.
    pending: VecDeque<String>,
    /// Numbers of parts of the queries of its `WITH`.
    with: HashMap<String, usize>,
    parts: usize,
    /// Number of `WITH` around it.
    within: usize,
}

impl VisitorMut for QuerySize {
    type Break = String;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<String> {
        if self.queries.len() == MAX_QUERIES {
            return ControlFlow::Break(format!(
                "queries are nested more than {MAX_QUERIES} levels; use WITH"
            ));
        }
        let within = self
            .queries
            .last()
            .map_or(0, |outer| outer.within + usize::from(!outer.pending.is_empty()));
        if within > MAX_WITH {
            return ControlFlow::Break(format!(
                "WITH is nested more than {MAX_WITH} levels in WITH; \
                 list all queries in one WITH"
            ));
        }
        let names = query.with.iter().flat_map(|with| &with.cte_tables);
        let pending = names.map(|table| table.alias.name.value.to_ascii_lowercase()).collect();
        self.queries.push(QueryParts { pending, within, ..QueryParts::default() });
        match query.order_by.as_ref().map(|order| &order.kind) {
            Some(OrderByKind::Expressions(keys)) => {
                at_most(MAX_SORT_KEYS, keys.len(), "expressions in ORDER BY")
            }
            Some(OrderByKind::All(_)) | None => ControlFlow::Continue(()),
        }
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<String> {
        let Some(QueryParts { parts, .. }) = self.queries.pop() else {
            return ControlFlow::Continue(());
        };
        match self.queries.last_mut() {
            None if parts > MAX_PARTS => ControlFlow::Break(format!(
                "the SQL has more than {MAX_PARTS} SELECTs and tables, counting those of a WITH \
                 as often as its name is used; split it"
            )),
            None => ControlFlow::Continue(()),
            Some(outer) => {
                // The queries of a WITH come first.
                match outer.pending.pop_front() {
                    Some(name) => {
                        outer.with.insert(name, parts);
                    }
                    None => outer.parts = outer.parts.saturating_add(parts),
                }
                ControlFlow::Continue(())
            }
        }
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<String> {
        self.add(1);
        let groups = match &select.group_by {
            GroupByExpr::All(_) => 0,
            GroupByExpr::Expressions(expressions, _) => expressions.len(),
        };
        let joins = select.from.iter().map(|table| table.joins.len() + 1).sum();
        at_most(MAX_COLUMNS, select.projection.len(), "columns")?;
        at_most(MAX_JOINS, joins, "joined tables")?;
        at_most(MAX_GROUPS, groups, "expressions in GROUP BY")
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<String> {
        let name = relation.to_string().trim_matches('"').to_ascii_lowercase();
        let parts = self.queries.iter().rev().find_map(|query| query.with.get(&name));
        let parts = parts.copied().unwrap_or(1);
        self.add(parts);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        match expr {
            Expr::Case { conditions, .. } => at_most(MAX_CASES, conditions.len(), "WHEN in CASE"),
            // Foreign enum: the planner takes linear time for all others.
            _ => ControlFlow::Continue(()),
        }
    }
}

impl QuerySize {
    fn add(&mut self, parts: usize) {
        if let Some(query) = self.queries.last_mut() {
            query.parts = query.parts.saturating_add(parts);
        }
    }
}

fn at_most(limit: usize, length: usize, things: &str) -> ControlFlow<String> {
    if length <= limit {
        return ControlFlow::Continue(());
    }
    ControlFlow::Break(format!("a query has {length} {things}, {limit} at most; split it"))
}
