//! Who is said to ask.

use std::collections::BTreeMap;

/// The identity that the caller of a function puts into its requests.
///
/// Nothing on the wire proves it: it is what the caller *claims*, and only a deployment that lets nobody but Athena
/// invoke the function makes it true. See section 3.1 of the protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FederatedIdentity {
    /// AWS account id of the caller.
    pub account: Option<String>,
    /// ARN of the caller.
    pub arn: Option<String>,
    /// Principal tags of the caller.
    pub tags: BTreeMap<String, Option<String>>,
    /// IAM groups of the caller.
    pub groups: Vec<Option<String>>,
    /// Settings that travel with the request, such as `fas_token`. Empty for plain Lambda connectors.
    pub config_options: BTreeMap<String, Option<String>>,
}
