//! The small way to write a connector: tables that are a definition and a scan.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use athena_protocol::predicate::Constraints;

use crate::{
    Conjunct, Context, Pushed, PushedDown, RecordBatchStream, Result,
    pushdown::{self, Claims},
};

/// What a table looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableDef {
    /// All columns, partition columns among them. Schema metadata under a column's name is its
    /// comment.
    pub schema: SchemaRef,
    /// Names of the columns that partition the table, in order.
    pub partition_columns: Vec<String>,
    /// What becomes of columns whose type Athena does not take.
    pub unsupported_types: UnsupportedTypes,
}

/// What becomes of a column whose type Athena does not take, in whole or in a nested part: null,
/// time of day, interval, duration, union, a decimal of more than 38 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnsupportedTypes {
    /// The table cannot be queried; the error names the column.
    #[default]
    Fail,
    /// The table has no such column.
    Drop,
    /// The column is text, as Arrow displays its values; filters compare it as text.
    Text,
}

impl TableDef {
    /// A table of these columns, without partitions.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Self {
        Self {
            schema: Arc::new(Schema::new(fields.into_iter().collect::<Vec<_>>())),
            partition_columns: Vec::new(),
            unsupported_types: UnsupportedTypes::Fail,
        }
    }

    /// The table partitioned by these columns, which must be among its columns.
    #[must_use]
    pub fn with_partition_columns<S: Into<String>>(
        mut self,
        columns: impl IntoIterator<Item = S>,
    ) -> Self {
        self.partition_columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The table with this done to columns whose type Athena does not take.
    #[must_use]
    pub fn with_unsupported_types(mut self, unsupported_types: UnsupportedTypes) -> Self {
        self.unsupported_types = unsupported_types;
        self
    }

    /// The table with a comment on one of its columns.
    #[must_use]
    pub fn with_comment(mut self, column: impl Into<String>, comment: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.schema).metadata.insert(column.into(), comment.into());
        self
    }

    /// The table with a comment on itself, in the schema's metadata under `comment`, where tables
    /// of AWS Glue have it.
    ///
    /// A comment on a column of that name has the same place, and the one that is said last.
    #[must_use]
    pub fn with_table_comment(self, comment: impl Into<String>) -> Self {
        self.with_comment("comment", comment)
    }
}

/// A table without partitions that is read in one piece. Partitions, splits, paging, filters and
/// spill are the SDK's.
#[async_trait]
pub trait Table: Send + Sync + 'static {
    /// Describes the table.
    fn definition(&self) -> TableDef;

    /// Reads the table: any superset of the rows asked for, with at least the columns asked for.
    async fn scan(&self, scan: Scan) -> Result<RecordBatchStream>;
}

/// What a scan is asked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Scan {
    /// The invocation.
    pub context: Context,
    /// The columns to return, in the types of the wire. May be none.
    pub projection: SchemaRef,
    /// What the query asks for.
    pub constraints: Arc<Constraints>,
    pub(crate) claims: Arc<Claims>,
}

impl Scan {
    /// A scan of the columns `projection`, for unit tests of tables.
    pub fn new(projection: SchemaRef) -> Self {
        Self {
            context: Context::default(),
            projection,
            constraints: Arc::default(),
            claims: Arc::default(),
        }
    }

    /// The scan of a query with these constraints.
    #[must_use]
    pub fn with_constraints(mut self, constraints: Constraints) -> Self {
        self.constraints = Arc::new(constraints);
        self
    }

    /// Offers every condition of the query to `push`, as
    /// [`ReadRecords::push_down`](crate::ReadRecords::push_down) does.
    pub fn push_down<'a, T>(
        &'a self,
        push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
    ) -> PushedDown<T> {
        pushdown::push_down_claiming(&self.constraints, &self.claims, push)
    }
}
