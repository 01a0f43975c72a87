//! Listing schemas and tables (sections 3.3 and 3.4 of the protocol).

use super::TableName;
use crate::identity::FederatedIdentity;

/// Asks for all schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSchemasRequest {
    /// Who asks.
    pub identity: Option<FederatedIdentity>,
    /// Query that asks.
    pub query_id: Option<String>,
    /// Catalog that the function is registered as.
    pub catalog_name: String,
}

/// Answers with all schemas; this operation has no pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSchemasResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// Names in the connector's order.
    pub schemas: Vec<String>,
}

/// Asks for one page of the tables of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTablesRequest {
    /// Who asks.
    pub identity: Option<FederatedIdentity>,
    /// Query that asks.
    pub query_id: Option<String>,
    /// Catalog that the function is registered as.
    pub catalog_name: String,
    /// Schema to list; `None` for all.
    pub schema_name: Option<String>,
    /// Token of the previous page; `None` asks for the first.
    pub next_token: Option<String>,
    /// Tables per page; -1 ([`Self::UNLIMITED`]) for all at once.
    pub page_size: i32,
}

impl ListTablesRequest {
    /// The page size that asks for everything.
    pub const UNLIMITED: i32 = -1;
}

/// Answers with one page of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTablesResponse {
    /// Tables in the connector's order.
    pub tables: Vec<TableName>,
    /// Catalog of the request.
    pub catalog_name: String,
    /// Token of the next page; `None` on the last.
    pub next_token: Option<String>,
}
