use super::*;
use crate::{
    add_permission::{can_express, could_have_written},
    identity_policy::identity_policy,
    policy::{Context, Request, decide, parse},
    policy_statement::document,
};

const ROLE: &str = "arn:aws:iam::111122223333:role/Analyst";
const KEY: &str = "arn:aws:kms:us-east-1:444455556666:key/1";

fn shared() -> SharedFunction {
    let function = "arn:aws:lambda:us-east-1:444455556666:function:shop".parse().unwrap();
    let spill = SpillLocation {
        bucket: "spill".to_owned(),
        prefix: "athena".to_owned(),
        key: Some(KEY.to_owned()),
    };
    SharedFunction { function, spill: Some(spill) }
}

fn grant(to: &str) -> Grant {
    Grant {
        consumer: to.parse().unwrap(),
        organization: None,
        through_athena: true,
        by_add_permission: false,
    }
}

fn context(caller: &str, organization: &str) -> Context {
    let context =
        Context::default().with("aws:PrincipalArn", [caller]).with("aws:CalledVia", [ATHENA]);
    context.with("aws:PrincipalOrgID", [organization])
}

fn allows(statements: &[PolicyStatement], request: &Request<'_>) -> bool {
    decide(&parse(&document(statements)).unwrap(), request).is_allowed()
}

#[test]
fn only_the_consumer_can_invoke_the_function() {
    let other = "arn:aws:iam::111122223333:role/Other";
    let far = "arn:aws:iam::222233334444:role/Analyst";
    for (to, expected) in [
        (ROLE, [true, false, false]),
        ("111122223333", [true, true, false]),
        ("o-example12345", [true; 3]),
    ] {
        let statements = grant(to).function_policy(&shared());
        for (caller, expected) in [ROLE, other, far].into_iter().zip(expected) {
            let invoke = |context: &Context| {
                let resource = &shared().function.to_string();
                let action = "lambda:InvokeFunction";
                allows(&statements, &Request { caller, action, resource, context })
            };
            assert_eq!(invoke(&context(caller, "o-example12345")), expected, "{to} {caller}");
            assert!(
                !invoke(&context(caller, "o-example12345").without("aws:CalledVia")),
                "{to} {caller}"
            );
            let unrelated = invoke(&context(caller, "o-other67890"));
            assert_eq!(unrelated, expected && !to.starts_with("o-"), "{to} {caller}");
        }
    }
}

#[test]
fn an_organization_is_an_additional_condition_on_a_role() {
    let restricted = Grant { organization: Some("o-example12345".to_owned()), ..grant(ROLE) };
    for statements in [
        restricted.function_policy(&shared()),
        restricted.bucket_policy(&shared()),
        restricted.key_policy(&shared()),
    ] {
        assert!(!statements.is_empty());
        assert!(statements.iter().all(|statement| statement.compact().contains("o-example12345")));
    }
}

#[test]
fn the_bucket_grants_only_the_prefix_and_the_key_only_this_bucket() {
    let bucket = grant(ROLE).bucket_policy(&shared());
    let key = grant(ROLE).key_policy(&shared());
    let context = context(ROLE, "o-example12345");
    let read = |action, resource| {
        allows(&bucket, &Request { caller: ROLE, action, resource, context: &context })
    };
    assert!(read("s3:GetObject", "arn:aws:s3:::spill/athena/q/s.0"));
    assert!(!read("s3:GetObject", "arn:aws:s3:::spill/other"));
    assert!(
        read("s3:ListBucket", "arn:aws:s3:::spill")
            && read("s3:GetBucketLocation", "arn:aws:s3:::spill")
    );
    assert!(!read("s3:PutObject", "arn:aws:s3:::spill/athena/q/s.0"));
    let decrypt = |service: &str, encryption_context: &str| {
        let context = context
            .clone()
            .with("kms:ViaService", [service])
            .with("kms:EncryptionContext:aws:s3:arn", [encryption_context]);
        let request =
            Request { caller: ROLE, action: "kms:Decrypt", resource: KEY, context: &context };
        allows(&key, &request)
    };
    assert!(decrypt("s3.us-east-1.amazonaws.com", "arn:aws:s3:::spill"));
    assert!(decrypt("s3.us-east-1.amazonaws.com", "arn:aws:s3:::spill/athena/q/s.0"));
    assert!(!decrypt("s3.us-east-1.amazonaws.com", "arn:aws:s3:::other"));
    assert!(!decrypt("s3.eu-west-1.amazonaws.com", "arn:aws:s3:::spill"));
}

#[test]
fn the_identity_policy_denies_other_functions_through_athena() {
    let shop = shared().function.to_string();
    let payroll = "arn:aws:lambda:us-east-1:111122223333:function:payroll";
    let through_athena = context(ROLE, "o-example12345");
    let direct = through_athena.clone().without("aws:CalledVia");
    for restricted in [true, false] {
        let statements = identity_policy(&shared(), restricted);
        let invoke = |statements: &[PolicyStatement], resource: &str, context: &Context| {
            let action = "lambda:InvokeFunction";
            allows(statements, &Request { caller: ROLE, action, resource, context })
        };
        assert!(invoke(&statements, &shop, &through_athena));
        assert_eq!(invoke(&statements, &shop, &direct), !restricted);
        let wide = [vec![PolicyStatement::allow("Wide", "lambda:*", "*")], statements].concat();
        assert!(!invoke(&wide, payroll, &through_athena), "restricted: {restricted}");
        // Direct calls are out of scope.
        assert!(invoke(&wide, payroll, &direct), "restricted: {restricted}");
    }
}

#[test]
fn a_grant_by_add_permission_is_one_that_add_permission_can_write() {
    for (to, principal) in [
        (ROLE, ROLE),
        ("111122223333", "arn:aws:iam::111122223333:root"),
        ("o-example12345", "\"*\""),
    ] {
        let grant = Grant { by_add_permission: true, ..grant(to) };
        grant.validate().unwrap();
        let text = document(&grant.function_policy(&shared()));
        assert!(text.contains(principal) && could_have_written(&text), "{text}");
        assert!(!could_have_written(&document(&self::grant(to).function_policy(&shared()))));
    }
    let restricted = Grant {
        by_add_permission: true,
        organization: Some("o-example12345".to_owned()),
        ..grant(ROLE)
    };
    assert!(restricted.validate().is_err());
    let wild =
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Analyst_*";
    assert!(Grant { by_add_permission: true, ..grant(wild) }.validate().is_err());
}

#[test]
fn without_a_spill_location_there_are_no_bucket_or_key_statements() {
    let no_bucket = SharedFunction { spill: None, ..shared() };
    assert_eq!(
        (grant(ROLE).bucket_policy(&no_bucket).len(), grant(ROLE).key_policy(&no_bucket).len()),
        (0, 0)
    );
    assert_eq!(identity_policy(&no_bucket, true).len(), 2);
}

#[test]
fn only_statements_of_add_permission_can_be_restored_by_it() {
    let function = shared().function;
    for to in [ROLE, "111122223333", "o-example12345"] {
        let plain =
            Grant { by_add_permission: true, ..grant(to) }.function_policy(&shared())[0].compact();
        assert!(can_express(&plain, &function), "{to}");
        assert!(
            !can_express(&plain.replace("function:shop", "function:shop:live"), &function),
            "{to}"
        );
        // Its conditions would be lost.
        assert!(
            !can_express(&grant(to).function_policy(&shared())[0].compact(), &function),
            "{to}"
        );
    }
}
