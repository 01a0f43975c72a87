use super::*;
use crate::policy::{Context, parse};

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
        r#"{{"Sid": "S", "Effect": "Allow", "Principal": {{"AWS": "{principal}"}},
            "Action": "lambda:invokefunction", "Resource": "{FUNCTION}" {more}}}"#
    )
}

const DENY_DIRECT: &str = r#"{"Sid": "DenyDirect", "Effect": "Deny", "Principal": "*",
    "Action": "lambda:*", "Resource": "*",
    "Condition": {"ForAllValues:StringNotEquals": {"aws:CalledVia": "athena.amazonaws.com"}}}"#;

#[test]
fn the_caller_matches_as_account_as_role_and_as_everyone() {
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
fn a_session_of_the_role_as_principal_is_undecided() {
    let session = "arn:aws:sts::111122223333:assumed-role/Analyst/jo";
    assert!(matches!(decided(&allow(session, ""), &through_athena()), Decision::Undecided { .. }));
    let other = "arn:aws:sts::111122223333:assumed-role/Other/jo";
    assert!(matches!(decided(&allow(other, ""), &through_athena()), Decision::ImplicitDeny { .. }));
}

#[test]
fn an_explicit_deny_overrides_an_allow() {
    let both = format!("{}, {DENY_DIRECT}", allow(ANALYST, ""));
    assert!(decided(&both, &through_athena()).is_allowed());
    let direct = through_athena().without("aws:CalledVia");
    assert_eq!(
        decided(&both, &direct),
        Decision::ExplicitDeny { label: "\"DenyDirect\"".to_owned() }
    );
}

#[test]
fn a_possible_deny_is_undecided_only_if_a_statement_allows() {
    let unknown = through_athena().with_unknown("aws:CalledVia");
    let both = format!("{}, {DENY_DIRECT}", allow(ANALYST, ""));
    assert!(matches!(decided(&both, &unknown), Decision::Undecided { .. }));
    assert!(matches!(
        decided(DENY_DIRECT, &unknown),
        Decision::ImplicitDeny { nearest: None, denial: Some(_) }
    ));
}

#[test]
fn an_undecided_allow_does_not_matter_if_another_statement_allows() {
    let open = allow(ANALYST, r#", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#);
    assert!(matches!(decided(&open, &through_athena()), Decision::Undecided { .. }));
    assert!(decided(&format!("{open}, {}", allow(ANALYST, "")), &through_athena()).is_allowed());
}

#[test]
fn the_nearest_statement_is_named_with_its_reasons() {
    let source =
        r#", "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:athena:*:111122223333:*"}}"#;
    let statements =
        format!("{}, {}", allow("222233334444", source), allow("111122223333", source));
    let Decision::ImplicitDeny { nearest: Some(nearest), .. } =
        decided(&statements, &through_athena())
    else {
        panic!("the request is implicitly denied");
    };
    assert_eq!(nearest.reasons.len(), 1);
    assert!(nearest.to_string().contains("the request has no aws:SourceArn"), "{nearest}");
}

#[test]
fn a_statement_for_other_actions_is_never_the_nearest() {
    let other =
        r#"{"Effect": "Allow", "Principal": "*", "Action": "lambda:GetFunction", "Resource": "*"}"#;
    assert_eq!(
        decided(other, &through_athena()),
        Decision::ImplicitDeny { nearest: None, denial: None }
    );
}

#[test]
fn negated_elements_match_everything_except_their_members() {
    let context = through_athena();
    let guarded = |resource: &str| {
        format!(
            r#"{}, {{"Effect": "Deny", "Principal": "*", "Action": "*",
                "NotResource": "{resource}"}}"#,
            allow("*", "")
        )
    };
    assert!(decided(&guarded(FUNCTION), &context).is_allowed());
    assert!(
        !decided(&guarded("arn:aws:lambda:us-east-1:444455556666:function:other"), &context)
            .is_allowed()
    );
    let not_action =
        r#"{"Effect": "Allow", "Principal": "*", "NotAction": "lambda:Invoke*", "Resource": "*"}"#;
    assert!(!decided(not_action, &context).is_allowed());
    let except = |principal: &str| {
        let deny = format!(
            r#"{{"Effect": "Deny", "NotPrincipal": {{"AWS": "{principal}"}},
                "Action": "*", "Resource": "*"}}"#
        );
        decided(&format!("{}, {deny}", allow("*", "")), &context)
    };
    assert!(matches!(except("222233334444"), Decision::ExplicitDeny { .. }));
    // The calling session is not excepted with its role.
    assert!(matches!(except(ANALYST), Decision::Undecided { .. }));
}

#[test]
fn an_action_without_a_resource_needs_the_star() {
    let context = Context::default();
    let allowed = |resource: &str| {
        let text = format!(
            r#"{{"Statement": {{"Effect": "Allow", "Action": "athena:List*",
                "Resource": "{resource}"}}}}"#
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
fn within_an_account_either_policy_allows_but_a_key_policy_has_to() {
    let yes = || Decision::Allowed { delegates_to_account: false };
    let delegated = || Decision::Allowed { delegates_to_account: true };
    let no = || Decision::ImplicitDeny { nearest: None, denial: None };
    let denied = || Decision::ExplicitDeny { label: "x".to_owned() };
    for (identity, resource, expected, expected_for_keys) in [
        (yes(), no(), true, false),
        (no(), yes(), true, true),
        (no(), delegated(), false, false),
        (yes(), delegated(), true, true),
        (no(), no(), false, false),
        (yes(), denied(), false, false),
        (denied(), yes(), false, false),
    ] {
        let case = format!("{identity:?} {resource:?}");
        assert_eq!(
            within_account(identity.clone(), resource.clone(), false).is_allowed(),
            expected,
            "{case}"
        );
        assert_eq!(
            within_account(identity, resource, true).is_allowed(),
            expected_for_keys,
            "{case}"
        );
    }
}

#[test]
fn a_possible_deny_of_one_policy_is_undecided_although_the_other_allows() {
    let yes = || Decision::Allowed { delegates_to_account: false };
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
    assert!(matches!(within_account(may_deny(), may_deny(), false), Decision::ImplicitDeny { .. }));
}

#[test]
fn a_possible_allow_and_a_possible_deny_are_undecided() {
    let unknown = through_athena().with_unknown("aws:CalledVia");
    let open = allow(ANALYST, r#", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#);
    assert!(matches!(
        decided(&format!("{open}, {DENY_DIRECT}"), &unknown),
        Decision::Undecided { .. }
    ));
}

#[test]
fn an_unknown_variable_in_a_resource_is_undecided() {
    for element in ["Resource", "NotResource"] {
        let deny = format!(
            r#"{{"Effect": "Deny", "Principal": "*", "Action": "*",
                "{element}": "${{aws:PrincipalTag/function}}"}}"#
        );
        let decision = decided(&format!("{}, {deny}", allow(ANALYST, "")), &through_athena());
        assert!(matches!(decision, Decision::Undecided { .. }), "{element} {decision:?}");
    }
}
