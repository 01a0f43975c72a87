//! The doctor on set-ups that no stand-in can hold: policies with conditions on the caller of a
//! function, and one side only.

use super::*;
use crate::{
    amendment,
    consumer::Consumer as With,
    terms::{Terms, Written, document, for_identity},
};

const ANALYST: &str = "arn:aws:iam::111122223333:role/Analyst";
const ROLE: &str = "arn:aws:iam::444455556666:role/Execution";
const KEY: &str = "arn:aws:kms:us-east-1:444455556666:key/11111111-2222-3333-4444-555555555555";

fn question() -> Question {
    Question {
        function: "arn:aws:lambda:us-east-1:444455556666:function:shop".parse().unwrap(),
        principals: vec![ANALYST.to_owned()],
        organization: Some("o-example12345".to_owned()),
        catalog: Some("shop".to_owned()),
        workgroup: Some("federated".to_owned()),
        told: Told::default(),
    }
}

fn known<T>(it: T) -> Seen<T> {
    Seen::Known(it)
}

fn identity(arn: &str, text: String) -> Seen<Identity> {
    let policies = vec![NamedPolicy { name: "own".to_owned(), text }];
    known(Identity { arn: arn.to_owned(), policies, ..Identity::default() })
}

/// What sharing itself writes, on both sides, and what else a query needs.
fn good() -> Observed {
    let question = question();
    let environment = [("spill_bucket", "spill"), ("spill_prefix", "athena/")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let spill = Spill {
        bucket: "spill".to_owned(),
        prefix: "athena".to_owned(),
        key: Some(KEY.to_owned()),
    };
    let shared = Shared { function: question.function.clone(), spill: Some(spill) };
    let terms = Terms {
        consumer: With::Principal(ANALYST.to_owned()),
        organization: question.organization,
        through_athena: true,
        by_permission: false,
    };
    let account = r#"{"Statement":[{"Sid":"Account","Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"kms:*","Resource":"*"}]}"#;
    let decrypt = &terms.for_key(&shared)[0];
    let writes = [
        Written::of("Write", "s3:PutObject", "arn:aws:s3:::spill/athena/*"),
        Written::of("Probe", "s3:ListBucket", "arn:aws:s3:::spill"),
        Written::of("Keys", "kms:GenerateDataKey", KEY),
    ];
    let owner = Owner {
        function: known(Function {
            state: "Active".to_owned(),
            role: ROLE.to_owned(),
            environment,
        }),
        function_policy: known(document(&terms.for_function(&shared))),
        bucket: known(Bucket {
            is_own: Some(true),
            encryption: known(Encryption {
                by_kms: true,
                key: Some(KEY.to_owned()),
                bucket_key: true,
            }),
        }),
        bucket_policy: known(document(&terms.for_bucket(&shared))),
        key: known(Key { arn: KEY.to_owned(), state: "Enabled".to_owned(), by_aws: false }),
        key_policy: known(amendment::with(Some(account), &decrypt.compact()).unwrap()),
        role: identity(ROLE, document(&writes)),
    };
    let mut of_analyst = for_identity(&shared, true);
    of_analyst.push(Written::of("Athena", "athena:*", "*"));
    of_analyst.push(Written::of("Results", "s3:*", "arn:aws:s3:::results*"));
    let parameters = [("function".to_owned(), shared.function.to_string())].into();
    let output = Some("s3://results/q".to_owned());
    let consumer = Consumer {
        account: "111122223333".to_owned(),
        catalog: known(Catalog {
            region: "us-east-1".to_owned(),
            kind: "LAMBDA".to_owned(),
            parameters,
        }),
        workgroup: known(Workgroup { enabled: true, enforced: true, output }),
        results_region: known("us-east-1".to_owned()),
        principals: vec![(ANALYST.to_owned(), identity(ANALYST, document(&of_analyst)))],
        answered: known(None),
    };
    Observed {
        owner: Some(owner),
        consumer: Some(consumer),
        spill_region: known("us-east-1".to_owned()),
    }
}

/// What is found when `plant` has changed the good set-up.
fn found(plant: impl FnOnce(&mut Observed)) -> Vec<(&'static str, String)> {
    let mut observed = good();
    plant(&mut observed);
    let report = diagnose(&question(), &observed);
    report
        .findings
        .iter()
        .map(|finding| (finding.check, finding.subject.replace(&format!(" for {ANALYST}"), "")))
        .collect()
}

fn owner(observed: &mut Observed) -> &mut Owner {
    observed.owner.as_mut().unwrap()
}

/// Writes `with` in place of `what`, which has to be there.
fn edit(text: &mut Seen<String>, what: &str, with: &str) {
    let Seen::Known(text) = text else { panic!("there is a text") };
    assert!(text.contains(what), "{text}");
    *text = text.replace(what, with);
}

#[test]
fn what_sharing_writes_is_found_in_order_by_the_doctor() {
    let report = diagnose(&question(), &good());
    assert_eq!(report.findings, []);
    assert_eq!(
        report.unseen,
        ["service control policies and session policies in account 111122223333"]
    );
    assert!(report.passed.len() > 20, "{}", report.text());
}

#[test]
fn each_side_alone_finds_nothing_wrong_and_says_what_it_did_not_see() {
    let mut of_owner = good();
    of_owner.consumer = None;
    let report = diagnose(&question(), &of_owner);
    assert_eq!(report.findings, []);
    assert!(report.unseen.iter().any(|words| words.contains("the consumer's side")));

    let mut of_consumer = good();
    of_consumer.owner = None;
    let told = || Told {
        bucket: Some("spill".into()),
        prefix: Some("athena".into()),
        key: Some(KEY.into()),
    };
    let report = diagnose(&Question { told: told(), ..question() }, &of_consumer);
    assert_eq!(report.findings, []);
    assert!(report.unseen.iter().any(|words| words.contains("the owner's side")));
    let far = Told { key: Some(KEY.replace("us-east-1", "eu-west-1")), ..told() };
    let report = diagnose(&Question { told: far, ..question() }, &of_consumer);
    assert_eq!(report.findings[0].subject, "key region");
    let report = diagnose(&Question { told: told(), ..question() }, &of_consumer);
    let decided =
        |action: &str| report.passed.iter().any(|passed| passed.subject.starts_with(action));
    assert!(decided("lambda:InvokeFunction") && decided("s3:GetObject") && decided("kms:Decrypt"));
}

#[test]
fn a_statement_about_an_organization_is_not_decided_without_one() {
    let question = Question { organization: None, ..question() };
    let report = diagnose(&question, &good());
    assert_eq!(report.findings, []);
    assert!(
        report.unseen.iter().any(|words| words.contains("aws:PrincipalOrgID")),
        "{}",
        report.text()
    );
}

#[test]
fn a_fault_in_a_policy_that_asks_for_athena_is_named_with_its_statement() {
    let invoke = vec![("function-policy", "lambda:InvokeFunction".to_owned())];
    let athena = "athena.amazonaws.com";
    assert_eq!(
        found(|it| edit(&mut owner(it).function_policy, athena, "quicksight.amazonaws.com")),
        invoke
    );
    assert_eq!(
        found(|it| edit(&mut owner(it).function_policy, "role/Analyst", "role/analyst")),
        invoke
    );
    assert_eq!(
        found(|it| edit(&mut owner(it).function_policy, "o-example12345", "o-other")),
        invoke
    );
    assert_eq!(
        found(|it| edit(&mut owner(it).function_policy, "function:shop", "function:shop:live")),
        invoke
    );
    let mut observed = good();
    edit(&mut owner(&mut observed).function_policy, "aws:CalledVia", "aws:SourceArn");
    let report = diagnose(&question(), &observed);
    assert!(report.text().contains("has no aws:SourceArn"), "{}", report.text());
    assert!(report.text().contains("AthenaShareInvokeAnalyst"), "{}", report.text());
}

#[test]
fn a_condition_on_the_chain_of_services_leaves_the_key_undecided() {
    let mut observed = good();
    let what = "\"kms:ViaService\":";
    edit(
        &mut owner(&mut observed).key_policy,
        what,
        &format!("\"aws:CalledViaLast\":\"athena.amazonaws.com\",{what}"),
    );
    let report = diagnose(&question(), &observed);
    assert_eq!(report.findings, []);
    assert!(
        report.unseen.iter().any(|words| words.contains("aws:CalledViaLast")),
        "{}",
        report.text()
    );
}

#[test]
fn a_bucket_key_decides_which_encryption_context_the_key_sees() {
    let decrypt = vec![("key-policy", "kms:Decrypt".to_owned())];
    let of_bucket = r#""arn:aws:s3:::spill","#;
    assert_eq!(found(|it| edit(&mut owner(it).key_policy, of_bucket, "")), decrypt);
    assert_eq!(
        found(|it| edit(&mut owner(it).key_policy, r#","arn:aws:s3:::spill/athena/*""#, "")),
        []
    );
    let without = |it: &mut Observed| {
        let encryption = Encryption { by_kms: true, key: Some(KEY.to_owned()), bucket_key: false };
        owner(it).bucket = known(Bucket { is_own: Some(true), encryption: known(encryption) });
    };
    let both = found(|it| {
        without(it);
        edit(&mut owner(it).key_policy, r#","arn:aws:s3:::spill/athena/*""#, "");
    });
    assert_eq!(both, decrypt);
    assert_eq!(found(without), []);
}

#[test]
fn headers_that_the_function_is_told_to_send_are_those_that_a_denial_sees() {
    let deny = r#"{"Sid":"DenyOtherKeys","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"*","Condition":
        {"StringNotEqualsIfExists":{"s3:x-amz-server-side-encryption":"aws:kms"}}}"#;
    let fence = |it: &mut Observed| {
        let Seen::Known(text) = &owner(it).bucket_policy else { panic!("there is a policy") };
        owner(it).bucket_policy = known(amendment::with(Some(text), deny).unwrap());
    };
    let told = |it: &mut Observed, sse: &str| {
        let Seen::Known(function) = &mut owner(it).function else { panic!("there is a function") };
        function.environment.insert("athena_connector_spill_sse".to_owned(), sse.to_owned());
    };
    assert_eq!(found(|it| (fence(it), told(it, &format!("kms:{KEY}"))).0), []);
    let lowered = found(|it| {
        fence(it);
        told(it, "s3");
    });
    assert!(
        lowered.contains(&("bucket-policy", format!("s3:PutObject for {ROLE}"))),
        "{lowered:?}"
    );
}

#[test]
fn within_one_account_either_side_is_enough_for_function_and_bucket() {
    let own = "arn:aws:iam::444455556666:role/Analyst";
    let mut observed = good();
    observed.owner.as_mut().unwrap().function_policy = Seen::Missing;
    observed.owner.as_mut().unwrap().bucket_policy = Seen::Missing;
    let consumer = observed.consumer.as_mut().unwrap();
    let Seen::Known(mut identity) = consumer.principals.remove(0).1 else {
        panic!("there is an analyst")
    };
    identity.arn = own.to_owned();
    consumer.principals.push((own.to_owned(), known(identity)));
    let question = Question { principals: vec![own.to_owned()], ..question() };
    assert_eq!(diagnose(&question, &observed).findings, []);
}

#[test]
fn a_place_for_results_that_a_query_may_override_is_not_judged() {
    let mut observed = good();
    let consumer = observed.consumer.as_mut().unwrap();
    consumer.results_region = Seen::Missing;
    assert_eq!(diagnose(&question(), &observed).findings[0].subject, "results");
    let consumer = observed.consumer.as_mut().unwrap();
    let Seen::Known(workgroup) = &mut consumer.workgroup else { panic!("there is a workgroup") };
    workgroup.enforced = false;
    let report = diagnose(&question(), &observed);
    assert_eq!(report.findings, []);
    assert!(report.unseen.iter().any(|words| words.contains("where results go")));
}

#[test]
fn a_policy_that_is_hidden_is_said_and_not_guessed() {
    let mut observed = good();
    owner(&mut observed).bucket_policy = Seen::Hidden("AccessDenied".to_owned());
    let report = diagnose(&question(), &observed);
    assert_eq!(report.findings, []);
    assert!(report.unseen.contains(&"bucket-policy: AccessDenied".to_owned()));
}

#[test]
fn a_policy_that_could_not_be_read_may_allow_what_the_others_do_not() {
    let hide = |identity: &mut Seen<Identity>| {
        let Seen::Known(identity) = identity else { panic!("it is known") };
        identity.policies.clear();
        identity.hidden.push("Secret".to_owned());
    };
    let mut observed = good();
    hide(&mut observed.owner.as_mut().unwrap().role);
    hide(&mut observed.consumer.as_mut().unwrap().principals[0].1);
    let report = diagnose(&question(), &observed);
    assert_eq!(report.findings, []);
    assert!(
        report
            .unseen
            .iter()
            .any(|words| words.contains("lambda:InvokeFunction") && words.contains("Secret"))
    );
    assert!(
        report
            .unseen
            .iter()
            .any(|words| words.contains("s3:PutObject") && words.contains("Secret"))
    );
}

/// A boundary of `identity` called `Bound`.
fn bound(identity: &mut Seen<Identity>, text: &str) {
    let Seen::Known(identity) = identity else { panic!("it is known") };
    identity.boundary = Some(NamedPolicy { name: "Bound".to_owned(), text: text.to_owned() });
}

#[test]
fn what_bounds_the_role_of_the_function_is_judged_as_its_policies_are() {
    let role = |it: &mut Observed, actions: &str| {
        let text = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#
        );
        bound(&mut owner(it).role, &text);
    };
    let of_role = |action: &str| ("permissions-boundary", format!("{action} for {ROLE}"));
    assert_eq!(found(|it| role(it, r#""s3:*","kms:*""#)), []);
    assert_eq!(found(|it| role(it, r#""s3:*""#)), [of_role("kms:GenerateDataKey")]);
    assert_eq!(found(|it| role(it, r#""s3:ListBucket","kms:*""#)), [of_role("s3:PutObject")]);
    let mut observed = good();
    role(&mut observed, r#""s3:*""#);
    let report = diagnose(&question(), &observed);
    assert_eq!(report.findings[0].side, Side::Owner);
    assert!(
        report.findings[0].fix.contains("Bound")
            && report.findings[0].fix.contains("kms:GenerateDataKey")
    );
    let deny = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"No","Effect":"Deny","Action":"s3:PutObject","Resource":"*"}]}"#;
    let denied = found(|it| bound(&mut owner(it).role, deny));
    assert_eq!(denied, [of_role("s3:PutObject")]);
}

#[test]
fn what_a_bucket_allows_to_everybody_no_boundary_takes_away() {
    let everybody = r#"{"Sid":"Own","Effect":"Allow","Principal":"*","Action":["s3:PutObject","s3:ListBucket"],"Resource":"*",
        "Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/Execution"}}}"#;
    let by_name =
        everybody.replace(r#""Principal":"*""#, &format!(r#""Principal":{{"AWS":"{ROLE}"}}"#));
    let plant = |statement: &str| {
        let statement = statement.to_owned();
        found(move |it| {
            bound(
                &mut owner(it).role,
                r#"{"Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}"#,
            );
            let Seen::Known(text) = &owner(it).bucket_policy else { panic!("there is a policy") };
            owner(it).bucket_policy = known(amendment::with(Some(text), &statement).unwrap());
        })
    };
    assert_eq!(plant(everybody), []);
    let of_role = |action: &str| ("permissions-boundary", format!("{action} for {ROLE}"));
    assert_eq!(plant(&by_name), [of_role("s3:PutObject"), of_role("s3:ListBucket")]);
}

#[test]
fn a_principal_of_the_function_s_own_account_is_held_to_its_boundary() {
    let own = "arn:aws:iam::444455556666:role/Analyst";
    let mut observed = good();
    let consumer = observed.consumer.as_mut().unwrap();
    let (_, mut identity) = consumer.principals.remove(0);
    if let Seen::Known(identity) = &mut identity {
        identity.arn = own.to_owned();
    }
    bound(
        &mut identity,
        r#"{"Statement":[{"Effect":"Allow","Action":["athena:*","s3:*","kms:*"],"Resource":"*"}]}"#,
    );
    consumer.principals.push((own.to_owned(), identity));
    let report = diagnose(&Question { principals: vec![own.to_owned()], ..question() }, &observed);
    let found: Vec<_> =
        report.findings.iter().map(|finding| (finding.check, finding.subject.as_str())).collect();
    assert!(
        found.contains(&("permissions-boundary", &format!("lambda:InvokeFunction for {own}"))),
        "{found:?}"
    );
}

#[test]
fn what_is_no_policy_is_said_to_be_unread_and_is_neither_right_nor_wrong() {
    const BROKEN: &str = r#"{"Statement":[{"Effect":"allow"}]}"#;
    type Plant = fn(&mut Observed);
    let cases: [(&str, &str, Plant); 7] = [
        ("function-policy", "lambda:InvokeFunction", |it| {
            owner(it).function_policy = known(BROKEN.to_owned())
        }),
        ("bucket-policy", "s3:GetObject", |it| owner(it).bucket_policy = known(BROKEN.to_owned())),
        ("key-policy", "kms:Decrypt", |it| owner(it).key_policy = known(BROKEN.to_owned())),
        ("execution-role", "s3:PutObject", |it| owner(it).role = identity(ROLE, BROKEN.to_owned())),
        ("permissions-boundary", "s3:PutObject", |it| bound(&mut owner(it).role, BROKEN)),
        ("identity-policy", "lambda:InvokeFunction", |it| {
            it.consumer.as_mut().unwrap().principals[0].1 = identity(ANALYST, BROKEN.to_owned());
        }),
        ("permissions-boundary", "lambda:InvokeFunction", |it| {
            bound(&mut it.consumer.as_mut().unwrap().principals[0].1, BROKEN);
        }),
    ];
    for (check, action, plant) in cases {
        let mut observed = good();
        plant(&mut observed);
        let report = diagnose(&question(), &observed);
        assert_eq!(report.findings, [], "{check}");
        let is_named =
            |words: &String| words.contains(check) && words.contains("could not be read");
        assert!(report.unseen.iter().any(is_named), "{check}: {:?}", report.unseen);
        let ok = report
            .passed
            .iter()
            .any(|passed| passed.check == check && passed.subject.starts_with(action));
        assert!(!ok, "{check} {action} is said to be in order");
    }
}

#[test]
fn what_hides_a_policy_from_its_owner_is_named_with_what_it_takes_to_see_it() {
    let hide = |plant: fn(&mut Owner)| {
        let mut observed = good();
        plant(owner(&mut observed));
        hidden_from_owner(&question().function, owner(&mut observed))
    };
    let why = || "AccessDenied".to_owned();
    assert_eq!(hide(|_| ()), None);
    for (takes, plant) in [
        (
            "lambda:GetFunctionConfiguration",
            (|it: &mut Owner| it.function = Seen::Hidden(String::new())) as fn(&mut Owner),
        ),
        ("lambda:GetPolicy", |it| it.function_policy = Seen::Hidden(String::new())),
        ("s3:GetBucketPolicy", |it| it.bucket_policy = Seen::Hidden(String::new())),
        ("s3:GetEncryptionConfiguration", |it| {
            it.bucket =
                known(Bucket { is_own: Some(true), encryption: Seen::Hidden(String::new()) });
            (it.key, it.key_policy) = (Seen::Hidden(String::new()), Seen::Hidden(String::new()));
        }),
        ("kms:DescribeKey", |it| {
            (it.key, it.key_policy) = (Seen::Hidden(String::new()), Seen::Hidden(String::new()))
        }),
        ("kms:GetKeyPolicy", |it| it.key_policy = Seen::Hidden(String::new())),
    ] {
        let words = hide(plant).unwrap_or_default();
        assert!(words.contains(takes), "{takes} is not in {words:?}");
    }
    // A function that spills nowhere has neither bucket nor key, and nobody looked for them.
    let bare = |it: &mut Owner| {
        it.function = known(Function {
            state: "Active".to_owned(),
            role: ROLE.to_owned(),
            ..Function::default()
        });
        it.bucket_policy = Seen::default();
        (it.key, it.key_policy) = (Seen::default(), Seen::default());
    };
    assert_eq!(hide(bare), None);
    let mut observed = good();
    owner(&mut observed).key = Seen::Hidden(why());
    assert!(
        hidden_from_owner(&question().function, owner(&mut observed)).unwrap().contains(&why())
    );
}

#[test]
fn the_report_for_programs_has_the_same_as_that_for_people() {
    let mut observed = good();
    owner(&mut observed).function = Seen::Missing;
    let report = diagnose(&question(), &observed);
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["findings"][0]["check"], "function");
    assert_eq!(json["findings"][0]["side"], "owner");
    assert!(report.text().contains("WRONG   function  exists"));
}
