//! The constraints of a request (sections 3.12 and 3.16 of the protocol).

use std::collections::BTreeMap;

use super::{Expression, OrderByField, ValueSet};

/// What a query asks of a table. The default asks for everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constraints {
    /// Column name to the values it may have. All entries must hold; a column without one is free.
    pub summary: BTreeMap<String, ValueSet>,
    /// Conditions that must all be true. Version 4 and up.
    pub expressions: Vec<Expression>,
    /// The order that the limit goes by, most significant first. Version 4 and up.
    pub order_by: Vec<OrderByField>,
    /// How many rows are needed; `None` (-1 on the wire) for all. Zero is a limit. Version 4 and
    /// up.
    pub limit: Option<u64>,
    /// Arguments of a passthrough query; empty for a plain table. Version 5 and up.
    pub query_passthrough_arguments: BTreeMap<String, Option<String>>,
    /// The query as a Substrait plan. Version 6.
    pub query_plan: Option<QueryPlan>,
}

/// A Substrait plan, not decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryPlan {
    /// Version of Substrait, for people.
    pub substrait_version: Option<String>,
    /// Base64 of a serialised `substrait.Plan`, as it travels.
    pub substrait_plan: String,
}
