//! Describing a table (section 3.5 of the protocol).

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;

use super::TableName;
use crate::identity::FederatedIdentity;

/// Asks for the definition of a table, or of the result of a passthrough query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetTableRequest {
    /// Who asks.
    pub identity: Option<FederatedIdentity>,
    /// Query that asks.
    pub query_id: Option<String>,
    /// Catalog that the function is registered as.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// Arguments of a passthrough query; empty for a plain table. Version 5 and up.
    pub query_passthrough_arguments: BTreeMap<String, Option<String>>,
}

/// Answers with the definition of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetTableResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// Columns; schema metadata under a column's name is its comment.
    pub schema: SchemaRef,
    /// Names of the columns that partition the table: a set in no order, all of them in `schema`.
    pub partition_columns: Vec<String>,
}
