//! The ping operation, the first of every conversation and equal in all versions (section 3.2 of
//! the protocol).

use crate::identity::FederatedIdentity;

/// Value of `capabilities` in responses of current connectors; a constant in the Java SDK too.
pub const CAPABILITIES: i32 = 24;

/// Request for the identity of a connector and its serde version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingRequest {
    /// Identity of the caller, if sent.
    pub identity: Option<FederatedIdentity>,
    /// Catalog that the connector is registered as.
    pub catalog_name: String,
    /// ID of the query.
    pub query_id: String,
}

/// Response to [`PingRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// Query ID of the request.
    pub query_id: String,
    /// Name of the connector, free text.
    pub source_type: Option<String>,
    /// [`CAPABILITIES`] for current connectors.
    pub capabilities: i32,
    /// Highest serde version that the connector speaks; 1 if the peer omits it.
    pub serde_version: i32,
}
