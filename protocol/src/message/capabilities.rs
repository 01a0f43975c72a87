//! What a connector evaluates itself (section 3.8 of the protocol). Version 4 and up.

use std::collections::BTreeMap;

use crate::identity::FederatedIdentity;

/// Asks what the connector evaluates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetDataSourceCapabilitiesRequest {
    /// Who asks.
    pub identity: Option<FederatedIdentity>,
    /// Query that asks.
    pub query_id: Option<String>,
    /// Catalog that the function is registered as.
    pub catalog_name: String,
}

/// Answers with optimisation names, each with its sub types. An empty map means no pushdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetDataSourceCapabilitiesResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// Optimisation name, or the signature of a passthrough function, to what it covers.
    pub capabilities: BTreeMap<String, Vec<CapabilitySubType>>,
}

/// One aspect of an optimisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapabilitySubType {
    /// Name, such as `sorted_range_set`.
    pub sub_type: String,
    /// Details, such as function names.
    pub properties: Vec<String>,
}

/// A table function that hands its arguments to the source, such as `system.query(query => '...')`
/// (section 7.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassthroughSignature {
    /// Schema of the function as declared.
    pub schema: String,
    /// Name of the function as declared.
    pub name: String,
    /// Argument names in order.
    pub arguments: Vec<String>,
}
