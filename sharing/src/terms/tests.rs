use super::*;
use crate::policy::{Context, Request, decide, parse};

const ROLE: &str = "arn:aws:iam::111122223333:role/Analyst";
const KEY: &str = "arn:aws:kms:us-east-1:444455556666:key/1";

fn shared() -> Shared {
    let function = "arn:aws:lambda:us-east-1:444455556666:function:shop".parse().unwrap();
    let spill = Spill {
        bucket: "spill".to_owned(),
        prefix: "athena".to_owned(),
        key: Some(KEY.to_owned()),
    };
    Shared { function, spill: Some(spill) }
}

fn terms(to: &str) -> Terms {
    Terms {
        consumer: to.parse().unwrap(),
        organization: None,
        through_athena: true,
        by_permission: false,
    }
}

fn context(caller: &str, organization: &str) -> Context {
    let context =
        Context::default().with("aws:PrincipalArn", [caller]).with("aws:CalledVia", [ATHENA]);
    context.with("aws:PrincipalOrgID", [organization])
}

fn allows(
    written: &[Written],
    action: &str,
    resource: &str,
    context: &Context,
    caller: &str,
) -> bool {
    let request = Request { caller, action, resource, context };
    decide(&parse(&document(written)).unwrap(), &request).is_allowed()
}

#[test]
fn whoever_is_named_may_and_nobody_else() {
    let other = "arn:aws:iam::111122223333:role/Other";
    let far = "arn:aws:iam::222233334444:role/Analyst";
    for (to, expected) in [
        (ROLE, [true, false, false]),
        ("111122223333", [true, true, false]),
        ("o-example12345", [true; 3]),
    ] {
        let written = terms(to).for_function(&shared());
        for (caller, expected) in [ROLE, other, far].into_iter().zip(expected) {
            let invoke = |context: &Context| {
                allows(
                    &written,
                    "lambda:InvokeFunction",
                    &shared().function.to_string(),
                    context,
                    caller,
                )
            };
            assert_eq!(invoke(&context(caller, "o-example12345")), expected, "{to} {caller}");
            assert!(
                !invoke(&context(caller, "o-example12345").without("aws:CalledVia")),
                "{to} {caller}"
            );
            let stranger = invoke(&context(caller, "o-other67890"));
            assert_eq!(stranger, expected && !to.starts_with("o-"), "{to} {caller}");
        }
    }
}

#[test]
fn an_organization_beside_a_role_is_a_second_condition() {
    let fenced = Terms { organization: Some("o-example12345".to_owned()), ..terms(ROLE) };
    for written in
        [fenced.for_function(&shared()), fenced.for_bucket(&shared()), fenced.for_key(&shared())]
    {
        assert!(!written.is_empty());
        assert!(written.iter().all(|statement| statement.compact().contains("o-example12345")));
    }
}

#[test]
fn the_bucket_opens_the_prefix_only_and_the_key_this_bucket_only() {
    let (bucket, key) = (terms(ROLE).for_bucket(&shared()), terms(ROLE).for_key(&shared()));
    let context = context(ROLE, "o-example12345");
    let read = |action, resource| allows(&bucket, action, resource, &context, ROLE);
    assert!(read("s3:GetObject", "arn:aws:s3:::spill/athena/q/s.0"));
    assert!(!read("s3:GetObject", "arn:aws:s3:::spill/other"));
    assert!(
        read("s3:ListBucket", "arn:aws:s3:::spill")
            && read("s3:GetBucketLocation", "arn:aws:s3:::spill")
    );
    assert!(!read("s3:PutObject", "arn:aws:s3:::spill/athena/q/s.0"));
    let decrypt = |service: &str, of: &str| {
        let context = context
            .clone()
            .with("kms:ViaService", [service])
            .with("kms:EncryptionContext:aws:s3:arn", [of]);
        allows(&key, "kms:Decrypt", KEY, &context, ROLE)
    };
    assert!(decrypt("s3.us-east-1.amazonaws.com", "arn:aws:s3:::spill"));
    assert!(decrypt("s3.us-east-1.amazonaws.com", "arn:aws:s3:::spill/athena/q/s.0"));
    assert!(!decrypt("s3.us-east-1.amazonaws.com", "arn:aws:s3:::other"));
    assert!(!decrypt("s3.eu-west-1.amazonaws.com", "arn:aws:s3:::spill"));
}

#[test]
fn the_policy_of_the_analyst_reaches_no_other_function_through_athena() {
    let (shop, payroll) = (
        shared().function.to_string(),
        "arn:aws:lambda:us-east-1:111122223333:function:payroll".to_owned(),
    );
    let through_athena = context(ROLE, "o-example12345");
    let direct = through_athena.clone().without("aws:CalledVia");
    for fenced in [true, false] {
        let written = for_identity(&shared(), fenced);
        let invoke = |written: &[Written], function: &str, context: &Context| {
            allows(written, "lambda:InvokeFunction", function, context, ROLE)
        };
        assert!(invoke(&written, &shop, &through_athena));
        assert_eq!(invoke(&written, &shop, &direct), !fenced);
        let wide = [vec![Written::of("Wide", "lambda:*", "*")], written].concat();
        assert!(!invoke(&wide, &payroll, &through_athena), "fenced: {fenced}");
        // What the analyst does without Athena is nobody's business here.
        assert!(invoke(&wide, &payroll, &direct), "fenced: {fenced}");
    }
}

#[test]
fn a_permission_is_written_as_add_permission_writes_it() {
    for (to, principal) in [
        (ROLE, ROLE),
        ("111122223333", "arn:aws:iam::111122223333:root"),
        ("o-example12345", "\"*\""),
    ] {
        let terms = Terms { by_permission: true, ..terms(to) };
        terms.check().unwrap();
        let text = document(&terms.for_function(&shared()));
        assert!(text.contains(principal) && is_permission(&text), "{text}");
        assert!(!is_permission(&document(&self::terms(to).for_function(&shared()))));
    }
    let fenced = Terms {
        by_permission: true,
        organization: Some("o-example12345".to_owned()),
        ..terms(ROLE)
    };
    assert!(fenced.check().is_err());
    let wild =
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Analyst_*";
    assert!(Terms { by_permission: true, ..terms(wild) }.check().is_err());
}

#[test]
fn without_a_bucket_or_a_key_there_is_nothing_to_say_about_them() {
    let no_bucket = Shared { spill: None, ..shared() };
    assert_eq!(
        (terms(ROLE).for_bucket(&no_bucket).len(), terms(ROLE).for_key(&no_bucket).len()),
        (0, 0)
    );
    assert_eq!(for_identity(&no_bucket, true).len(), 2);
}

#[test]
fn only_what_add_permission_writes_can_be_written_back_by_it() {
    let function = shared().function;
    for to in [ROLE, "111122223333", "o-example12345"] {
        let plain = Terms { by_permission: true, ..terms(to) }.for_function(&shared())[0].compact();
        assert!(is_expressible(&plain, &function), "{to}");
        assert!(
            !is_expressible(&plain.replace("function:shop", "function:shop:live"), &function),
            "{to}"
        );
        // What its conditions demand would be lost.
        assert!(
            !is_expressible(&terms(to).for_function(&shared())[0].compact(), &function),
            "{to}"
        );
    }
}
