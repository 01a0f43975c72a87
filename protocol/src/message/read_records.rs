//! Reading one split (section 3.9 of the protocol).

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use super::TableName;
use crate::{
    identity::FederatedIdentity,
    predicate::Constraints,
    split::{EncryptionKey, S3SpillLocation, Split},
};

/// Asks for the rows of one split.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRecordsRequest {
    /// Who asks.
    pub identity: Option<FederatedIdentity>,
    /// Query that asks.
    pub query_id: String,
    /// Catalog that the function is registered as.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// Columns wanted, in this order; may be none.
    pub schema: SchemaRef,
    /// What to read.
    pub split: Split,
    /// What the query asks for.
    pub constraints: Constraints,
    /// Largest block, in bytes.
    pub max_block_size: u64,
    /// An answer of this size or more is spilled, in bytes.
    pub max_inline_block_size: u64,
}

/// Answers with the rows themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRecordsResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// All rows of the split.
    pub records: RecordBatch,
}

/// Answers with where the rows were spilled.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteReadRecordsResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// Schema of every block: the objects do not repeat it.
    pub schema: SchemaRef,
    /// Objects in row order.
    pub remote_blocks: Vec<S3SpillLocation>,
    /// Key of the objects; `None` when they are clear text.
    pub encryption_key: Option<EncryptionKey>,
}
