//! Translation of a query's filters into constraints for a connector.
//!
//! A conjunct over one column and constants becomes a value set of the column. Any other conjunct
//! becomes an expression if the connector announced all its functions. The result says whether all
//! conjuncts were pushed down completely, because only then can a limit be.

mod domain;
mod domain_translator;
mod expression;
mod literal;

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use athena_protocol::{
    SerdeVersion,
    predicate::{Expression, ValueSet},
};
use datafusion::logical_expr::{Expr, utils::split_conjunction};

use super::float_comparison::restore_comparisons;
use athena_client::Capabilities;

use domain::Domain;
use domain_translator::ColumnDomains;

/// The constraints that are pushed down to connectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum PushdownMode {
    /// No constraints, only the requested columns.
    Off,
    /// Value sets only.
    Sets,
    /// All value sets, expressions, limits and orders that a connector supports.
    #[default]
    Full,
}

/// A translator of the filters on one table.
#[derive(Debug)]
pub(crate) struct Pushdown<'a> {
    mode: PushdownMode,
    capabilities: &'a Capabilities,
    version: SerdeVersion,
    schema: &'a SchemaRef,
}

/// Filters in wire format.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PushedFilters {
    /// Value sets by column name.
    pub(crate) summary: BTreeMap<String, ValueSet>,
    /// Conjuncts that are not value sets.
    pub(crate) expressions: Vec<Expression>,
    /// Number of conjuncts that are not pushed down.
    not_pushed: usize,
}

impl PushedFilters {
    /// Returns whether all filters are pushed down completely.
    pub(crate) fn is_complete(&self) -> bool {
        self.not_pushed == 0
    }

    /// Returns whether no filter is pushed down.
    pub(crate) fn is_empty(&self) -> bool {
        self.summary.is_empty() && self.expressions.is_empty()
    }

    /// Returns the columns of all filters, possibly with duplicates.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        let of_summary = self.summary.keys().map(String::as_str);
        of_summary.chain(self.expressions.iter().flat_map(Expression::columns))
    }
}

impl<'a> Pushdown<'a> {
    /// Creates a translator for a table with the wire schema `schema`.
    pub(crate) fn new(
        mode: PushdownMode,
        capabilities: &'a Capabilities,
        version: SerdeVersion,
        schema: &'a SchemaRef,
    ) -> Self {
        Self { mode, capabilities, version, schema }
    }

    /// Translates the conjunction of `filters`.
    pub(crate) fn translate(&self, filters: &[Expr]) -> PushedFilters {
        let mut pushed = PushedFilters::default();
        let mut domains: BTreeMap<String, Domain> = BTreeMap::new();
        let filters: Vec<Expr> = filters.iter().map(restore_comparisons).collect();
        for conjunct in filters.iter().flat_map(split_conjunction) {
            if self.mode == PushdownMode::Off {
                pushed.not_pushed += 1;
            } else if let Some((column, domain)) = self.to_domain(conjunct) {
                let merged = match domains.remove(&column) {
                    Some(earlier) => earlier.intersect(&domain),
                    None => domain,
                };
                domains.insert(column, merged);
            } else if let Some(expression) = self.to_expression(conjunct) {
                pushed.expressions.push(expression);
            } else {
                pushed.not_pushed += 1;
            }
        }
        for (column, domain) in domains {
            // The connector supports each part, and an intersection needs no more than its parts.
            match domain.to_value_set(self.capabilities) {
                Some(values) => {
                    pushed.summary.insert(column, values);
                }
                None => pushed.not_pushed += 1,
            }
        }
        pushed
    }

    /// Translates `conjunct` into the values of one column for which it is true, if the connector
    /// supports such a value set.
    fn to_domain(&self, conjunct: &Expr) -> Option<(String, Domain)> {
        let domains = ColumnDomains::of(conjunct, self.schema)?;
        domains.when_true.to_value_set(self.capabilities)?;
        Some((domains.column, domains.when_true))
    }

    fn to_expression(&self, conjunct: &Expr) -> Option<Expression> {
        if self.mode != PushdownMode::Full || self.version < SerdeVersion::V4 {
            return None;
        }
        expression::to_wire(conjunct, self.schema, &self.capabilities.functions)
    }
}

#[cfg(test)]
mod tests;
