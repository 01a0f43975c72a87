//! Page tokens: cursors of a connector, bound to their request.

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

use crate::{
    Context, Cursor, Error, Result,
    seal::{SealKeys, Subject},
};

/// Request without its page, which the tokens of its pages are bound to.
#[derive(Debug, Clone)]
pub(crate) struct Binding<'a> {
    /// Digest that is equal for all pages of a list, and different for other requests.
    request: [u8; 32],
    query_id: &'a str,
    /// Keys that seal tokens; without, a token has a digest that anyone can compute.
    keys: Option<&'a SealKeys>,
}

/// Content of a page token.
///
/// It is neither secret nor a grant. The seal, or else the digest, detects a token that was edited
/// or that belongs to another request.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Token {
    /// Cursor of the connector.
    c: String,
    /// Seal of the request and the cursor, or else their digest in base64url.
    b: String,
}

impl<'a> Binding<'a> {
    /// Creates a binding to operation, catalog and schema.
    ///
    /// Not to the query, since tools list tables outside of queries, and one list may span several.
    /// Nor to the page size, which may change from page to page.
    pub(crate) fn list_tables(
        request: &ListTablesRequest,
        configuration: Option<&str>,
        keys: Option<&'a SealKeys>,
    ) -> Result<Self> {
        let request = Request::ListTables(ListTablesRequest {
            identity: None,
            query_id: None,
            catalog_name: request.catalog_name.clone(),
            schema_name: request.schema_name.clone(),
            next_token: None,
            page_size: ListTablesRequest::UNLIMITED,
        });
        Ok(Self { request: digest_request(&request, configuration)?, query_id: "", keys })
    }

    /// Creates a binding to operation, catalog, query, table, partitions and constraints: to
    /// everything but the identity, whose credentials may be renewed between two pages.
    pub(crate) fn get_splits(
        request: &'a GetSplitsRequest,
        configuration: Option<&str>,
        keys: Option<&'a SealKeys>,
    ) -> Result<Self> {
        let query_id = request.query_id.as_deref().unwrap_or_default();
        let request = Request::GetSplits(GetSplitsRequest {
            identity: None,
            continuation_token: None,
            partitions: without_metadata(&request.partitions),
            query_id: request.query_id.clone(),
            catalog_name: request.catalog_name.clone(),
            table_name: request.table_name.clone(),
            partition_columns: request.partition_columns.clone(),
            constraints: request.constraints.clone(),
        });
        Ok(Self { request: digest_request(&request, configuration)?, query_id, keys })
    }

    fn subject<'s>(&'s self, cursor: &'s str) -> Subject<'s> {
        Subject::Token { query_id: self.query_id, request: &self.request, cursor }
    }

    fn digest(&self, cursor: &str) -> String {
        let digest = Sha256::new().chain_update(self.request).chain_update(cursor).finalize();
        URL_SAFE_NO_PAD.encode_to_string(&digest[..16])
    }

    /// Encodes a cursor as a page token.
    pub(crate) fn encode_token(&self, cursor: &Cursor) -> String {
        let proof = match self.keys {
            Some(keys) => keys.seal(&self.subject(&cursor.0)),
            None => self.digest(&cursor.0),
        };
        let token = Token { c: cursor.0.clone(), b: proof };
        let json = serde_json::to_vec(&token).expect("two texts make a JSON object");
        URL_SAFE_NO_PAD.encode_to_string(json)
    }

    /// Decodes the cursor of a page token.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a token of another request or configuration, or one that was edited.
    pub(crate) fn decode_token(&self, token: &str, context: &Context) -> Result<Cursor> {
        let json = URL_SAFE_NO_PAD.decode_to_vec(token).unwrap_or_default();
        // A token of another form is refused like one without a seal.
        let token: Token = serde_json::from_slice(&json).unwrap_or_default();
        match self.keys {
            Some(keys) => keys.check(&self.subject(&token.c), Some(&token.b), context)?,
            None if token.b == self.digest(&token.c) => {}
            None => {
                return Err(Error::invalid_input(
                    "the page token does not belong to this request, or the configuration of the \
                     connector has changed since; request the first page again, without a token",
                ));
            }
        }
        Ok(Cursor(token.c))
    }
}

/// Digests a request in the SDK's own encoding, which is canonical: fixed member order, sorted
/// maps. Follows it with the configuration of the connector, if it has one.
fn digest_request(request: &Request, configuration: Option<&str>) -> Result<[u8; 32]> {
    let mut digest = Sha256::new().chain_update(request.encode(SerdeVersion::LATEST)?);
    if let Some(configuration) = configuration {
        // Neither is a prefix of a longer request: JSON contains no NUL.
        digest.update([0]);
        digest.update(configuration);
    }
    Ok(digest.finalize().into())
}

/// Removes the metadata of the schema, whose encoding depends on the order of a hash map.
fn without_metadata(batch: &RecordBatch) -> RecordBatch {
    let schema = Schema::new(batch.schema_ref().fields().clone());
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(schema), batch.columns().to_vec(), &options)
        .expect("the columns of a batch fit its own fields")
}

/// Returns an upper bound of the bytes of a token with this cursor.
pub(crate) fn max_token_len(cursor: &Cursor) -> usize {
    // A control character takes six bytes of JSON, three bytes of JSON take four of base64, and the
    // digest and the members take less than 128.
    cursor.0.len() * 8 + 128
}
