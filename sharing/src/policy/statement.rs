//! One statement of a policy.

use super::condition::Condition;

/// One statement, with every list spelled out.
///
/// Two statements are equal if they mean the same word for word: the order of values, one value in
/// place of a list of one, and an account's number in place of its root do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whom it is about; `None` in the policies of a principal, which are about that principal.
    pub principals: Option<Principals>,
    /// What may be done, or may not.
    pub actions: Names,
    /// On what; `None` in the trust policy of a role, which is about that role.
    pub resources: Option<Names>,
    /// All of them have to hold.
    pub conditions: Vec<Condition>,
}

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever other statements allow.
    Deny,
}

/// Patterns of which one has to match, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Whether the element is `NotAction` or `NotResource`.
    pub negated: bool,
    /// The patterns, sorted.
    pub patterns: Vec<String>,
}

/// Whom a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principals {
    /// Whether the element is `NotPrincipal`.
    pub negated: bool,
    /// The principals, sorted.
    pub members: Vec<Principal>,
}

/// One principal as a policy names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// `*`: everybody, with an account or without.
    Everybody,
    /// An account, written as its number or as the ARN of its root.
    Account(String),
    /// A role, a user, a session, or the opaque number of a role that was deleted.
    Arn(String),
    /// A service of AWS or a federated provider: never the principal of a query.
    Other(String),
}

impl Statement {
    /// What to call it: its `Sid`, or its place in the document, counted from 1.
    pub fn label(&self, place: usize) -> String {
        match &self.sid {
            Some(sid) => format!("{sid:?}"),
            None => format!("number {place}"),
        }
    }
}
