//! Seals of splits, and the identity of callers.

use super::*;

fn set(observed: &mut Observed, name: &str, value: &str) {
    let Lookup::Found(function) = &mut owner(observed).function else { panic!("no function") };
    function.environment.insert(name.to_owned(), value.to_owned());
}

#[test]
fn a_function_without_seals_is_a_finding_and_a_weak_seal_is_named() {
    let found = findings(|it| set(it, "athena_connector_seal", "off"));
    assert_eq!(found, [(Check::Function, Subject::Seal)]);
    for seal in ["function", ""] {
        let mut observed = good();
        set(&mut observed, "athena_connector_seal", seal);
        let report = diagnose(&question(), &observed);
        assert_eq!(report.findings, [], "{seal}");
        assert!(has_unknown(&report, "who can forge splits"), "{report}");
    }
    let secret = "secret:0123456789abcdef0123456789abcdef";
    let mut observed = good();
    set(&mut observed, "athena_connector_seal", secret);
    let report = diagnose(&question(), &observed);
    assert!(report.findings.is_empty() && !report.to_string().contains("0123456789"), "{report}");
}

#[test]
fn the_role_needs_the_key_of_the_seals_and_its_policy() {
    let mac = action("kms:GenerateMac", ROLE);
    let delegating = r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "444455556666"},
        "Action": "kms:*", "Resource": "*"}}"#;
    let without = findings(|it| owner(it).seal_key_policy = Lookup::Found(delegating.to_owned()));
    assert_eq!(without, [(Check::ExecutionRole, mac.clone())]);
    let denied = SEAL_KEY_POLICY.replace("role/Execution", "role/Former");
    let other = findings(|it| owner(it).seal_key_policy = Lookup::Found(denied));
    assert_eq!(other, [(Check::KeyPolicy, mac)]);
}

#[test]
fn an_identity_is_trusted_only_if_it_comes_through_athena() {
    let trust = |it: &mut Observed| set(it, "athena_connector_trust_identity", "true");
    assert_eq!(findings(trust), []);
    let found = findings(|it| {
        trust(it);
        let grant = Grant {
            consumer: Consumer::Principal(ANALYST.to_owned()),
            organization: question().organization,
            through_athena: false,
            by_add_permission: false,
        };
        owner(it).function_policy = Lookup::Found(document(&grant.function_policy(&shared())));
    });
    assert_eq!(found, [(Check::FunctionPolicy, Subject::TrustIdentity)]);
    let mut observed = good();
    trust(&mut observed);
    owner(&mut observed).function_policy = Lookup::Unknown("denied".to_owned());
    let report = diagnose(&question(), &observed);
    assert!(has_unknown(&report, "who can claim an identity"), "{report}");
}
