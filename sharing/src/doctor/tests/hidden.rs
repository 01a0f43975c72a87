//! Policies that cannot be read, or are invalid.

use super::{boundary::set_boundary, *};

#[test]
fn an_unreadable_policy_is_unknown() {
    let mut observed = good();
    owner(&mut observed).bucket_policy = Lookup::Unknown("AccessDenied".to_owned());
    let report = diagnose(&question(), &observed);
    assert_eq!(report.findings, []);
    assert!(report.unknown.contains(&"bucket-policy: AccessDenied".to_owned()));
}

#[test]
fn an_unreadable_identity_policy_possibly_allows_the_request() {
    let hide = |policies: &mut Lookup<PrincipalPolicies>| {
        let Lookup::Found(policies) = policies else { panic!("no policies") };
        policies.policies.clear();
        policies.unreadable.push("Secret".to_owned());
    };
    let mut observed = good();
    hide(&mut owner(&mut observed).role);
    hide(analyst(&mut observed));
    let report = diagnose(&question(), &observed);
    assert_eq!(report.findings, []);
    for required in ["lambda:InvokeFunction", "s3:PutObject"] {
        let is_unknown = |entry: &String| entry.contains(required) && entry.contains("Secret");
        assert!(report.unknown.iter().any(is_unknown), "{required}: {report}");
    }
}

#[test]
fn an_invalid_policy_is_unknown_and_neither_a_finding_nor_passed() {
    const INVALID: &str = r#"{"Statement":[{"Effect":"allow"}]}"#;
    type Plant = fn(&mut Observed);
    let cases: [(Check, Subject, Plant); 7] = [
        (Check::FunctionPolicy, action("lambda:InvokeFunction", ANALYST), |it| {
            owner(it).function_policy = Lookup::Found(INVALID.to_owned());
        }),
        (Check::BucketPolicy, action("s3:GetObject", ANALYST), |it| {
            owner(it).bucket_policy = Lookup::Found(INVALID.to_owned());
        }),
        (Check::KeyPolicy, action("kms:Decrypt", ANALYST), |it| {
            owner(it).key_policy = Lookup::Found(INVALID.to_owned());
        }),
        (Check::ExecutionRole, action("s3:PutObject", ROLE), |it| {
            owner(it).role = policies(ROLE, INVALID.to_owned());
        }),
        (Check::PermissionsBoundary, action("s3:PutObject", ROLE), |it| {
            set_boundary(&mut owner(it).role, INVALID);
        }),
        (Check::IdentityPolicy, action("lambda:InvokeFunction", ANALYST), |it| {
            *analyst(it) = policies(ANALYST, INVALID.to_owned());
        }),
        (Check::PermissionsBoundary, action("lambda:InvokeFunction", ANALYST), |it| {
            set_boundary(analyst(it), INVALID);
        }),
    ];
    for (check, subject, plant) in cases {
        let mut observed = good();
        plant(&mut observed);
        let report = diagnose(&question(), &observed);
        assert_eq!(report.findings, [], "{check}");
        let is_named = |entry: &String| {
            entry.contains(&check.to_string()) && entry.contains("could not be read")
        };
        assert!(report.unknown.iter().any(is_named), "{check}: {:?}", report.unknown);
        let passed = Passed { check, subject };
        assert!(!report.passed.contains(&passed), "{passed:?}");
    }
}

#[test]
fn a_missing_permission_of_the_owner_is_named() {
    type Plant = fn(&mut OwnerAccount);
    let missing = |plant: Plant| {
        let mut observed = good();
        plant(owner(&mut observed));
        missing_permission(&question().function, owner(&mut observed))
    };
    let cases: [(&str, Plant); 6] = [
        ("lambda:GetFunctionConfiguration", |it| it.function = unreadable()),
        ("lambda:GetPolicy", |it| it.function_policy = unreadable()),
        ("s3:GetBucketPolicy", |it| it.bucket_policy = unreadable()),
        ("s3:GetEncryptionConfiguration", |it| {
            it.bucket = Lookup::Found(SpillBucket { is_own: Some(true), encryption: unreadable() });
            it.key = unreadable();
            it.key_policy = unreadable();
        }),
        ("kms:DescribeKey", |it| {
            it.key = unreadable();
            it.key_policy = unreadable();
        }),
        ("kms:GetKeyPolicy", |it| it.key_policy = unreadable()),
    ];
    for (action, plant) in cases {
        let permission = missing(plant).unwrap();
        assert_eq!(permission.action, action);
        let message = permission.to_string();
        assert!(message.contains("AccessDenied") && message.contains(action), "{message}");
    }
    assert_eq!(missing(|_| ()), None);
    // A function without a spill bucket needs neither bucket nor key to be readable.
    let without_spill = |it: &mut OwnerAccount| {
        it.function = Lookup::Found(FunctionConfiguration {
            state: "Active".to_owned(),
            role: ROLE.to_owned(),
            ..FunctionConfiguration::default()
        });
        it.bucket_policy = Lookup::default();
        it.key = Lookup::default();
        it.key_policy = Lookup::default();
    };
    assert_eq!(missing(without_spill), None);
}

fn unreadable<T>() -> Lookup<T> {
    Lookup::Unknown("AccessDenied".to_owned())
}
