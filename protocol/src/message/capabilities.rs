//! The capabilities operation: pushdown that a connector supports (section 3.8 of the protocol).
//! Version 4 and up.

use std::collections::BTreeMap;

use crate::identity::FederatedIdentity;

/// Request for the pushdown capabilities of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetDataSourceCapabilitiesRequest {
    /// Identity of the caller, if sent.
    pub identity: Option<FederatedIdentity>,
    /// ID of the query.
    pub query_id: Option<String>,
    /// Catalog that the connector is registered as.
    pub catalog_name: String,
}

/// Response to [`GetDataSourceCapabilitiesRequest`]. Empty capabilities mean no pushdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetDataSourceCapabilitiesResponse {
    /// Catalog of the request.
    pub catalog_name: String,
    /// Subtypes by the name of an optimization or the signature of a passthrough function.
    pub capabilities: BTreeMap<String, Vec<CapabilitySubType>>,
}

/// A subtype of an optimization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapabilitySubType {
    /// Name, such as `sorted_range_set`.
    pub sub_type: String,
    /// Properties, such as supported functions.
    pub properties: Vec<String>,
}

/// The signature of a table function that passes its arguments to the source, such as
/// `system.query(query => '...')` (section 7.7 of the protocol).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassthroughSignature {
    /// Schema of the function, as declared.
    pub schema: String,
    /// Name of the function, as declared.
    pub name: String,
    /// Argument names in order.
    pub arguments: Vec<String>,
}
