use super::*;
use crate::{
    grant::SpillLocation,
    policy::{Context, Request, decide, parse},
    policy_statement::document,
};

const ROLE: &str = "arn:aws:iam::111122223333:role/Analyst";
const NAMES: [&str; 3] = ["shop", "crm", "sh-op"];

fn connector(name: &str) -> SharedFunction {
    let function = FunctionArn::try_new("aws", "us-east-1", "444455556666", name).unwrap();
    let key = Some(format!("arn:aws:kms:us-east-1:444455556666:key/{name}"));
    let spill = SpillLocation { bucket: format!("spill-{name}"), prefix: "athena".to_owned(), key };
    SharedFunction { function, spill: Some(spill) }
}

fn insert(before: Option<&str>, name: &str) -> Option<String> {
    insert_connector(ROLE, before, &connector(name), true).unwrap().after
}

fn remove(before: Option<&str>, name: &str) -> Option<String> {
    remove_connector(ROLE, before, &connector(name).function).unwrap().after
}

/// Returns the functions that `document` and an administrator's policy let `ROLE` invoke through
/// Athena, and those that `document` alone does.
fn usable(document: Option<&str>) -> [Vec<&'static str>; 2] {
    let administrator = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let own = document.map(|text| parse(text).unwrap()).unwrap_or_default();
    let wide = [own.clone(), parse(administrator).unwrap()].concat();
    let context = Context::default().with("aws:CalledVia", [ATHENA]);
    [wide, own].map(|statements| {
        let mut names = Vec::from(NAMES);
        names.retain(|name| {
            let resource = &connector(name).function.to_string();
            let request = Request {
                caller: ROLE,
                action: "lambda:InvokeFunction",
                resource,
                context: &context,
            };
            decide(&statements, &request).is_allowed()
        });
        names
    })
}

/// Returns every order of the three connectors.
fn orders() -> Vec<[&'static str; 3]> {
    let [a, b, c] = NAMES;
    vec![[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]]
}

#[test]
fn connectors_of_one_role_do_not_deny_each_other_in_any_order_and_after_any_removal() {
    let sorted = |names: &[&'static str]| {
        NAMES.into_iter().filter(|name| names.contains(name)).collect::<Vec<_>>()
    };
    for order in orders() {
        let mut policy = None;
        for count in 1..=3 {
            policy = insert(policy.as_deref(), order[count - 1]);
            let expected = sorted(&order[..count]);
            assert_eq!(usable(policy.as_deref()), [expected.clone(), expected], "{order:?}");
        }
        for removal in orders() {
            let mut rest = policy.clone();
            for count in 1..=2 {
                rest = remove(rest.as_deref(), removal[count - 1]);
                let expected = sorted(&removal[count..]);
                assert_eq!(
                    usable(rest.as_deref()),
                    [expected.clone(), expected],
                    "{order:?}, then without {removal:?}"
                );
            }
            assert_eq!(remove(rest.as_deref(), removal[2]), None);
        }
    }
}

#[test]
fn a_connector_is_inserted_once_and_its_removal_restores_every_byte() {
    let others = r#"{"Version": "2012-10-17",
        "Statement": [{"Sid": "Own", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;
    for before in [None, Some(others)] {
        let one = insert(before, "shop");
        assert_eq!(insert(one.as_deref(), "shop"), one);
        let two = insert(one.as_deref(), "crm");
        assert_eq!(remove(two.as_deref(), "crm"), one);
        assert_eq!(remove(one.as_deref(), "shop").as_deref(), before);
        assert_eq!(remove(one.as_deref(), "crm"), one);
    }
}

#[test]
fn one_statement_denies_other_functions_for_all_connectors() {
    let two = insert(insert(None, "shop").as_deref(), "crm").unwrap();
    assert_eq!(two.matches("\"Deny\"").count(), 1);
    let sids = policy_edit::sids(&two).unwrap();
    let unique: std::collections::HashSet<_> = sids.iter().collect();
    assert_eq!((sids.len(), unique.len()), (9, 9), "{sids:?}");
}

#[test]
fn the_policy_of_a_user_is_smaller_than_that_of_a_role() {
    let user = "arn:aws:iam::111122223333:user/jo";
    let policy = insert(None, "shop");
    let error = insert_connector(user, policy.as_deref(), &connector("crm"), true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PolicyTooLarge);
    assert!(insert_connector(ROLE, policy.as_deref(), &connector("crm"), true).is_ok());
}

#[test]
fn a_deny_statement_without_functions_is_not_overwritten() {
    let text = format!(
        r#"{{"Statement": [{{"Sid": "{}", "Effect": "Deny", "Action": "*", "Resource": "*"}}]}}"#,
        deny_sid()
    );
    let error = insert_connector(ROLE, Some(&text), &connector("shop"), true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPolicy);
}

#[test]
fn the_statements_of_one_connector_are_those_of_its_policy() {
    for through_athena in [true, false] {
        let statements = identity_policy(&connector("shop"), through_athena);
        let change = insert_connector(ROLE, None, &connector("shop"), through_athena).unwrap();
        let merged = insert_connector(
            ROLE,
            Some(&document(&statements)),
            &connector("shop"),
            through_athena,
        );
        assert!(merged.unwrap().is_empty());
        assert_eq!(change.added.len(), statements.len());
    }
}
