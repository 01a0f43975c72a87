//! Finding the partitions of a table (section 3.6 of the protocol).

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use super::TableName;
use crate::{identity::FederatedIdentity, predicate::Constraints};

/// Asks for the partitions that a predicate can match.
#[derive(Debug, Clone, PartialEq)]
pub struct GetTableLayoutRequest {
    /// Who asks.
    pub identity: Option<FederatedIdentity>,
    /// Query that asks.
    pub query_id: Option<String>,
    /// Catalog that the function is registered as.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// What the query asks for.
    pub constraints: Constraints,
    /// The table's columns.
    pub schema: SchemaRef,
    /// The table's partition columns, a set in no order.
    pub partition_columns: Vec<String>,
}

/// Answers with the partitions.
#[derive(Debug, Clone, PartialEq)]
pub struct GetTableLayoutResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// One row per partition; no rows means nothing to read. Columns beyond the partition columns
    /// are the connector's.
    pub partitions: RecordBatch,
}
