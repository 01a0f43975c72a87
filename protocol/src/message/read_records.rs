//! The read operation of one split (section 3.9 of the protocol).

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use super::TableName;
use crate::{
    identity::FederatedIdentity,
    predicate::Constraints,
    split::{EncryptionKey, S3SpillLocation, Split},
};

/// Request for the rows of one split.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRecordsRequest {
    /// Identity of the caller, if sent.
    pub identity: Option<FederatedIdentity>,
    /// ID of the query.
    pub query_id: String,
    /// Catalog that the connector is registered as.
    pub catalog_name: String,
    /// The table.
    pub table_name: TableName,
    /// Requested columns, in the order of the response; may be empty.
    pub schema: SchemaRef,
    /// The split to read.
    pub split: Split,
    /// Constraints of the query.
    pub constraints: Constraints,
    /// Maximum size of a block, in bytes.
    pub max_block_size: u64,
    /// Size from which the rows are spilled rather than returned inline, in bytes.
    pub max_inline_block_size: u64,
}

impl ReadRecordsRequest {
    /// Creates a request for all rows of `split` with the block sizes of Athena: 16,000,000 bytes
    /// for a block, 3,465,000 bytes inline. Query ID and catalog are empty.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use arrow::datatypes::Schema;
    /// # use athena_protocol::{Split, TableName, message::ReadRecordsRequest};
    /// # let schema = Arc::new(Schema::empty());
    /// let table = TableName::new("sales", "orders");
    /// let request = ReadRecordsRequest {
    ///     query_id: "7f2c".to_owned(),
    ///     ..ReadRecordsRequest::new(table, schema, Split::default())
    /// };
    /// assert_eq!(request.max_block_size, 16_000_000);
    /// ```
    pub fn new(table_name: TableName, schema: SchemaRef, split: Split) -> Self {
        Self {
            identity: None,
            query_id: String::new(),
            catalog_name: String::new(),
            table_name,
            schema,
            split,
            constraints: Constraints::default(),
            max_block_size: 16_000_000,
            max_inline_block_size: 3_465_000,
        }
    }
}

/// Response to [`ReadRecordsRequest`] with the rows inline.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRecordsResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// All rows of the split.
    pub records: RecordBatch,
}

/// Response to [`ReadRecordsRequest`] with the locations of spilled rows.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteReadRecordsResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// Schema of every block, which the objects do not contain.
    pub schema: SchemaRef,
    /// Spilled objects, one per block, in row order.
    pub remote_blocks: Vec<S3SpillLocation>,
    /// Encryption key of all objects; `None` for clear text.
    pub encryption_key: Option<EncryptionKey>,
}
