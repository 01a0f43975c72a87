//! Limits of Lambda's `AddPermission`, which writes function policies statement by statement.

use serde_json::{Value as Json, json};

use crate::{
    arn::FunctionArn,
    policy::{Condition, Effect, parse},
    policy_statement::is_empty,
};

/// Condition keys that `AddPermission` can write, in lower case.
const CONDITION_KEYS: [&str; 3] = ["aws:principalorgid", "aws:sourcearn", "aws:sourceaccount"];

/// Returns whether `AddPermission` could have written every statement of a function policy, so that
/// `RemovePermission` can remove them.
///
/// Returns `false` if `document` is not a policy.
pub fn could_have_written(document: &str) -> bool {
    let is_writable = |condition: &Condition| {
        CONDITION_KEYS.contains(&condition.key.to_ascii_lowercase().as_str())
    };
    parse(document).is_ok_and(|statements| {
        statements.iter().all(|statement| {
            statement.effect == Effect::Allow && statement.conditions.iter().all(is_writable)
        })
    })
}

/// Returns whether `AddPermission` on `function` writes exactly `statement`.
///
/// Such a statement has a `Sid` and either one principal or everyone of one organization. Any other
/// statement would be broader when it is restored after its removal.
pub fn can_express(statement: &str, function: &FunctionArn) -> bool {
    let Ok(Json::Object(mut statement)) = serde_json::from_str(statement) else {
        return false;
    };
    let principal = statement.remove("Principal").unwrap_or_default();
    let condition = statement.remove("Condition").unwrap_or_default();
    let has_sid = statement.remove("Sid").is_some_and(|sid| sid.is_string());
    let others = json!({
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": function.to_string(),
    });
    let is_expressible_principal = if is_empty(&condition) {
        let arn = &principal["AWS"];
        arn.is_string() && arn != "*" && principal == json!({ "AWS": arn })
    } else {
        let id = &condition["StringEquals"]["aws:PrincipalOrgID"];
        let is_organization =
            id.is_string() && condition == json!({ "StringEquals": { "aws:PrincipalOrgID": id } });
        is_organization && (principal == "*" || principal == json!({ "AWS": "*" }))
    };
    is_expressible_principal && has_sid && Json::Object(statement) == others
}
