//! Query plans (serde version 6): conversion of a Substrait plan over one table to constraints.
//!
//! A plan is not evaluated separately but merged into the constraints: its filters are conditions
//! like any other, which an author can push down and the residual applies, and its sort and fetch
//! are the order and the limit. So there is a single evaluator, and a predicate that only the plan
//! contains is applied like one in value sets.
//!
//! | Relation | Becomes |
//! |---|---|
//! | read of a named table | the columns, by name |
//! | filter, also in the read | conditions, if there is no fetch below |
//! | project, emit | columns in terms of the table's columns; the named outputs of the root may be requested by a read |
//! | sort | the order, by columns of the table |
//! | fetch | the limit, offset plus count: a split holds part of the rows, and only the engine sees which rows the offset skips |
//! | anything else | an error that names it |
//!
//! Messages are decoded by hand, field by field: a library would skip unknown fields, and an
//! unknown field may be the one that excludes rows. `docs/decisions/serde-version.md` has the
//! reasons.

mod expression;
mod function;
mod literal;
mod names;
mod protobuf;
mod relation;
mod schema;
mod types;

#[cfg(test)]
mod tests;

use arrow::datatypes::Schema;
use athena_protocol::predicate::{Constraints, Expression, OrderByField, QueryPlan};
use base64_simd::STANDARD;

use crate::Result;
use expression::PlanReader;
use function::Functions;
use protobuf::{Field as PlanField, Message, malformed, unsupported};
use relation::{Relation, check_extension};

/// Effect of a query plan on one table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Plan {
    /// Conditions that must all be true.
    pub(crate) filter: Vec<Expression>,
    /// Order to which the limit applies.
    pub(crate) order_by: Vec<OrderByField>,
    /// Maximum number of rows needed, including those that the offset skips; `None` if the plan
    /// fetches all.
    pub(crate) limit: Option<u64>,
    /// Number of rows that the plan skips.
    pub(crate) offset: u64,
    /// Names of the output columns, and their expressions over the table's columns.
    pub(crate) outputs: Vec<(String, Expression)>,
}

impl Plan {
    /// Decodes the plan of a request.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for bytes that are not a plan, `Unsupported` for a plan with a part that is
    /// not evaluated, naming it.
    pub(crate) fn read(plan: &QueryPlan) -> Result<Self> {
        let bytes = STANDARD
            .decode_to_vec(&plan.substrait_plan)
            .map_err(|e| malformed("it is not base64").with_source(e))?;
        let mut functions = Functions::default();
        let mut roots = Vec::new();
        for field in Message::new(&bytes, "Plan").fields() {
            let field = field?;
            match field.number {
                1 => functions.declare_origin(field.message("SimpleExtensionURI")?)?,
                8 => functions.declare_origin(field.message("SimpleExtensionURN")?)?,
                2 => functions.declare(field.message("SimpleExtensionDeclaration")?)?,
                3 => roots.push(field.message("PlanRel")?),
                4 => check_extension(field.message("AdvancedExtension")?)?,
                5 | 6 => {} // expected type URLs and version, both informational
                _ => return field.reject(),
            }
        }
        let root = match &roots[..] {
            [root] => *root,
            [] => return Err(malformed("it has no relation")),
            more => {
                return Err(unsupported(&format!("{} root relations", more.len())));
            }
        };
        let (relation, names) =
            read_root(root, &mut PlanReader { functions: &functions, nodes: 0 })?;
        Self::from_root(relation, names)
    }

    fn from_root(relation: Relation, names: Vec<String>) -> Result<Self> {
        let Relation { columns, filter, order_by, fetch } = relation;
        if names.len() > columns.len() && columns.iter().all(|column| column.plan_type.is_scalar())
        {
            return Err(malformed(format!(
                "the root has {} names for {} columns",
                names.len(),
                columns.len()
            )));
        }
        // Names of nested columns are listed depth first.
        let mut names = names.into_iter();
        let mut outputs = Vec::new();
        for column in columns {
            let Some(name) = names.next() else { break };
            names.by_ref().take(column.plan_type.nested_names()).for_each(drop);
            outputs.push((name, column.expression));
        }
        let limit =
            fetch.and_then(|fetch| fetch.count.map(|count| count.saturating_add(fetch.offset)));
        let offset = fetch.map_or(0, |fetch| fetch.offset);
        Ok(Self { filter, order_by, limit, offset, outputs })
    }

    /// Resolves column names to their spelling in `schema`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a column that is missing from `schema`, or ambiguous ignoring case.
    pub(crate) fn resolve(mut self, schema: &Schema) -> Result<Self> {
        let columns = names::TableColumns::new(schema);
        for condition in &mut self.filter {
            resolve(condition, &columns)?;
        }
        for (_, output) in &mut self.outputs {
            resolve(output, &columns)?;
        }
        for field in &mut self.order_by {
            if let Some(name) = &mut field.column_name {
                columns.find(name)?.name().clone_into(name);
            }
        }
        Ok(self)
    }

    /// Returns the expressions of the output columns by name.
    pub(crate) fn outputs_by_name(&self) -> names::Outputs<'_> {
        names::Outputs::new(&self.outputs)
    }

    /// Merges the plan into the constraints.
    ///
    /// All conditions of both must be true. The order of the plan replaces that of the constraints,
    /// and so does its limit, independently of each other: an engine may put one here and the other
    /// there. A limit of the constraints that stays counts the rows after those that the plan
    /// skips.
    pub(crate) fn join(&self, constraints: &Constraints) -> Constraints {
        let mut joined = Constraints { query_plan: None, ..constraints.clone() };
        joined.expressions.extend(self.filter.iter().cloned());
        if !self.order_by.is_empty() {
            joined.order_by.clone_from(&self.order_by);
        }
        let remaining = constraints.limit.map(|limit| limit.saturating_add(self.offset));
        joined.limit = match self.limit {
            // As in the Java SDK, a count of zero replaces nothing.
            Some(limit) if limit == self.offset => remaining.or(self.limit),
            Some(limit) => Some(limit),
            None => remaining,
        };
        joined
    }
}

/// Reads a `PlanRel`: the relation, and the column names of its root.
fn read_root(message: Message<'_>, reader: &mut PlanReader<'_>) -> Result<(Relation, Vec<String>)> {
    let mut found = None;
    for field in message.fields() {
        let field = field?;
        found = Some(match field.number {
            1 => (reader.relation(field.message("Rel")?)?, Vec::new()),
            2 => named_root(&field, reader)?,
            _ => return field.reject(),
        });
    }
    found.ok_or_else(|| malformed("a relation is empty"))
}

fn named_root(
    root: &PlanField<'_>,
    reader: &mut PlanReader<'_>,
) -> Result<(Relation, Vec<String>)> {
    let mut relation = None;
    let mut names = Vec::new();
    for field in root.message("RelRoot")?.fields() {
        let field = field?;
        match field.number {
            1 => relation = Some(reader.relation(field.message("Rel")?)?),
            2 => names.push(field.text()?.to_owned()),
            _ => return field.reject(),
        }
    }
    Ok((relation.ok_or_else(|| malformed("the root has no relation"))?, names))
}

fn resolve(expression: &mut Expression, columns: &names::TableColumns<'_>) -> Result<()> {
    match expression {
        Expression::Constant { .. } => Ok(()),
        Expression::Variable { column, data_type } => {
            let field = columns.find(column)?;
            field.name().clone_into(column);
            data_type.clone_from(field.data_type());
            Ok(())
        }
        Expression::Call { arguments, .. } => {
            arguments.iter_mut().try_for_each(|argument| resolve(argument, columns))
        }
    }
}
