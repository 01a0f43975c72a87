//! The partition pruning operation (section 3.6 of the protocol).

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use super::TableName;
use crate::{identity::FederatedIdentity, predicate::Constraints};

/// Request for the partitions that can contain matching rows.
#[derive(Debug, Clone, PartialEq)]
pub struct GetTableLayoutRequest {
    /// Identity of the caller, if sent.
    pub identity: Option<FederatedIdentity>,
    /// ID of the query.
    pub query_id: Option<String>,
    /// Catalog that the connector is registered as.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// Constraints of the query.
    pub constraints: Constraints,
    /// Columns of the table.
    pub schema: SchemaRef,
    /// Names of the table's partition columns, in no particular order.
    pub partition_columns: Vec<String>,
}

/// Response to [`GetTableLayoutRequest`]. Not paginated.
#[derive(Debug, Clone, PartialEq)]
pub struct GetTableLayoutResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// Partitions, one per row; no rows means nothing to read. Columns other than the partition
    /// columns are private to the connector.
    pub partitions: RecordBatch,
}
