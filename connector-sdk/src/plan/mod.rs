//! Query plans (serde version 6): what a Substrait plan says of one table, as constraints.
//!
//! A plan is not evaluated beside the constraints but becomes part of them: its filters are
//! conditions like any other, which an author can push down and the residual applies; its sort and
//! fetch are the order and the limit. So there is one evaluator, and a predicate that comes in the
//! plan alone is applied like one that comes in value sets.
//!
//! | Relation | becomes |
//! |---|---|
//! | read of a named table | the columns, by name |
//! | filter, also in the read | conditions, if no fetch lies below |
//! | project, emit | columns in terms of those of the table; the named outputs of the root are what a read may ask for |
//! | sort | the order, by columns of the table |
//! | fetch | the limit: offset and count together, because a split holds part of the rows, and which of them the offset passes over is known only to who sees all |
//! | anything else | a refusal that names it |
//!
//! The messages are read by hand, field by field: a library would pass over the fields it does not
//! know, and a field that is not understood may be the one that leaves out rows.
//! `docs/decisions/serde-version.md` has the reasons.

mod expression;
mod function;
mod literal;
mod protobuf;
mod relation;
mod types;

#[cfg(test)]
mod tests;

use arrow::datatypes::{Field, Schema};
use athena_protocol::predicate::{Constraints, Expression, OrderByField, QueryPlan};
use base64_simd::STANDARD;

use crate::{Error, Result};
use expression::Reader;
use function::Functions;
use protobuf::{Field as PlanField, Message, damaged, refused};
use relation::{Relation, check_extension};

/// What a plan says of one table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Plan {
    /// Conditions that must all be true.
    pub(crate) filter: Vec<Expression>,
    /// The order that the limit goes by.
    pub(crate) order_by: Vec<OrderByField>,
    /// How many rows are needed at most, those that the offset passes over among them; `None` where
    /// the plan fetches all.
    pub(crate) limit: Option<u64>,
    /// How many rows the plan passes over.
    pub(crate) offset: u64,
    /// Names of the columns that come out, and what they are of the columns of the table.
    pub(crate) outputs: Vec<(String, Expression)>,
}

impl Plan {
    /// Reads the plan of a request.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for what is no plan, `Unsupported` for one that says what is not evaluated,
    /// by name.
    pub(crate) fn read(plan: &QueryPlan) -> Result<Self> {
        let bytes = STANDARD
            .decode_to_vec(&plan.substrait_plan)
            .map_err(|e| damaged("its text is not base64").with_source(e))?;
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
                5 | 6 => {} // types of extensions that may occur, and the version: for people
                _ => return field.refuse(),
            }
        }
        let root = match &roots[..] {
            [root] => *root,
            [] => return Err(damaged("it has no relation")),
            more => {
                return Err(refused(&format!("{} relations that are not one query", more.len())));
            }
        };
        let (relation, names) = read_root(root, &mut Reader { functions: &functions, nodes: 0 })?;
        Self::of(relation, names)
    }

    fn of(relation: Relation, names: Vec<String>) -> Result<Self> {
        let Relation { columns, filter, order_by, fetch } = relation;
        if names.len() > columns.len() && columns.iter().all(|column| column.plan_type.is_scalar())
        {
            return Err(damaged(format!("{} names for {} columns", names.len(), columns.len())));
        }
        // Names of nested columns go depth first.
        let mut names = names.into_iter();
        let mut outputs = Vec::new();
        for column in columns {
            let Some(name) = names.next() else { break };
            names.by_ref().take(column.plan_type.inner_names()).for_each(drop);
            outputs.push((name, column.expression));
        }
        let limit =
            fetch.and_then(|fetch| fetch.count.map(|count| count.saturating_add(fetch.offset)));
        let offset = fetch.map_or(0, |fetch| fetch.offset);
        Ok(Self { filter, order_by, limit, offset, outputs })
    }

    /// The plan with the columns of `schema` by the names they have there.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a column that `schema` lacks, or has twice in other cases.
    pub(crate) fn resolve(mut self, schema: &Schema) -> Result<Self> {
        for condition in &mut self.filter {
            resolve(condition, schema)?;
        }
        for (_, output) in &mut self.outputs {
            resolve(output, schema)?;
        }
        for field in &mut self.order_by {
            if let Some(name) = &mut field.column_name {
                column_of(schema, name)?.name().clone_into(name);
            }
        }
        Ok(self)
    }

    /// What a column of this name comes out as, if the plan says so: by its name, or else by one
    /// that differs in case alone.
    pub(crate) fn output(&self, name: &str) -> Option<&Expression> {
        let exact = self.outputs.iter().find(|(output, _)| output == name);
        let alike = || self.outputs.iter().find(|(output, _)| output.eq_ignore_ascii_case(name));
        exact.or_else(alike).map(|(_, expression)| expression)
    }

    /// The constraints with what the plan says, and without the plan.
    ///
    /// All conditions must be true: those of the constraints and those of the plan. An order of the
    /// plan replaces that of the constraints, and a limit that of the constraints, each by itself:
    /// an engine may say the one here and the other there. A limit of the constraints that stays
    /// counts what comes after the rows that the plan passes over.
    pub(crate) fn join(&self, constraints: &Constraints) -> Constraints {
        let mut joined = Constraints { query_plan: None, ..constraints.clone() };
        joined.expressions.extend(self.filter.iter().cloned());
        if !self.order_by.is_empty() {
            joined.order_by.clone_from(&self.order_by);
        }
        let kept = constraints.limit.map(|limit| limit.saturating_add(self.offset));
        joined.limit = match self.limit {
            // As the Java SDK has it, a count of zero replaces nothing.
            Some(limit) if limit == self.offset => kept.or(self.limit),
            Some(limit) => Some(limit),
            None => kept,
        };
        joined
    }
}

/// The relation of a `PlanRel`, and the names that its root gives to the columns.
fn read_root(message: Message<'_>, reader: &mut Reader<'_>) -> Result<(Relation, Vec<String>)> {
    let mut found = None;
    for field in message.fields() {
        let field = field?;
        found = Some(match field.number {
            1 => (reader.relation(field.message("Rel")?)?, Vec::new()),
            2 => named_root(&field, reader)?,
            _ => return field.refuse(),
        });
    }
    found.ok_or_else(|| damaged("a relation of no kind"))
}

fn named_root(root: &PlanField<'_>, reader: &mut Reader<'_>) -> Result<(Relation, Vec<String>)> {
    let (mut relation, mut names) = (None, Vec::new());
    for field in root.message("RelRoot")?.fields() {
        let field = field?;
        match field.number {
            1 => relation = Some(reader.relation(field.message("Rel")?)?),
            2 => names.push(field.text()?.to_owned()),
            _ => return field.refuse(),
        }
    }
    Ok((relation.ok_or_else(|| damaged("a root without a relation"))?, names))
}

fn resolve(expression: &mut Expression, schema: &Schema) -> Result<()> {
    match expression {
        Expression::Constant { .. } => Ok(()),
        Expression::Variable { column, data_type } => {
            let field = column_of(schema, column)?;
            field.name().clone_into(column);
            data_type.clone_from(field.data_type());
            Ok(())
        }
        Expression::Call { arguments, .. } => {
            arguments.iter_mut().try_for_each(|argument| resolve(argument, schema))
        }
    }
}

/// The column of this name, or else the one whose name differs in case alone.
fn column_of<'a>(schema: &'a Schema, name: &str) -> Result<&'a Field> {
    if let Some((_, field)) = schema.fields().find(name) {
        return Ok(field);
    }
    let mut alike =
        schema.fields().iter().filter(|field| field.name().to_lowercase() == name.to_lowercase());
    match (alike.next(), alike.next()) {
        (Some(field), None) => Ok(field),
        (None, _) => Err(Error::invalid_input(format!(
            "the query plan names column {name:?}, which the table has not"
        ))),
        (Some(one), Some(other)) => Err(Error::invalid_input(format!(
            "the query plan names column {name:?}, and the table has {:?} and {:?}; names must differ in more than case",
            one.name(),
            other.name()
        ))),
    }
}
