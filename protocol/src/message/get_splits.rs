//! The splits operation (section 3.7 of the protocol).

use arrow::record_batch::RecordBatch;

use super::TableName;
use crate::{identity::FederatedIdentity, predicate::Constraints, split::Split};

/// Request for one page of the splits of partitions.
#[derive(Debug, Clone, PartialEq)]
pub struct GetSplitsRequest {
    /// Identity of the caller, if sent.
    pub identity: Option<FederatedIdentity>,
    /// ID of the query.
    pub query_id: Option<String>,
    /// Catalog that the connector is registered as.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// Some or all partitions of the layout, one per row.
    pub partitions: RecordBatch,
    /// Names of the table's partition columns, in order.
    pub partition_columns: Vec<String>,
    /// Constraints of the query.
    pub constraints: Constraints,
    /// Continuation token of the previous page; `None` for the first.
    pub continuation_token: Option<String>,
}

/// Response to [`GetSplitsRequest`]: one page.
///
/// An empty page without a token means no rows; no reads follow.
#[derive(Debug, Clone, PartialEq)]
pub struct GetSplitsResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// Splits, in no particular order.
    pub splits: Vec<Split>,
    /// Continuation token of the next page; `None` on the last.
    pub continuation_token: Option<String>,
}
