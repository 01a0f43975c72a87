//! Translation of a query's filters into constraints for a connector.
//!
//! A conjunct over one column and constants becomes a value set of the column. Any other conjunct
//! becomes an expression if the connector announced all its functions. The result says whether all
//! conjuncts were pushed down completely, because only then can a limit be.
//!
//! All conjuncts have to fit in a request. If they do not, the largest are not pushed down; of a
//! value set, its range still is.

mod domain;
mod domain_translator;
mod expression;
mod literal;
mod request_size;

use std::collections::{BTreeMap, BTreeSet};

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
use request_size::RequestSize;

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
    /// Conjuncts that are not pushed down, or not completely, because they do not fit.
    pub(crate) too_large: Vec<String>,
    /// Number of conjuncts that are not pushed down completely.
    not_pushed: usize,
}

/// A conjunct of a filter.
#[derive(Debug)]
struct Conjunct {
    /// Index of the filter.
    filter: usize,
    pushed: Option<Pushed>,
    /// Whether `pushed` is all of it.
    is_complete: bool,
}

#[derive(Debug)]
enum Pushed {
    Values { column: String, domain: Domain },
    Condition(Expression),
}

/// Extent to which a filter is pushed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilterSupport {
    Unsupported,
    Superset,
    Exact,
}

impl PushedFilters {
    /// Returns whether all filters are pushed down completely.
    pub(crate) fn is_complete(&self) -> bool {
        self.not_pushed == 0
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
        let (conjuncts, too_large) = self.conjuncts(filters);
        let mut pushed = PushedFilters { too_large, ..PushedFilters::default() };
        let mut domains: BTreeMap<String, Domain> = BTreeMap::new();
        for conjunct in conjuncts {
            pushed.not_pushed += usize::from(!conjunct.is_complete);
            match conjunct.pushed {
                Some(Pushed::Values { column, domain }) => {
                    let merged = match domains.remove(&column) {
                        Some(earlier) => earlier.intersect(&domain),
                        None => domain,
                    };
                    domains.insert(column, merged);
                }
                Some(Pushed::Condition(expression)) => pushed.expressions.push(expression),
                None => {}
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

    /// Returns how much of each filter [`Self::translate`] pushes down.
    pub(crate) fn support(&self, filters: &[Expr]) -> Vec<FilterSupport> {
        let (conjuncts, _) = self.conjuncts(filters);
        let support = (0..filters.len()).map(|filter| {
            let mut parts =
                conjuncts.iter().filter(|conjunct| conjunct.filter == filter).peekable();
            if parts.clone().all(|part| part.is_complete) && parts.peek().is_some() {
                FilterSupport::Exact
            } else if parts.any(|part| part.pushed.is_some()) {
                FilterSupport::Superset
            } else {
                FilterSupport::Unsupported
            }
        });
        support.collect()
    }

    /// Returns all conjuncts of `filters`, and what does not fit in a request.
    fn conjuncts(&self, filters: &[Expr]) -> (Vec<Conjunct>, Vec<String>) {
        let mut conjuncts = Vec::new();
        for (filter, expr) in filters.iter().map(restore_comparisons).enumerate() {
            for conjunct in split_conjunction(&expr) {
                let pushed = self.to_pushed(conjunct);
                let is_complete = pushed.is_some();
                conjuncts.push(Conjunct { filter, pushed, is_complete });
            }
        }
        let too_large = self.fit(&mut conjuncts);
        (conjuncts, too_large)
    }

    fn to_pushed(&self, conjunct: &Expr) -> Option<Pushed> {
        if self.mode == PushdownMode::Off {
            return None;
        }
        if let Some((column, domain)) = self.to_domain(conjunct) {
            return Some(Pushed::Values { column, domain });
        }
        self.to_expression(conjunct).map(Pushed::Condition)
    }

    /// Reduces the largest of `conjuncts` until all fit in a request. Returns those.
    fn fit(&self, conjuncts: &mut [Conjunct]) -> Vec<String> {
        let request = RequestSize::new(self.schema, self.version, self.capabilities);
        let size = |pushed: &Option<Pushed>| pushed.as_ref().map_or(0, |pushed| request.of(pushed));
        let mut by_size: Vec<(usize, &mut Conjunct)> =
            conjuncts.iter_mut().map(|conjunct| (size(&conjunct.pushed), conjunct)).collect();
        by_size.sort_by_key(|(bytes, _)| *bytes);
        let mut left = request.room();
        let mut too_large = Vec::new();
        for (bytes, conjunct) in by_size {
            if let Some(rest) = left.checked_sub(bytes) {
                left = rest;
                continue;
            }
            conjunct.is_complete = false;
            let (reduced, reason) = self.reduced(conjunct.pushed.take());
            let fitting = left.checked_sub(size(&reduced)).filter(|_| reduced.is_some());
            if let Some(rest) = fitting {
                left = rest;
                conjunct.pushed = reduced;
            }
            let instead = if fitting.is_some() { "; its range is pushed" } else { "" };
            too_large.push(format!("{reason} not fit in a request{instead}"));
        }
        too_large
    }

    /// Returns a superset of `pushed` that is small, if there is one, and a description.
    fn reduced(&self, pushed: Option<Pushed>) -> (Option<Pushed>, String) {
        match pushed {
            Some(Pushed::Values { column, domain }) => {
                let reason = format!("{column}: {} values or ranges do", domain.len());
                let domain = domain.range();
                let is_supported = domain.to_value_set(self.capabilities).is_some();
                (is_supported.then_some(Pushed::Values { column, domain }), reason)
            }
            Some(Pushed::Condition(expression)) => {
                let columns: BTreeSet<&str> = expression.columns().collect();
                let columns: Vec<&str> = columns.into_iter().collect();
                (None, format!("{}: an expression does", columns.join(", ")))
            }
            None => (None, String::new()),
        }
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
        // A condition without a function, such as a boolean column, is an expression too.
        if self.capabilities.functions.is_empty() {
            return None;
        }
        expression::to_wire(conjunct, self.schema, &self.capabilities.functions)
    }
}

#[cfg(test)]
mod tests;
