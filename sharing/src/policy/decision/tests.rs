use super::*;
use crate::policy::parse;

const ANALYST: &str = "arn:aws:iam::111122223333:role/team/Analyst";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:444455556666:function:shop";

fn through_athena() -> Context {
    Context::default()
        .with("aws:PrincipalArn", [ANALYST])
        .with("aws:CalledVia", ["athena.amazonaws.com"])
        .without("aws:SourceArn")
}

fn decided(statements: &str, context: &Context) -> Decision {
    let statements = parse(&format!(r#"{{"Statement": [{statements}]}}"#)).unwrap();
    decide(
        &statements,
        &Request { caller: ANALYST, action: "lambda:InvokeFunction", resource: FUNCTION, context },
    )
}

fn allow(principal: &str, more: &str) -> String {
    format!(
        r#"{{"Sid": "S", "Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": "lambda:invokefunction",
            "Resource": "{FUNCTION}" {more}}}"#
    )
}

const DENY_DIRECT: &str = r#"{"Sid": "DenyDirect", "Effect": "Deny", "Principal": "*", "Action": "lambda:*", "Resource": "*",
    "Condition": {"ForAllValues:StringNotEquals": {"aws:CalledVia": "athena.amazonaws.com"}}}"#;

#[test]
fn the_account_the_role_and_everybody_are_the_caller_and_others_are_not() {
    let context = through_athena();
    for (principal, expected) in [
        ("arn:aws:iam::111122223333:root", true),
        ("111122223333", true),
        (ANALYST, true),
        ("*", true),
        ("arn:aws:iam::111122223333:role/Analyst", false),
        ("arn:aws:iam::111122223333:role/team/*", false),
        ("222233334444", false),
        ("AROAEXAMPLEEXAMPLE", false),
    ] {
        assert_eq!(decided(&allow(principal, ""), &context).is_allowed(), expected, "{principal}");
    }
}

#[test]
fn one_session_of_a_role_is_neither_the_role_nor_somebody_else() {
    let session = "arn:aws:sts::111122223333:assumed-role/Analyst/jo";
    assert!(matches!(decided(&allow(session, ""), &through_athena()), Decision::Undecided { .. }));
    let other = "arn:aws:sts::111122223333:assumed-role/Other/jo";
    assert!(matches!(decided(&allow(other, ""), &through_athena()), Decision::NotAllowed { .. }));
}

#[test]
fn a_denial_wins_over_what_allows() {
    let both = format!("{}, {DENY_DIRECT}", allow(ANALYST, ""));
    assert!(decided(&both, &through_athena()).is_allowed());
    let direct = through_athena().without("aws:CalledVia");
    assert_eq!(decided(&both, &direct), Decision::Denied { label: "\"DenyDirect\"".to_owned() });
}

#[test]
fn a_denial_that_may_hold_leaves_it_open_only_if_something_allows_it() {
    let unknown = through_athena().with_unknown("aws:CalledVia");
    let both = format!("{}, {DENY_DIRECT}", allow(ANALYST, ""));
    assert!(matches!(decided(&both, &unknown), Decision::Undecided { .. }));
    assert!(matches!(
        decided(DENY_DIRECT, &unknown),
        Decision::NotAllowed { nearest: None, denial: Some(_) }
    ));
}

#[test]
fn a_second_statement_that_may_allow_does_not_matter_where_one_does() {
    let open = allow(ANALYST, r#", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#);
    assert!(matches!(decided(&open, &through_athena()), Decision::Undecided { .. }));
    assert!(decided(&format!("{open}, {}", allow(ANALYST, "")), &through_athena()).is_allowed());
}

#[test]
fn what_comes_closest_is_named_with_what_keeps_it() {
    let source =
        r#", "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:athena:*:111122223333:*"}}"#;
    let statements =
        format!("{}, {}", allow("222233334444", source), allow("111122223333", source));
    let Decision::NotAllowed { nearest: Some(nearest), .. } =
        decided(&statements, &through_athena())
    else {
        panic!("it is not allowed");
    };
    assert_eq!(nearest.reasons.len(), 1);
    assert!(nearest.to_string().contains("the request has no aws:SourceArn"), "{nearest}");
}

#[test]
fn a_statement_about_other_actions_does_not_come_close() {
    let other =
        r#"{"Effect": "Allow", "Principal": "*", "Action": "lambda:GetFunction", "Resource": "*"}"#;
    assert_eq!(
        decided(other, &through_athena()),
        Decision::NotAllowed { nearest: None, denial: None }
    );
}

#[test]
fn not_action_not_resource_and_not_principal_are_about_all_but_what_they_name() {
    let context = through_athena();
    let fence = |resource: &str| {
        format!(
            r#"{}, {{"Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": "{resource}"}}"#,
            allow("*", "")
        )
    };
    assert!(decided(&fence(FUNCTION), &context).is_allowed());
    assert!(
        !decided(&fence("arn:aws:lambda:us-east-1:444455556666:function:other"), &context)
            .is_allowed()
    );
    let not_action =
        r#"{"Effect": "Allow", "Principal": "*", "NotAction": "lambda:Invoke*", "Resource": "*"}"#;
    assert!(!decided(not_action, &context).is_allowed());
    let except = |principal: &str| {
        let deny = format!(
            r#"{{"Effect": "Deny", "NotPrincipal": {{"AWS": "{principal}"}}, "Action": "*", "Resource": "*"}}"#
        );
        decided(&format!("{}, {deny}", allow("*", "")), &context)
    };
    assert!(matches!(except("222233334444"), Decision::Denied { .. }));
    // The session that asks is not excepted with its role.
    assert!(matches!(except(ANALYST), Decision::Undecided { .. }));
}

#[test]
fn an_action_on_nothing_in_particular_needs_the_star() {
    let context = Context::default();
    let allowed = |resource: &str| {
        let text = format!(
            r#"{{"Statement": {{"Effect": "Allow", "Action": "athena:List*", "Resource": "{resource}"}}}}"#
        );
        let request = Request {
            caller: ANALYST,
            action: "athena:ListWorkGroups",
            resource: "*",
            context: &context,
        };
        decide(&parse(&text).unwrap(), &request).is_allowed()
    };
    assert!(allowed("*"));
    assert!(!allowed("arn:aws:athena:us-east-1:111122223333:workgroup/w"));
}

#[test]
fn within_an_account_either_side_may_allow_but_a_key_has_to() {
    let yes = || Decision::Allowed { by_account: false };
    let delegated = || Decision::Allowed { by_account: true };
    let no = || Decision::NotAllowed { nearest: None, denial: None };
    let denied = || Decision::Denied { label: "x".to_owned() };
    for (identity, resource, of_others, of_keys) in [
        (yes(), no(), true, false),
        (no(), yes(), true, true),
        (no(), delegated(), false, false),
        (yes(), delegated(), true, true),
        (no(), no(), false, false),
        (yes(), denied(), false, false),
        (denied(), yes(), false, false),
    ] {
        let words = format!("{identity:?} {resource:?}");
        assert_eq!(
            within_account(identity.clone(), resource.clone(), false).is_allowed(),
            of_others,
            "{words}"
        );
        assert_eq!(within_account(identity, resource, true).is_allowed(), of_keys, "{words}");
    }
}

#[test]
fn what_one_side_may_deny_is_open_although_the_other_allows_it() {
    let yes = || Decision::Allowed { by_account: false };
    let unknown = through_athena().with_unknown("aws:CalledVia");
    let may_deny = || decided(DENY_DIRECT, &unknown);
    let may_do_both = || decided(&format!("{}, {DENY_DIRECT}", allow(ANALYST, "")), &unknown);
    for key in [false, true] {
        for side in [may_deny(), may_do_both()] {
            assert!(
                matches!(within_account(side.clone(), yes(), key), Decision::Undecided { .. }),
                "{side:?}"
            );
        }
    }
    assert!(matches!(within_account(yes(), may_deny(), false), Decision::Undecided { .. }));
    assert!(matches!(within_account(may_deny(), may_deny(), false), Decision::NotAllowed { .. }));
}

#[test]
fn what_may_be_allowed_and_may_be_denied_is_open() {
    let unknown = through_athena().with_unknown("aws:CalledVia");
    let open = allow(ANALYST, r#", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#);
    assert!(matches!(
        decided(&format!("{open}, {DENY_DIRECT}"), &unknown),
        Decision::Undecided { .. }
    ));
}

#[test]
fn a_variable_in_a_resource_that_nobody_can_replace_leaves_it_open() {
    for element in ["Resource", "NotResource"] {
        let deny = format!(
            r#"{{"Effect": "Deny", "Principal": "*", "Action": "*", "{element}": "${{aws:PrincipalTag/function}}"}}"#
        );
        let decision = decided(&format!("{}, {deny}", allow(ANALYST, "")), &through_athena());
        assert!(matches!(decision, Decision::Undecided { .. }), "{element} {decision:?}");
    }
}
