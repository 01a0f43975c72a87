//! A parsed policy statement.

use super::condition::Condition;

/// A policy statement in normalized form.
///
/// Statements compare equal if they have the same meaning: values are sorted, a single value equals
/// a list of one, and an account ID equals the ARN of the account root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// `Sid`, if set and not empty.
    pub sid: Option<String>,
    /// `Effect`.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`; `None` in identity-based policies, which apply to the
    /// identity that they are attached to.
    pub principals: Option<Principals>,
    /// `Action` or `NotAction`.
    pub actions: PatternSet,
    /// `Resource` or `NotResource`; `None` in the trust policy of a role, which applies to that
    /// role.
    pub resources: Option<PatternSet>,
    /// Conditions, sorted; all of them have to hold.
    pub conditions: Vec<Condition>,
}

/// The effect of a statement that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows the request.
    Allow,
    /// Denies the request, overriding every `Allow`.
    Deny,
}

/// The patterns of an `Action` or `Resource` element, or of its negation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternSet {
    /// True for `NotAction` and `NotResource`.
    pub negated: bool,
    /// Patterns, sorted.
    pub patterns: Vec<String>,
}

/// The principals of a `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principals {
    /// True for `NotPrincipal`.
    pub negated: bool,
    /// Principals, sorted.
    pub members: Vec<Principal>,
}

/// A principal in a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// `*`: everyone, including anonymous callers.
    Everyone,
    /// An account, written as its ID or as the ARN of its root.
    Account(String),
    /// ARN of a role, user or session, or the unique ID of a deleted role or user.
    Arn(String),
    /// An AWS service or a federated provider: never the principal of a query.
    Other(String),
}

impl Statement {
    /// Returns the quoted `Sid`, or the 1-based `position` in the document if there is none.
    pub fn label(&self, position: usize) -> String {
        match &self.sid {
            Some(sid) => format!("{sid:?}"),
            None => format!("number {position}"),
        }
    }
}
