//! Cutting partitions into splits (section 3.7 of the protocol).

use arrow::record_batch::RecordBatch;

use super::TableName;
use crate::{identity::FederatedIdentity, predicate::Constraints, split::Split};

/// Asks for one page of the splits of some partitions.
#[derive(Debug, Clone, PartialEq)]
pub struct GetSplitsRequest {
    /// Who asks.
    pub identity: Option<FederatedIdentity>,
    /// Query that asks.
    pub query_id: Option<String>,
    /// Catalog that the function is registered as.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// Some or all rows of the layout's answer.
    pub partitions: RecordBatch,
    /// The table's partition columns, in order.
    pub partition_columns: Vec<String>,
    /// What the query asks for.
    pub constraints: Constraints,
    /// Token of the previous page; `None` asks for the first.
    pub continuation_token: Option<String>,
}

/// Answers with one page of splits.
#[derive(Debug, Clone, PartialEq)]
pub struct GetSplitsResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// Splits, a set in no order.
    pub splits: Vec<Split>,
    /// Token of the next page; `None` on the last.
    pub continuation_token: Option<String>,
}
