//! The constraints of a request (sections 3.12 and 3.16 of the protocol).

use std::collections::BTreeMap;

use super::{Expression, OrderByField, ValueSet};

/// The predicate, order, limit and plan of a query on one table.
///
/// A row matches if it satisfies every entry of `summary` and every one of `expressions`. The
/// default matches all rows.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::{array::Int64Array, datatypes::DataType};
/// use athena_protocol::predicate::{Constraints, Range, SortedRangeSet, ValueSet};
///
/// // id = 7, at most ten rows
/// let id = ValueSet::SortedRange(SortedRangeSet {
///     data_type: DataType::Int64,
///     ranges: vec![Range::equal(Arc::new(Int64Array::from(vec![7])))],
///     null_allowed: false,
/// });
/// let constraints = Constraints {
///     summary: [("id".to_owned(), id)].into(),
///     limit: Some(10),
///     ..Constraints::default()
/// };
/// assert!(!constraints.summary["id"].is_all());
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constraints {
    /// Allowed values by column name. A column without an entry is unconstrained.
    pub summary: BTreeMap<String, ValueSet>,
    /// Conditions that must all be true: null counts as false. Version 4 and up.
    pub expressions: Vec<Expression>,
    /// Order in which `limit` counts rows, most significant column first. Version 4 and up.
    pub order_by: Vec<OrderByField>,
    /// Number of required rows, which may be zero; `None` (-1 on the wire) for all. Version 4 and
    /// up.
    pub limit: Option<u64>,
    /// Arguments of a passthrough query by name; empty for a table. Version 5 and up.
    pub query_passthrough_arguments: BTreeMap<String, Option<String>>,
    /// The query as a Substrait plan. Version 6 and up.
    pub query_plan: Option<QueryPlan>,
}

/// An encoded Substrait plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryPlan {
    /// Human-readable version of Substrait.
    pub substrait_version: Option<String>,
    /// Base64 of a serialized `substrait.Plan`.
    pub substrait_plan: String,
}
