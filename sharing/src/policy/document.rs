//! Parser of policy documents.

use serde_json::{Map, Value as Json};
use thiserror::Error;

use super::{
    condition::Condition,
    statement::{Effect, PatternSet, Principal, Principals, Statement},
};

/// Error of a document that is not a valid policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid policy document: {reason}")]
pub struct InvalidPolicy {
    reason: String,
}

impl From<serde_json::Error> for InvalidPolicy {
    fn from(error: serde_json::Error) -> Self {
        Self { reason: error.to_string() }
    }
}

/// Parses a policy document into its statements, in document order.
///
/// A single value is accepted for a list of one, a single statement object for a list, and numbers
/// and Booleans for strings. Elements without influence on evaluation, such as `Version` and `Id`,
/// are ignored.
///
/// # Errors
///
/// [`InvalidPolicy`] if `text` is not JSON, has no `Statement`, or a statement has no valid
/// `Effect`, no `Action`, or a malformed `Condition`.
///
/// # Examples
///
/// ```
/// let policy = r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#;
/// assert_eq!(athena_sharing::policy::parse(policy)?.len(), 1);
/// # Ok::<(), athena_sharing::policy::InvalidPolicy>(())
/// ```
pub fn parse(text: &str) -> Result<Vec<Statement>, InvalidPolicy> {
    let document: Json = serde_json::from_str(text)?;
    let statements = match document.get("Statement") {
        Some(Json::Array(list)) => list.iter().collect(),
        Some(one @ Json::Object(_)) => vec![one],
        Some(_) | None => return Err(InvalidPolicy { reason: "no Statement element".to_owned() }),
    };
    let mut parsed = Vec::with_capacity(statements.len());
    for (at, json) in statements.into_iter().enumerate() {
        parsed.push(
            statement(json).map_err(|fault| InvalidPolicy {
                reason: format!("statement {} {fault}", at + 1),
            })?,
        );
    }
    Ok(parsed)
}

fn statement(json: &Json) -> Result<Statement, &'static str> {
    let object = json.as_object().ok_or("is not an object")?;
    let effect = match object.get("Effect").and_then(Json::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        Some(_) | None => return Err("has no Effect of Allow or Deny"),
    };
    Ok(Statement {
        sid: object
            .get("Sid")
            .and_then(Json::as_str)
            .filter(|sid| !sid.is_empty())
            .map(str::to_owned),
        effect,
        principals: match (object.get("Principal"), object.get("NotPrincipal")) {
            (Some(json), _) => Some(principals(json, false)),
            (None, Some(json)) => Some(principals(json, true)),
            (None, None) => None,
        },
        actions: pattern_set(object, "Action", "NotAction").ok_or("has no Action")?,
        resources: pattern_set(object, "Resource", "NotResource"),
        conditions: conditions(object.get("Condition"))
            .ok_or("has a Condition that is not a map of operators to keys")?,
    })
}

fn pattern_set(object: &Map<String, Json>, name: &str, negated: &str) -> Option<PatternSet> {
    let (json, negated) = match (object.get(name), object.get(negated)) {
        (Some(json), _) => (json, false),
        (None, Some(json)) => (json, true),
        (None, None) => return None,
    };
    Some(PatternSet { negated, patterns: sorted_strings(json) })
}

fn principals(json: &Json, negated: bool) -> Principals {
    let mut members = Vec::new();
    match json {
        Json::Object(kinds) => {
            for (kind, values) in kinds {
                for value in sorted_strings(values) {
                    members.push(if kind == "AWS" {
                        principal(value)
                    } else {
                        Principal::Other(value)
                    });
                }
            }
        }
        other => members.extend(sorted_strings(other).into_iter().map(principal)),
    }
    members.sort_unstable();
    Principals { negated, members }
}

fn principal(value: String) -> Principal {
    if value == "*" {
        return Principal::Everyone;
    }
    let account =
        value.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next()).unwrap_or(&value);
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Principal::Account(account.to_owned());
    }
    Principal::Arn(value)
}

/// Returns `None` if the conditions are malformed: skipping a condition would allow too much.
fn conditions(json: Option<&Json>) -> Option<Vec<Condition>> {
    let mut conditions = Vec::new();
    let Some(json) = json else {
        return Some(conditions);
    };
    for (operator, keys) in json.as_object()? {
        for (key, values) in keys.as_object()? {
            conditions.push(Condition {
                operator: operator.clone(),
                key: key.clone(),
                values: sorted_strings(values),
            });
        }
    }
    conditions.sort_unstable();
    Some(conditions)
}

/// Returns a single value or a list as sorted strings: their order carries no meaning.
fn sorted_strings(json: &Json) -> Vec<String> {
    let mut strings: Vec<String> = match json {
        Json::Array(list) => list.iter().map(to_string).collect(),
        one => vec![to_string(one)],
    };
    strings.sort_unstable();
    strings
}

fn to_string(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equivalent_spellings_of_a_statement_parse_to_equal_statements() {
        let short = r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"},
            "Action": "s3:GetObject", "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": true}}}}"#;
        let long = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": ["*"],
            "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}, "Action": ["s3:GetObject"],
            "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}}]}"#;
        assert_eq!(parse(short).unwrap(), parse(long).unwrap());
    }

    #[test]
    fn both_spellings_of_everyone_are_recognized_and_a_service_is_not_everyone() {
        let members = |principal: &str| {
            let text = format!(
                r#"{{"Statement": [
                    {{"Effect": "Deny", "Principal": {principal}, "Action": "*"}}]}}"#
            );
            parse(&text).unwrap()[0].principals.clone().unwrap().members
        };
        assert_eq!(members(r#""*""#), [Principal::Everyone]);
        assert_eq!(members(r#"{"AWS": "*"}"#), [Principal::Everyone]);
        assert_eq!(
            members(r#"{"Service": "athena.amazonaws.com"}"#),
            [Principal::Other("athena.amazonaws.com".into())]
        );
    }

    #[test]
    fn an_invalid_policy_is_refused_with_the_number_of_the_statement() {
        for (text, word) in [
            ("// comment", "line 1"),
            ("{}", "Statement"),
            (r#"{"Statement": [{"Effect": "allow", "Action": "*"}]}"#, "statement 1 has no Effect"),
            (r#"{"Statement": [{"Effect": "Allow"}]}"#, "statement 1 has no Action"),
            (
                r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Condition": ["Bool"]}]}"#,
                "statement 1 has a Condition",
            ),
            (
                r#"{"Statement": [
                    {"Effect": "Allow", "Action": "*", "Condition": {"Bool": "x"}}]}"#,
                "Condition",
            ),
        ] {
            assert!(parse(text).unwrap_err().to_string().contains(word), "{text}");
        }
    }
}
