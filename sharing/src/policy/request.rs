//! A request that policies are evaluated for.

use super::context::Context;

/// A request to evaluate.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// ARN of the calling role or user; for a role session, the ARN of its role.
    pub caller: &'a str,
    /// Action, such as `s3:GetObject`.
    pub action: &'a str,
    /// ARN of the resource; `*` for an action without a resource, which only the pattern `*`
    /// matches.
    pub resource: &'a str,
    /// Condition keys of the request.
    pub context: &'a Context,
}
