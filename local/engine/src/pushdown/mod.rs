//! What of a query's filters can be sent to a connector, and in which form.
//!
//! A conjunct travels as a value set of its column if it speaks of one column and constants only,
//! else as an expression if the connector announced every function of it. Whatever was sent whole
//! is known, because only then may a limit go along.

mod domain;
mod expression;
mod literal;
mod truth;

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use athena_protocol::{
    SerdeVersion,
    predicate::{Expression, ValueSet},
};
use datafusion::logical_expr::{Expr, utils::split_conjunction};

use super::float_comparison::restored;
use athena_client::Capabilities;

use domain::Domain;
use truth::Truth;

/// How much is pushed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum PushdownMode {
    /// Nothing but the columns wanted.
    Off,
    /// Value sets.
    Sets,
    /// Value sets, expressions, limits and orders, as far as the connector announced them.
    #[default]
    Full,
}

/// The rules by which filters of one table are sent.
#[derive(Debug)]
pub(crate) struct Pushdown<'a> {
    mode: PushdownMode,
    capabilities: &'a Capabilities,
    version: SerdeVersion,
    schema: &'a SchemaRef,
}

/// Filters in the form in which they are sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sent {
    /// Column name to the values it may have.
    pub(crate) summary: BTreeMap<String, ValueSet>,
    /// What has no form as a value set.
    pub(crate) expressions: Vec<Expression>,
    /// Conjuncts that were given and not sent.
    left_out: usize,
}

impl Sent {
    /// Whether every filter is in it, whole.
    pub(crate) fn complete(&self) -> bool {
        self.left_out == 0
    }

    /// Whether any filter is in it.
    pub(crate) fn sends_anything(&self) -> bool {
        !self.summary.is_empty() || !self.expressions.is_empty()
    }

    /// Every column that it speaks of, perhaps more than once.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        let of_summary = self.summary.keys().map(String::as_str);
        of_summary.chain(self.expressions.iter().flat_map(Expression::columns))
    }
}

impl<'a> Pushdown<'a> {
    /// The rules for a table of `schema`, which is the one on the wire.
    pub(crate) fn new(
        mode: PushdownMode,
        capabilities: &'a Capabilities,
        version: SerdeVersion,
        schema: &'a SchemaRef,
    ) -> Self {
        Self { mode, capabilities, version, schema }
    }

    /// The form of `filters`, which must all hold.
    pub(crate) fn plan(&self, filters: &[Expr]) -> Sent {
        let mut sent = Sent::default();
        let mut domains: BTreeMap<String, Domain> = BTreeMap::new();
        let filters: Vec<Expr> = filters.iter().map(restored).collect();
        for conjunct in filters.iter().flat_map(split_conjunction) {
            if self.mode == PushdownMode::Off {
                sent.left_out += 1;
            } else if let Some((column, domain)) = self.as_domain(conjunct) {
                let merged = match domains.remove(&column) {
                    Some(earlier) => earlier.intersect(&domain),
                    None => domain,
                };
                domains.insert(column, merged);
            } else if let Some(expression) = self.as_expression(conjunct) {
                sent.expressions.push(expression);
            } else {
                sent.left_out += 1;
            }
        }
        for (column, domain) in domains {
            // Each part had a form, and an intersection never needs more than its parts.
            match domain.to_value_set(self.capabilities) {
                Some(values) => {
                    sent.summary.insert(column, values);
                }
                None => sent.left_out += 1,
            }
        }
        sent
    }

    /// `conjunct` as the values of one column for which it is true, if the connector takes them.
    fn as_domain(&self, conjunct: &Expr) -> Option<(String, Domain)> {
        let truth = Truth::of(conjunct, self.schema)?;
        truth.yes.to_value_set(self.capabilities)?;
        Some((truth.column, truth.yes))
    }

    fn as_expression(&self, conjunct: &Expr) -> Option<Expression> {
        if self.mode != PushdownMode::Full || self.version < SerdeVersion::V4 {
            return None;
        }
        expression::to_wire(conjunct, self.schema, &self.capabilities.functions)
    }
}

#[cfg(test)]
mod tests;
