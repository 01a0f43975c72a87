//! Page tokens: an author's cursor, bound to the request that it belongs to.

use std::sync::Arc;

use arrow::{
    datatypes::Schema,
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_protocol::{
    Request, SerdeVersion,
    message::{GetSplitsRequest, ListTablesRequest},
};
use base64_simd::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Cursor, Error, Result};

/// What a request asks for, whatever page of it: the same for all pages, and for no other request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding([u8; 32]);

/// What a token says. It is not a secret, nor does it grant anything; the digest tells a token that
/// was edited or that belongs to another request from one of ours.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    /// The author's cursor.
    c: String,
    /// Digest of the binding and the cursor, base64url.
    b: String,
}

impl Binding {
    /// Binds to operation, catalog and schema. Not to the query: tools list tables outside of any,
    /// and a page of a list may be asked for by another call than the page before. Nor to the page
    /// size, which may change from page to page.
    pub(crate) fn list_tables(request: &ListTablesRequest) -> Result<Self> {
        Self::of(&Request::ListTables(ListTablesRequest {
            identity: None,
            query_id: None,
            catalog_name: request.catalog_name.clone(),
            schema_name: request.schema_name.clone(),
            next_token: None,
            page_size: ListTablesRequest::UNLIMITED,
        }))
    }

    /// Binds to operation, catalog, query, table, partitions and constraints: everything but who
    /// asks.
    pub(crate) fn get_splits(request: &GetSplitsRequest) -> Result<Self> {
        Self::of(&Request::GetSplits(GetSplitsRequest {
            identity: None,
            continuation_token: None,
            partitions: without_metadata(&request.partitions),
            query_id: request.query_id.clone(),
            catalog_name: request.catalog_name.clone(),
            table_name: request.table_name.clone(),
            partition_columns: request.partition_columns.clone(),
            constraints: request.constraints.clone(),
        }))
    }

    /// Our own form of the request is canonical whatever form it came in: one member order, sorted
    /// maps.
    fn of(request: &Request) -> Result<Self> {
        Ok(Self(Sha256::digest(request.encode(SerdeVersion::LATEST)?).into()))
    }

    fn digest(&self, cursor: &str) -> String {
        let digest = Sha256::new().chain_update(self.0).chain_update(cursor).finalize();
        URL_SAFE_NO_PAD.encode_to_string(&digest[..16])
    }

    /// The token from which `cursor` can be read back.
    pub(crate) fn seal(&self, cursor: &Cursor) -> String {
        let token = Token { c: cursor.0.clone(), b: self.digest(&cursor.0) };
        let json = serde_json::to_vec(&token).expect("two texts make a JSON object");
        URL_SAFE_NO_PAD.encode_to_string(json)
    }

    /// The cursor in `token`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a token that was not made for this request, or changed since.
    pub(crate) fn open(&self, token: &str) -> Result<Cursor> {
        let refused = || {
            Error::invalid_input(
                "the page token was not made for this request; ask for the first page again, without a token",
            )
        };
        let json = URL_SAFE_NO_PAD.decode_to_vec(token).map_err(|e| refused().with_source(e))?;
        let token: Token = serde_json::from_slice(&json).map_err(|e| refused().with_source(e))?;
        if token.b == self.digest(&token.c) { Ok(Cursor(token.c)) } else { Err(refused()) }
    }
}

/// The batch under a schema whose form does not depend on the order of a hash map.
fn without_metadata(batch: &RecordBatch) -> RecordBatch {
    let schema = Schema::new(batch.schema_ref().fields().clone());
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(schema), batch.columns().to_vec(), &options)
        .expect("the columns of a batch fit its own fields")
}

/// The largest token that a cursor of this many bytes makes.
pub(crate) fn longest(cursor: &Cursor) -> usize {
    // Six bytes of JSON for a control character, four of base64 for three of JSON, and the digest
    // around it.
    cursor.0.len() * 8 + 128
}
