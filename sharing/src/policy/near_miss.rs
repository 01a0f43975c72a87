//! Statements that do not apply to a request, with the reasons.

use std::fmt;

use super::{condition::Condition, context::Value, pattern::has_variable};

/// A statement that does not apply, or possibly does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// Label of the statement.
    pub label: String,
    /// Every reason why it does not apply.
    pub reasons: Vec<Reason>,
}

/// Reason why a statement does not apply, or possibly does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Another action.
    Action,
    /// Other principals.
    Principal(Vec<String>),
    /// Other resources.
    Resource(Vec<String>),
    /// A condition that does not hold, or possibly not, with this value of its key.
    Condition(Condition, Value),
    /// A session of the role, or everyone except the role: the session of the caller is unknown.
    Session,
    /// A policy that could not be read.
    Unreadable,
}

impl NearMiss {
    /// Returns whether a reason depends on the value of the condition key `key`.
    pub fn depends_on(&self, key: &str) -> bool {
        self.reasons.iter().any(|reason| match reason {
            Reason::Condition(condition, _) => condition.depends_on(key),
            Reason::Resource(patterns) => patterns.iter().any(|text| has_variable(text, key)),
            Reason::Action | Reason::Principal(_) | Reason::Session | Reason::Unreadable => false,
        })
    }

    /// Returns all reasons as text, separated by semicolons.
    pub fn describe_reasons(&self) -> String {
        let reasons: Vec<_> = self.reasons.iter().map(ToString::to_string).collect();
        reasons.join("; ")
    }
}

/// Writes a clause such as `statement "Read" comes closest: its resource is ...`.
impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} comes closest: {}", self.label, self.describe_reasons())
    }
}

/// Writes a clause about the statement, such as `its resource is ...`.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action => f.write_str("it applies to other actions"),
            Self::Principal(members) => write_principals(members, f),
            Self::Resource(patterns) => write!(f, "its resource is {}", patterns.join(", ")),
            Self::Condition(condition, value) => {
                let Condition { operator, key, values } = condition;
                let values = values.join(" or ");
                write!(f, "its condition {operator} on {key} requires {values}")?;
                match value {
                    Value::Present(actual) => write!(f, ", but it is {}", actual.join(", ")),
                    Value::Absent => write!(f, ", but the request has no {key}"),
                    Value::Unknown => f.write_str(", and its value cannot be determined"),
                }
            }
            Self::Session => f.write_str("it depends on the session of the role"),
            Self::Unreadable => f.write_str("it could not be read"),
        }
    }
}

fn write_principals(members: &[String], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "its principal is {}", members.join(", "))?;
    if members.iter().any(|member| is_unique_id(member)) {
        f.write_str(" (the unique ID of a deleted role or user)")?;
    }
    if members.iter().any(|member| member.len() > 1 && member.contains('*')) {
        f.write_str(" (principals cannot contain wildcards; use a condition on aws:PrincipalArn)")?;
    }
    Ok(())
}

/// Returns whether `principal` is a unique ID, which replaces the ARN of a role or user in policies
/// after its deletion.
fn is_unique_id(principal: &str) -> bool {
    (principal.starts_with("AROA") || principal.starts_with("AIDA")) && !principal.contains(':')
}
