//! Rows and columns by caller.
//!
//! A rule says what a caller may see of a table; the SDK applies it to every operation, whatever
//! the connector does. Rows outside of the rule leave the source only if it cannot evaluate the
//! filter, and never leave the function. The query sees only masked values: its own conditions,
//! order and limit apply to them, and none that names a masked column reaches the source.

mod filter;
mod mask;

use std::{collections::BTreeMap, fmt, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, BooleanArray},
    datatypes::{DataType, Schema},
};
use athena_protocol::predicate::{Constraints, Expression, functions};

pub(crate) use filter::AccessFilter;
pub use mask::Mask;

use crate::{Error, FederatedIdentity, Result, TableDef, TableName, residual::conjuncts};

/// Rule that says what a caller may see of a table.
///
/// Implemented for closures. See [`Handler::with_access`](crate::Handler::with_access).
pub trait AccessRule: Send + Sync + 'static {
    /// Returns what `caller` may see of `table`.
    ///
    /// Schema and table are in lower case, because connectors may ignore the case of names. A
    /// request without an identity has an empty one. Called once for each request on a table, and
    /// for each listed table, so it should be cheap.
    fn access(&self, table: &TableName, caller: &FederatedIdentity) -> Access;
}

impl<F> AccessRule for F
where
    F: Fn(&TableName, &FederatedIdentity) -> Access + Send + Sync + 'static,
{
    fn access(&self, table: &TableName, caller: &FederatedIdentity) -> Access {
        self(table, caller)
    }
}

/// Part of a table that a caller may see.
///
/// ```
/// use std::sync::Arc;
///
/// use athena_connector_sdk::{Access, Mask, arrow::array::{ArrayRef, StringArray}};
///
/// let regions: ArrayRef = Arc::new(StringArray::from(vec!["emea", "apac"]));
/// let access = Access::full()
///     .with_rows_in("region", &regions)
///     .with_mask("salary", Mask::Null)
///     .with_mask("iban", Mask::KeepLast(4));
/// assert_ne!(access, Access::full());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Access {
    is_hidden: bool,
    /// Conditions that must all be true.
    rows: Vec<Expression>,
    /// Masks by the lower-case name of their column.
    masks: BTreeMap<String, Mask>,
}

impl Access {
    /// Allows all rows and columns.
    pub fn full() -> Self {
        Self { is_hidden: false, rows: Vec::new(), masks: BTreeMap::new() }
    }

    /// Hides the table: it is not listed, and every other request is answered as for a table that
    /// does not exist.
    pub fn hidden() -> Self {
        Self { is_hidden: true, ..Self::full() }
    }

    /// Allows only rows for which `condition` is true, in addition to earlier conditions.
    ///
    /// A condition that the SDK cannot evaluate, or that names a column which the table does not
    /// have, fails every read.
    #[must_use]
    pub fn with_rows(mut self, condition: Expression) -> Self {
        self.rows.push(condition);
        self
    }

    /// Allows only rows whose `column` has one of `values`; none if there are no values.
    #[must_use]
    pub fn with_rows_in(self, column: impl Into<String>, values: &ArrayRef) -> Self {
        let data_type = values.data_type().clone();
        let column = Expression::Variable { column: column.into(), data_type: data_type.clone() };
        let list = Expression::Call {
            function: functions::ARRAY.to_owned(),
            arguments: (0..values.len())
                .map(|row| Expression::Constant {
                    values: Some(values.slice(row, 1)),
                    data_type: data_type.clone(),
                })
                .collect(),
            data_type: DataType::new_list(DataType::Null, true),
        };
        if values.is_empty() {
            return self.with_rows(boolean(false));
        }
        self.with_rows(Expression::Call {
            function: functions::IN.to_owned(),
            arguments: vec![column, list],
            data_type: DataType::Boolean,
        })
    }

    /// Replaces every value of `column`, whose case does not matter, by its mask.
    ///
    /// The column becomes nullable. A partition column cannot be masked, because its values are
    /// part of splits.
    #[must_use]
    pub fn with_mask(mut self, column: impl AsRef<str>, mask: Mask) -> Self {
        self.masks.insert(column.as_ref().to_lowercase(), mask);
        self
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.is_hidden
    }

    pub(crate) fn is_full(&self) -> bool {
        !self.is_hidden && self.rows.is_empty() && self.masks.is_empty()
    }

    /// Returns the names of the columns that the conditions need.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().flat_map(Expression::columns)
    }

    fn is_masked(&self, column: &str) -> bool {
        !self.masks.is_empty() && self.masks.contains_key(&column.to_lowercase())
    }

    /// Returns whether a condition of the request names a masked column.
    pub(crate) fn hides_conditions(&self, request: &Constraints) -> bool {
        let expressions = request.expressions.iter().flat_map(Expression::columns);
        let mut columns = request.summary.keys().map(String::as_str).chain(expressions);
        columns.any(|column| self.is_masked(column))
    }

    /// Returns the constraints that the source may see: those of the request that name no masked
    /// column, and the conditions of the rule.
    ///
    /// Without all conditions of the request, or with an order by masked values, the source must
    /// not limit: the first rows for it are others.
    pub(crate) fn source_constraints(&self, request: Arc<Constraints>) -> Arc<Constraints> {
        if self.is_full() {
            return request;
        }
        let mut source = Constraints::clone(&request);
        let is_open =
            |expression: &&Expression| !expression.columns().any(|column| self.is_masked(column));
        source.summary.retain(|column, _| !self.is_masked(column));
        source.expressions =
            conjuncts(&request.expressions).into_iter().filter(is_open).cloned().collect();
        let mut order = request.order_by.iter().filter_map(|field| field.column_name.as_deref());
        if self.hides_conditions(&request) || order.any(|column| self.is_masked(column)) {
            source.limit = None;
            source.order_by.clear();
        }
        source.expressions.extend(self.rows.iter().cloned());
        Arc::new(source)
    }

    /// Makes masked columns nullable in the definition that a caller sees.
    ///
    /// # Errors
    ///
    /// `Internal` if a partition column is masked.
    pub(crate) fn definition(&self, definition: TableDef) -> Result<TableDef> {
        if self.masks.is_empty() {
            return Ok(definition);
        }
        if let Some(column) = definition.partition_columns.iter().find(|name| self.is_masked(name))
        {
            return Err(Error::internal(format!(
                "the access rule masks the partition column {column:?}, whose values are part of \
                 splits; hide the table, or restrict its rows"
            )));
        }
        let fields = definition.schema.fields().iter().map(|field| {
            let is_nullable = field.is_nullable() || self.is_masked(field.name());
            field.as_ref().clone().with_nullable(is_nullable)
        });
        let schema = Schema::new_with_metadata(
            fields.collect::<Vec<_>>(),
            definition.schema.metadata().clone(),
        );
        Ok(TableDef { schema: schema.into(), ..definition })
    }
}

/// Names the restrictions for the owner's log, never a value.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_hidden {
            return f.write_str("hidden");
        }
        let filtered: Vec<&str> = self.columns().collect();
        let masked: Vec<&str> = self.masks.keys().map(String::as_str).collect();
        match (self.rows.is_empty(), masked.is_empty()) {
            (true, true) => f.write_str("full"),
            (false, true) => write!(f, "rows by {}", filtered.join(", ")),
            (true, false) => write!(f, "masks of {}", masked.join(", ")),
            (false, false) => {
                write!(f, "rows by {}, masks of {}", filtered.join(", "), masked.join(", "))
            }
        }
    }
}

fn boolean(value: bool) -> Expression {
    Expression::Constant {
        values: Some(Arc::new(BooleanArray::from(vec![value]))),
        data_type: DataType::Boolean,
    }
}
