//! The wire protocol of Amazon Athena federated queries: requests from the engine, responses from
//! the connector.
//!
//! Bytes in, values out, bytes out: no I/O, no async, no AWS client. [`Request::decode`] is
//! lenient (members in any order, unknown members ignored, serde versions 1 to 6, both Arrow
//! framings). [`Request::encode`] and [`Response::encode`] are strict: they write the member order
//! that Java peers require, in the requested version.
//!
//! | Module | Contents |
//! |---|---|
//! | [`message`] | Requests and responses |
//! | [`predicate`] | [`Constraints`]: value sets, expressions, order, limit, query plan |
//! | [`block`] | Arrow schemas and record batches in their wire framing |
//! | [`timestamp_tz`] | The packed form of `TIMESTAMP WITH TIME ZONE` |
//! | [`error`] | Error kinds, their wire codes, and Lambda's function-error document |
//!
//! ```
//! use athena_protocol::{Request, SerdeVersion, message::ListSchemasRequest};
//!
//! let request = Request::ListSchemas(ListSchemasRequest {
//!     identity: None,
//!     query_id: Some("7f2c".to_owned()),
//!     catalog_name: "sales".to_owned(),
//! });
//! let json = request.encode(SerdeVersion::LATEST)?;
//! assert_eq!(Request::decode(&json)?, (request, SerdeVersion::LATEST));
//! # Ok::<(), athena_protocol::Error>(())
//! ```

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

pub use error::{Error, ErrorKind, OrError, Result};
pub use identity::FederatedIdentity;
pub use limits::{MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, RESPONSE_MARGIN_BYTES, base64_len};
pub use message::{Request, Response, TableName};
pub use predicate::Constraints;
pub use split::{EncryptionKey, S3SpillLocation, Split};
pub use version::SerdeVersion;
