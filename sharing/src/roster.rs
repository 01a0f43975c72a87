//! With whom a function is shared, as its policies say it.

use super::{
    amendment,
    arn::FunctionArn,
    consumer::Consumer,
    plan::Place,
    policy::{self, Principal},
    terms::{KINDS, SID_PREFIX},
};

/// What ends the `Sid` of every statement in `document` that shares `function`, in order.
///
/// The policy of a function is about that function alone. In those of a bucket or key there may be
/// shares of others, so that a statement counts only if its name is the one that this function
/// gives it: the consumer is read from what it says.
///
/// # Errors
///
/// If the document is not a policy.
pub fn tags(place: Place, document: &str, function: &FunctionArn) -> anyhow::Result<Vec<String>> {
    let mut tags = Vec::new();
    for sid in amendment::sids(document)? {
        let Some(tag) = tag_of(&sid) else {
            continue;
        };
        let is_own = place == Place::Function || {
            let statement = amendment::find(document, &sid)?.unwrap_or_default();
            consumers(statement).iter().any(|consumer| consumer.tag(&function.to_string()) == tag)
        };
        if is_own && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    Ok(tags)
}

fn tag_of(sid: &str) -> Option<&str> {
    let rest = sid.strip_prefix(SID_PREFIX)?;
    KINDS.iter().find_map(|kind| rest.strip_prefix(kind))
}

/// Everybody with whom a statement may share: each principal, and each that a condition names.
fn consumers(statement: &str) -> Vec<Consumer> {
    let document = format!(r#"{{"Statement":[{statement}]}}"#);
    let mut named = Vec::new();
    for statement in policy::parse(&document).unwrap_or_default() {
        for member in statement.principals.into_iter().flat_map(|principals| principals.members) {
            match member {
                Principal::Account(name) | Principal::Arn(name) => named.push(name),
                Principal::Everybody | Principal::Other(_) => {}
            }
        }
        let keys = ["aws:principalarn", "aws:principalorgid"];
        let conditions = statement.conditions.into_iter();
        let of_callers = conditions
            .filter(|condition| keys.contains(&condition.key.to_ascii_lowercase().as_str()));
        named.extend(of_callers.flat_map(|condition| condition.values));
    }
    named.iter().filter_map(|name| name.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::{Shared, Spill, Terms, document};

    fn shared(function: &str) -> Shared {
        let function =
            format!("arn:aws:lambda:us-east-1:444455556666:function:{function}").parse().unwrap();
        let key = Some("arn:aws:kms:us-east-1:444455556666:key/1".to_owned());
        Shared {
            function,
            spill: Some(Spill { bucket: "spill".to_owned(), prefix: "athena".to_owned(), key }),
        }
    }

    fn terms(to: &str, organization: Option<&str>) -> Terms {
        let organization = organization.map(str::to_owned);
        Terms {
            consumer: to.parse().unwrap(),
            organization,
            through_athena: true,
            by_permission: false,
        }
    }

    #[test]
    fn whoever_is_in_one_policy_alone_is_found_there() {
        let (shop, other) = (shared("shop"), shared("other"));
        for to in [
            "arn:aws:iam::111122223333:role/team/Analyst",
            "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Analyst_*",
            "111122223333",
            "o-example12345",
        ] {
            for organization in [None, Some("o-example12345")] {
                let terms = terms(to, organization);
                let tag = vec![terms.consumer.tag(&shop.function.to_string())];
                for (place, statements) in [
                    (Place::Function, terms.for_function(&shop)),
                    (Place::Bucket, terms.for_bucket(&shop)),
                    (Place::Key, terms.for_key(&shop)),
                ] {
                    assert_eq!(
                        tags(place, &document(&statements), &shop.function).unwrap(),
                        tag,
                        "{place:?} {to}"
                    );
                }
                // Two functions may spill to one bucket, and what another shares stays.
                let of_other = document(&terms.for_bucket(&other));
                assert!(tags(Place::Bucket, &of_other, &shop.function).unwrap().is_empty(), "{to}");
            }
        }
    }

    #[test]
    fn what_share_has_not_written_is_not_on_the_roster() {
        let shop = shared("shop").function;
        let text = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*"},
            {"Sid":"AthenaShareRead0","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject"},
            {"Sid":"AthenaShareOther","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject"}]}"#;
        assert!(tags(Place::Bucket, text, &shop).unwrap().is_empty());
        assert!(tags(Place::Bucket, "[]", &shop).is_err());
    }
}
