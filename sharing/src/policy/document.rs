//! From the text of a policy to its statements.

use serde_json::{Map, Value as Json};
use thiserror::Error;

use super::{
    condition::Condition,
    statement::{Effect, Names, Principal, Principals, Statement},
};

/// A text that is no policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("this is not a policy: {fault}")]
pub struct InvalidPolicy {
    fault: String,
}

/// The statements of `text`, in order.
///
/// One value may stand for a list of one, the only statement need not be in a list, numbers and
/// truths may stand for texts, and elements that mean nothing here, such as `Version` and `Id`, may
/// be there or not.
///
/// # Errors
///
/// If it is not JSON, or a statement lacks an effect or an action.
///
/// ```
/// let policy = r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#;
/// assert_eq!(athena_sharing::policy::parse(policy)?.len(), 1);
/// # Ok::<(), athena_sharing::policy::InvalidPolicy>(())
/// ```
pub fn parse(text: &str) -> Result<Vec<Statement>, InvalidPolicy> {
    let document: Json =
        serde_json::from_str(text).map_err(|error| InvalidPolicy { fault: error.to_string() })?;
    let statements = match document.get("Statement") {
        Some(Json::Array(list)) => list.iter().collect(),
        Some(one @ Json::Object(_)) => vec![one],
        Some(_) | None => return Err(InvalidPolicy { fault: "it has no Statement".to_owned() }),
    };
    let mut parsed = Vec::with_capacity(statements.len());
    for (at, json) in statements.into_iter().enumerate() {
        let fault = |what| InvalidPolicy { fault: format!("statement {} {what}", at + 1) };
        let object = json.as_object().ok_or_else(|| fault("is no object"))?;
        parsed.push(statement(object).map_err(fault)?);
    }
    Ok(parsed)
}

fn statement(object: &Map<String, Json>) -> Result<Statement, &'static str> {
    let effect = match object.get("Effect").and_then(Json::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        Some(_) | None => return Err("has no Effect that is Allow or Deny"),
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
        actions: names(object, "Action", "NotAction").ok_or("has no Action")?,
        resources: names(object, "Resource", "NotResource"),
        conditions: conditions(object.get("Condition"))
            .ok_or("has a Condition that is no map of operators and keys")?,
    })
}

fn names(object: &Map<String, Json>, name: &str, negated: &str) -> Option<Names> {
    let (json, negated) = match (object.get(name), object.get(negated)) {
        (Some(json), _) => (json, false),
        (None, Some(json)) => (json, true),
        (None, None) => return None,
    };
    Some(Names { negated, patterns: texts(json) })
}

fn principals(json: &Json, negated: bool) -> Principals {
    let mut members = Vec::new();
    match json {
        Json::Object(kinds) => {
            for (kind, values) in kinds {
                for value in texts(values) {
                    members.push(if kind == "AWS" {
                        principal(value)
                    } else {
                        Principal::Other(value)
                    });
                }
            }
        }
        other => members.extend(texts(other).into_iter().map(principal)),
    }
    members.sort_unstable();
    Principals { negated, members }
}

fn principal(value: String) -> Principal {
    if value == "*" {
        return Principal::Everybody;
    }
    let account =
        value.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next()).unwrap_or(&value);
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Principal::Account(account.to_owned());
    }
    Principal::Arn(value)
}

/// Nothing if they cannot be understood: a condition that is overlooked would allow too much.
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
                values: texts(values),
            });
        }
    }
    conditions.sort_unstable();
    Some(conditions)
}

/// The values of one or a list, sorted: their order means nothing.
fn texts(json: &Json) -> Vec<String> {
    let mut texts: Vec<String> = match json {
        Json::Array(list) => list.iter().map(text).collect(),
        one => vec![text(one)],
    };
    texts.sort_unstable();
    texts
}

fn text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_a_list_of_one_an_account_and_its_root_are_the_same() {
        let short = r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject",
            "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": true}}}}"#;
        let long = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": ["*"],
            "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}, "Action": ["s3:GetObject"],
            "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}}]}"#;
        assert_eq!(parse(short).unwrap(), parse(long).unwrap());
    }

    #[test]
    fn everybody_is_written_in_two_ways_and_a_service_is_not_among_them() {
        let of = |principal: &str| {
            let text = format!(
                r#"{{"Statement": [{{"Effect": "Deny", "Principal": {principal}, "Action": "*"}}]}}"#
            );
            parse(&text).unwrap()[0].principals.clone().unwrap().members
        };
        assert_eq!(of(r#""*""#), [Principal::Everybody]);
        assert_eq!(of(r#"{"AWS": "*"}"#), [Principal::Everybody]);
        assert_eq!(
            of(r#"{"Service": "athena.amazonaws.com"}"#),
            [Principal::Other("athena.amazonaws.com".into())]
        );
    }

    #[test]
    fn what_is_no_policy_says_which_statement_is_wrong() {
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
                r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Condition": {"Bool": "x"}}]}"#,
                "Condition",
            ),
        ] {
            assert!(parse(text).unwrap_err().to_string().contains(word), "{text}");
        }
    }
}
