//! Grants found in a policy.

use super::{
    Error,
    arn::FunctionArn,
    consumer::Consumer,
    grant::StatementKind,
    policy::{self, Principal},
    policy_change::PolicyTarget,
    policy_edit,
};

/// Condition keys that identify the consumer of a grant, in lower case.
const CALLER_KEYS: [&str; 2] = ["aws:principalarn", "aws:principalorgid"];

/// Returns the `Sid` suffixes of all grants of `function` in `document`, in document order and
/// without duplicates.
///
/// A function policy contains only grants of that function. The policy of a bucket or key can have
/// grants of other functions: a statement counts if its `Sid` has the suffix that `function` gives
/// to a consumer named in the statement.
///
/// # Errors
///
/// [`ErrorKind::InvalidPolicy`](crate::ErrorKind::InvalidPolicy) if `document` is not a policy.
pub fn sid_suffixes(
    target: PolicyTarget,
    document: &str,
    function: &FunctionArn,
) -> Result<Vec<String>, Error> {
    let mut suffixes: Vec<String> = Vec::new();
    for sid in policy_edit::sids(document)? {
        let Some(suffix) = suffix_of(&sid) else {
            continue;
        };
        let is_own = target == PolicyTarget::Function || {
            let statement = policy_edit::find_statement(document, &sid)?.unwrap_or_default();
            consumers(statement).iter().any(|consumer| consumer.sid_suffix(function) == suffix)
        };
        if is_own && !suffixes.iter().any(|known| known == suffix) {
            suffixes.push(suffix.to_owned());
        }
    }
    Ok(suffixes)
}

fn suffix_of(sid: &str) -> Option<&str> {
    StatementKind::ALL.iter().find_map(|kind| sid.strip_prefix(&kind.sid_prefix()))
}

/// Returns every possible consumer of a statement: its principals, and those in its conditions.
fn consumers(statement: &str) -> Vec<Consumer> {
    let document = format!(r#"{{"Statement":[{statement}]}}"#);
    let mut names = Vec::new();
    for statement in policy::parse(&document).unwrap_or_default() {
        for member in statement.principals.into_iter().flat_map(|principals| principals.members) {
            match member {
                Principal::Account(name) | Principal::Arn(name) => names.push(name),
                Principal::Everyone | Principal::Other(_) => {}
            }
        }
        for condition in statement.conditions {
            if CALLER_KEYS.contains(&condition.key.to_ascii_lowercase().as_str()) {
                names.extend(condition.values);
            }
        }
    }
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        grant::{Grant, SharedFunction, SpillLocation},
        policy_statement::document,
    };

    fn shared(function: &str) -> SharedFunction {
        let function =
            format!("arn:aws:lambda:us-east-1:444455556666:function:{function}").parse().unwrap();
        let key = Some("arn:aws:kms:us-east-1:444455556666:key/1".to_owned());
        let spill = SpillLocation { bucket: "spill".to_owned(), prefix: "athena".to_owned(), key };
        SharedFunction { function, spill: Some(spill) }
    }

    #[test]
    fn a_grant_is_found_in_each_policy_by_itself() {
        let shop = shared("shop");
        let other = shared("other");
        for to in [
            "arn:aws:iam::111122223333:role/team/Analyst",
            "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/\
             AWSReservedSSO_Analyst_*",
            "111122223333",
            "o-example12345",
        ] {
            for organization in [None, Some("o-example12345".to_owned())] {
                let grant = Grant {
                    consumer: to.parse().unwrap(),
                    organization,
                    through_athena: true,
                    by_add_permission: false,
                };
                for (target, statements) in [
                    (PolicyTarget::Function, grant.function_policy(&shop)),
                    (PolicyTarget::Bucket, grant.bucket_policy(&shop)),
                    (PolicyTarget::Key, grant.key_policy(&shop)),
                ] {
                    assert_eq!(
                        sid_suffixes(target, &document(&statements), &shop.function).unwrap(),
                        [grant.consumer.sid_suffix(&shop.function)],
                        "{target:?} {to}"
                    );
                }
                // Functions can share a spill bucket, and grants of the other one stay.
                let others = document(&grant.bucket_policy(&other));
                let found = sid_suffixes(PolicyTarget::Bucket, &others, &shop.function).unwrap();
                assert!(found.is_empty(), "{to}");
            }
        }
    }

    #[test]
    fn statements_of_other_origin_are_not_grants() {
        let shop = shared("shop").function;
        let text = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*"},
            {"Sid":"AthenaShareRead0","Effect":"Allow",
                "Principal":{"AWS":"111122223333"},"Action":"s3:GetObject"},
            {"Sid":"AthenaShareOther","Effect":"Allow",
                "Principal":{"AWS":"111122223333"},"Action":"s3:GetObject"}]}"#;
        assert!(sid_suffixes(PolicyTarget::Bucket, text, &shop).unwrap().is_empty());
        assert!(sid_suffixes(PolicyTarget::Bucket, "[]", &shop).is_err());
    }
}
