//! The first message of every conversation.

use athena_protocol::{
    Response, SerdeVersion,
    message::{CAPABILITIES, PingRequest, PingResponse},
};

/// The newest version that is answered in full.
///
/// Version 6 is read and written, but it lets a query arrive as a Substrait plan, which nothing here evaluates; an engine that
/// is told 5 sends the same predicate as value sets and expressions. A plan that comes all the same is a superset hint: no
/// row is removed because of it, and a limit or an order beside it is refused, since those count the rows it leaves.
const SPOKEN: SerdeVersion = SerdeVersion::V5;

pub(crate) fn ping(source_type: &str, request: &PingRequest) -> Response {
    Response::Ping(PingResponse {
        catalog_name: request.catalog_name.clone(),
        query_id: request.query_id.clone(),
        source_type: Some(source_type.to_owned()),
        capabilities: CAPABILITIES,
        serde_version: SPOKEN.number(),
    })
}
