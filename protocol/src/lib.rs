//! The wire of Amazon Athena federated queries: what the engine sends to a connector and what a
//! connector answers.
//!
//! Bytes in, values out, bytes out: no I/O, no async, no AWS client. [`Request::decode`] reads
//! leniently (any member order, unknown members ignored, serde versions 2 to 6, both Arrow
//! framings); [`Request::encode`] and [`Response::encode`] write strictly (the member order that
//! Java peers insist on, the version asked for).
//!
//! | Module | Holds |
//! |---|---|
//! | [`message`] | every request and response |
//! | [`predicate`] | what [`Constraints`] carry: value sets, expressions, order, limit, plan |
//! | [`block`] | Arrow schemas and batches as the wire frames them |
//! | [`timestamp_tz`] | the packed form of `TIMESTAMP WITH TIME ZONE` |
//! | [`error`] | error kinds, their wire codes, and the function-error document of Lambda |

pub mod block;
pub mod error;
pub mod message;
pub mod predicate;
pub mod timestamp_tz;

mod data_type;
mod identity;
mod json;
mod limits;
mod split;
mod version;
mod wire_block;

pub use error::{Error, ErrorKind, Result};
pub use identity::FederatedIdentity;
pub use limits::{MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES};
pub use message::{Request, Response, TableName};
pub use predicate::Constraints;
pub use split::{EncryptionKey, S3SpillLocation, Split};
pub use version::SerdeVersion;
