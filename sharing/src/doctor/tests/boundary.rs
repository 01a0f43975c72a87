//! Permissions boundaries.

use super::*;

/// Sets a permissions boundary with the name `Bound`.
pub(super) fn set_boundary(policies: &mut Lookup<PrincipalPolicies>, text: &str) {
    let Lookup::Found(policies) = policies else { panic!("no policies") };
    policies.boundary = Some(NamedPolicy { name: "Bound".to_owned(), text: text.to_owned() });
}

fn boundary_finding(required: &'static str) -> (Check, Subject) {
    (Check::PermissionsBoundary, action(required, ROLE))
}

#[test]
fn the_boundary_of_the_execution_role_limits_its_policies() {
    let limit = |it: &mut Observed, actions: &str| {
        let text = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Action":["logs:*",{actions}],"Resource":"*"}}]}}"#
        );
        set_boundary(&mut owner(it).role, &text);
    };
    assert_eq!(findings(|it| limit(it, r#""s3:*","kms:*""#)), []);
    let without_kms = findings(|it| limit(it, r#""s3:*""#));
    let without_keys = ["kms:GenerateMac", "kms:GenerateDataKey"].map(boundary_finding);
    assert_eq!(without_kms, without_keys);
    let without_put = findings(|it| limit(it, r#""s3:ListBucket","s3:GetObject","kms:*""#));
    assert_eq!(without_put, [boundary_finding("s3:PutObject")]);
    let deny = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
        {"Sid":"No","Effect":"Deny","Action":"s3:PutObject","Resource":"*"}]}"#;
    let denied = findings(|it| set_boundary(&mut owner(it).role, deny));
    assert_eq!(denied, [boundary_finding("s3:PutObject")]);

    let mut observed = good();
    limit(&mut observed, r#""s3:*""#);
    let report = diagnose(&question(), &observed);
    let Finding { side, fix, .. } = &report.findings[0];
    assert_eq!(*side, Side::Owner);
    assert!(fix.contains("Bound") && fix.contains("kms:GenerateMac"), "{fix}");
}

#[test]
fn a_boundary_does_not_limit_access_that_a_bucket_grants_to_everyone() {
    let everyone = r#"{"Sid":"Own","Effect":"Allow","Principal":"*",
        "Action":["s3:PutObject","s3:ListBucket"],"Resource":"*",
        "Condition":{"ArnEquals":
            {"aws:PrincipalArn":"arn:aws:iam::444455556666:role/Execution"}}}"#;
    let by_name =
        everyone.replace(r#""Principal":"*""#, &format!(r#""Principal":{{"AWS":"{ROLE}"}}"#));
    let plant = |statement: &str| {
        findings(|it| {
            let without_s3 = r#"{"Statement":[
                {"Effect":"Allow","Action":["kms:*","logs:*"],"Resource":"*"}]}"#;
            set_boundary(&mut owner(it).role, without_s3);
            let Lookup::Found(function) = &mut owner(it).function else { panic!("no function") };
            function.environment.remove("data_bucket");
            let Lookup::Found(text) = &owner(it).bucket_policy else { panic!("no policy") };
            owner(it).bucket_policy =
                Lookup::Found(insert_statement(Some(text), statement).unwrap());
        })
    };
    assert_eq!(plant(everyone), []);
    let expected = [boundary_finding("s3:PutObject"), boundary_finding("s3:ListBucket")];
    assert_eq!(plant(&by_name), expected);
}

#[test]
fn the_boundary_of_a_principal_in_the_account_of_the_function_applies() {
    let mut observed = good();
    move_analyst(&mut observed);
    let without_lambda =
        r#"{"Statement":[{"Effect":"Allow","Action":["athena:*","s3:*","kms:*"],"Resource":"*"}]}"#;
    set_boundary(analyst(&mut observed), without_lambda);
    let question = Question { principals: vec![OWN_ANALYST.to_owned()], ..question() };
    let report = diagnose(&question, &observed);
    let invoke = action("lambda:InvokeFunction", OWN_ANALYST);
    let is_found = report
        .findings
        .iter()
        .any(|finding| finding.check == Check::PermissionsBoundary && finding.subject == invoke);
    assert!(is_found, "{report}");
}
