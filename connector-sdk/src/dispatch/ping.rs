//! The first message of every conversation.

use athena_protocol::{
    Response, SerdeVersion,
    message::{CAPABILITIES, PingRequest, PingResponse},
};

/// The newest version that is answered in full: of version 6, the query plan is evaluated or
/// refused by name.
const SPOKEN: SerdeVersion = SerdeVersion::V6;

pub(crate) fn ping(source_type: &str, request: &PingRequest) -> Response {
    Response::Ping(PingResponse {
        catalog_name: request.catalog_name.clone(),
        query_id: request.query_id.clone(),
        source_type: Some(source_type.to_owned()),
        capabilities: CAPABILITIES,
        serde_version: SPOKEN.number(),
    })
}
