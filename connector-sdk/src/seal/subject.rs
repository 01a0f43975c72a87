//! Canonical bytes of what is sealed.

use athena_protocol::{EncryptionKey, S3SpillLocation, Split, TableName};
use hmac::Mac;

use super::{Code, SEAL_PROPERTY};

/// Object that a seal covers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// Split of a table, read by a query.
    Split { query_id: &'a str, catalog: &'a str, table: &'a TableName, split: &'a Split },
    /// Page token: the digest of its request and configuration, and the cursor.
    Token { query_id: &'a str, request: &'a [u8; 32], cursor: &'a str },
    /// Query alone.
    Query(&'a str),
}

impl Subject<'_> {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Split { .. } => "split",
            Self::Token { .. } => "page token",
            Self::Query(_) => "query",
        }
    }

    pub(super) fn query_id(&self) -> &str {
        match self {
            Self::Split { query_id, .. } | Self::Token { query_id, .. } | Self::Query(query_id) => {
                query_id
            }
        }
    }

    /// Writes every value with its length in front, so that no two subjects have the same bytes.
    pub(super) fn write(&self, code: &mut Code) {
        text(code, self.name());
        text(code, self.query_id());
        match self {
            Self::Split { catalog, table, split, .. } => {
                text(code, catalog);
                text(code, &table.schema);
                text(code, &table.table);
                location(code, split.spill_location.as_ref());
                key(code, split.encryption_key.as_ref());
                for (name, value) in &split.properties {
                    if name != SEAL_PROPERTY {
                        text(code, name);
                        text(code, value);
                    }
                }
            }
            Self::Token { request, cursor, .. } => {
                bytes(code, *request);
                text(code, cursor);
            }
            Self::Query(_) => {}
        }
    }
}

fn location(code: &mut Code, location: Option<&S3SpillLocation>) {
    code.update(&[u8::from(location.is_some())]);
    let Some(location) = location else { return };
    optional(code, location.bucket.as_deref());
    optional(code, location.key.as_deref());
    code.update(&[u8::from(location.directory)]);
}

fn key(code: &mut Code, key: Option<&EncryptionKey>) {
    code.update(&[u8::from(key.is_some())]);
    let Some(EncryptionKey { key, nonce }) = key else { return };
    bytes(code, key);
    bytes(code, nonce);
}

fn optional(code: &mut Code, value: Option<&str>) {
    code.update(&[u8::from(value.is_some())]);
    text(code, value.unwrap_or_default());
}

fn text(code: &mut Code, value: &str) {
    bytes(code, value.as_bytes());
}

fn bytes(code: &mut Code, value: &[u8]) {
    code.update(&(value.len() as u64).to_be_bytes());
    code.update(value);
}
