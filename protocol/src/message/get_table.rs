//! The table definition operation (section 3.5 of the protocol).

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;

use super::TableName;
use crate::identity::FederatedIdentity;

/// Request for the definition of a table, or of the result of a passthrough query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetTableRequest {
    /// Identity of the caller, if sent.
    pub identity: Option<FederatedIdentity>,
    /// ID of the query.
    pub query_id: Option<String>,
    /// Catalog that the connector is registered as.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// Arguments of a passthrough query by name; empty for a table. Version 5 and up.
    pub query_passthrough_arguments: BTreeMap<String, Option<String>>,
}

/// Response to [`GetTableRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetTableResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// Columns; the schema metadata entry of a column's name is its comment.
    pub schema: SchemaRef,
    /// Names of the partition columns, in no particular order; all are in `schema`.
    pub partition_columns: Vec<String>,
}
