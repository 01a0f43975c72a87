//! The small way to write a connector: tables that are a definition and a scan.

use std::{collections::BTreeMap, sync::Arc};

use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use athena_protocol::predicate::Constraints;

use crate::{Context, RecordBatchStream, Result};

/// What a table looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableDef {
    /// All columns, partition columns among them. Schema metadata under a column's name is its comment.
    pub schema: SchemaRef,
    /// Names of the columns that partition the table, in order.
    pub partition_columns: Vec<String>,
}

impl TableDef {
    /// A table of these columns, without partitions.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Self {
        Self { schema: Arc::new(Schema::new(fields.into_iter().collect::<Vec<_>>())), partition_columns: Vec::new() }
    }

    /// The table partitioned by these columns, which must be among its columns.
    #[must_use]
    pub fn with_partition_columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.partition_columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The table with a comment on one of its columns.
    #[must_use]
    pub fn with_comment(mut self, column: impl Into<String>, comment: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.schema).metadata.insert(column.into(), comment.into());
        self
    }
}

/// A table without partitions that is read in one piece. Partitions, splits, paging, filters and spill are the SDK's.
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
}

/// A connector of [`Table`]s by schema and name.
#[derive(Default)]
pub struct Catalog {
    pub(crate) schemas: BTreeMap<String, BTreeMap<String, Arc<dyn Table>>>,
}

impl Catalog {
    /// A catalog without tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// The catalog with one more table.
    #[must_use]
    pub fn table(mut self, schema: impl Into<String>, name: impl Into<String>, table: impl Table) -> Self {
        self.schemas.entry(schema.into()).or_default().insert(name.into(), Arc::new(table));
        self
    }
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tables = self.schemas.iter().map(|(schema, tables)| (schema, tables.keys().collect::<Vec<_>>()));
        f.debug_map().entries(tables).finish()
    }
}
