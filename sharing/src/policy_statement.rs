//! Statements written by grants.

use serde::Serialize;
use serde_json::{Value as Json, json};

/// A statement to write into a policy, serialized in the order of the IAM reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyStatement {
    /// `Sid`, stable for a function and consumer.
    pub sid: String,
    pub(crate) effect: &'static str,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub(crate) principal: Json,
    pub(crate) action: Json,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub(crate) resource: Json,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub(crate) not_resource: Json,
    #[serde(skip_serializing_if = "is_empty")]
    pub(crate) condition: Json,
}

/// Returns whether a condition is null or has no operators.
pub(crate) fn is_empty(condition: &Json) -> bool {
    condition.as_object().is_none_or(serde_json::Map::is_empty)
}

impl PolicyStatement {
    /// Creates a statement for an identity-based policy that allows `action` on `resource`.
    pub fn allow(sid: &str, action: &str, resource: &str) -> Self {
        Self::allow_json(sid, json!(action), json!(resource))
    }

    pub(crate) fn allow_json(sid: impl Into<String>, action: Json, resource: Json) -> Self {
        Self {
            sid: sid.into(),
            effect: "Allow",
            principal: Json::Null,
            action,
            resource,
            not_resource: Json::Null,
            condition: Json::Null,
        }
    }

    /// Returns whether the statement allows `action`, by name and not by wildcard.
    pub fn allows(&self, action: &str) -> bool {
        let is_named = match &self.action {
            Json::Array(actions) => actions.iter().any(|named| named == action),
            single => single == action,
        };
        is_named && self.effect == "Allow"
    }

    /// Returns the statement as compact JSON.
    #[expect(clippy::missing_panics_doc, reason = "serialization cannot fail")]
    pub fn compact(&self) -> String {
        serde_json::to_string(self).expect("strings and maps with string keys are JSON")
    }

    /// Returns the statement as indented JSON.
    #[expect(clippy::missing_panics_doc, reason = "serialization cannot fail")]
    pub fn pretty(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings and maps with string keys are JSON")
    }
}

/// Returns a policy document of `statements` as indented JSON.
#[expect(clippy::missing_panics_doc, reason = "serialization cannot fail")]
pub fn document(statements: &[PolicyStatement]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Document<'a> {
        version: &'static str,
        statement: &'a [PolicyStatement],
    }
    let document = Document { version: "2012-10-17", statement: statements };
    serde_json::to_string_pretty(&document).expect("strings and maps with string keys are JSON")
}
