//! What the operations of [`Connector`](crate::Connector) are asked.
//!
//! Each is built by the SDK from a message, and by authors' unit tests with `new` and the `with_` methods.

use std::sync::Arc;

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::predicate::Constraints;

use crate::{Context, Cursor, Split, TableName, pushdown::Claims};

/// Asks for the schemas.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ListSchemas {
    /// The invocation.
    pub context: Context,
    /// Where the list goes on; `None` at its start.
    pub after: Option<Cursor>,
}

/// Asks for the tables of one schema.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListTables {
    /// The invocation.
    pub context: Context,
    /// The schema.
    pub schema: String,
    /// Where the list goes on; `None` at its start.
    pub after: Option<Cursor>,
}

/// Asks for the definition of a table.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GetTable {
    /// The invocation.
    pub context: Context,
    /// The table.
    pub table: TableName,
}

/// Asks for the partitions of a table.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GetPartitions {
    /// The invocation.
    pub context: Context,
    /// The table.
    pub table: TableName,
    /// The table's columns, in the types of the wire.
    pub schema: SchemaRef,
    /// The table's partition columns.
    pub partition_columns: Vec<String>,
    /// What the query asks for.
    pub constraints: Arc<Constraints>,
}

/// Asks for the splits of some partitions.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GetSplits {
    /// The invocation.
    pub context: Context,
    /// The table.
    pub table: TableName,
    /// Rows of [`get_partitions`](crate::Connector::get_partitions): some, or all.
    pub partitions: RecordBatch,
    /// The table's partition columns.
    pub partition_columns: Vec<String>,
    /// What the query asks for.
    pub constraints: Arc<Constraints>,
    /// Where the list goes on; `None` at its start.
    pub after: Option<Cursor>,
}

/// Asks for the rows of one split.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReadRecords {
    /// The invocation.
    pub context: Context,
    /// The table.
    pub table: TableName,
    /// The columns to return, in the types of the wire. May be none.
    pub projection: SchemaRef,
    /// What to read.
    pub split: Split,
    /// What the query asks for.
    pub constraints: Arc<Constraints>,
    pub(crate) claims: Arc<Claims>,
}
