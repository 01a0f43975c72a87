//! `Ping`: the first message of every conversation.

use athena_protocol::{
    Response, SerdeVersion,
    message::{CAPABILITIES, PingRequest, PingResponse},
};

/// Newest version that is supported in full: query plans of version 6 are evaluated, or rejected
/// with the name of the unsupported part.
const SUPPORTED: SerdeVersion = SerdeVersion::V6;

pub(crate) fn ping(source_type: &str, request: &PingRequest) -> Response {
    Response::Ping(PingResponse {
        catalog_name: request.catalog_name.clone(),
        query_id: request.query_id.clone(),
        source_type: Some(source_type.to_owned()),
        capabilities: CAPABILITIES,
        serde_version: SUPPORTED.number(),
    })
}
