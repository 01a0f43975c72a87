//! The schema and table listing operations (sections 3.3 and 3.4 of the protocol).

use super::TableName;
use crate::identity::FederatedIdentity;

/// Request for the names of all schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSchemasRequest {
    /// Identity of the caller, if sent.
    pub identity: Option<FederatedIdentity>,
    /// ID of the query.
    pub query_id: Option<String>,
    /// Catalog that the connector is registered as.
    pub catalog_name: String,
}

/// Response to [`ListSchemasRequest`]. Not paginated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSchemasResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// Schema names in the connector's order.
    pub schemas: Vec<String>,
}

/// Request for one page of the tables of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTablesRequest {
    /// Identity of the caller, if sent.
    pub identity: Option<FederatedIdentity>,
    /// ID of the query.
    pub query_id: Option<String>,
    /// Catalog that the connector is registered as.
    pub catalog_name: String,
    /// Schema to list; `None` for all schemas.
    pub schema_name: Option<String>,
    /// Continuation token of the previous page; `None` for the first.
    pub next_token: Option<String>,
    /// Maximum number of tables per page; [`Self::UNLIMITED`] (-1) for no pagination.
    pub page_size: i32,
}

impl ListTablesRequest {
    /// Page size of an unpaginated request.
    pub const UNLIMITED: i32 = -1;
}

/// Response to [`ListTablesRequest`]: one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTablesResponse {
    /// Tables in the connector's order.
    pub tables: Vec<TableName>,
    /// Catalog of the request.
    pub catalog_name: String,
    /// Continuation token of the next page; `None` on the last.
    pub next_token: Option<String>,
}
