//! Ping: the first message of every conversation, frozen in all versions (section 3.2 of the
//! protocol).

use crate::identity::FederatedIdentity;

/// The `capabilities` number that current connectors answer; a constant to this SDK as to the Java
/// one.
pub const CAPABILITIES: i32 = 24;

/// Asks a connector what it is and which serde version it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingRequest {
    /// Who asks.
    pub identity: Option<FederatedIdentity>,
    /// Catalog that the function is registered as.
    pub catalog_name: String,
    /// Query that asks.
    pub query_id: String,
}

/// Answers a ping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// Query of the request.
    pub query_id: String,
    /// Free text that names the connector.
    pub source_type: Option<String>,
    /// [`CAPABILITIES`].
    pub capabilities: i32,
    /// Highest serde version that the connector speaks; 1 where a peer left it out.
    pub serde_version: i32,
}
