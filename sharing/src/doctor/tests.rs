//! Diagnosis of settings that no AWS stand-in supports: conditions on the caller of a function, and
//! one account only.

mod boundary;
mod hidden;
mod templates;
mod trust;

use super::*;
use crate::{
    consumer::Consumer,
    grant::Grant,
    identity_policy::identity_policy,
    policy_edit::insert_statement,
    policy_statement::{PolicyStatement, document},
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
        hints: OwnerHints::default(),
    }
}

fn policies(arn: &str, text: String) -> Lookup<PrincipalPolicies> {
    let policies = vec![NamedPolicy { name: "own".to_owned(), text }];
    let arn = arn.to_owned();
    Lookup::Found(PrincipalPolicies { arn, policies, ..PrincipalPolicies::default() })
}

fn shared() -> SharedFunction {
    let spill = SpillLocation {
        bucket: "spill".to_owned(),
        prefix: "athena".to_owned(),
        key: Some(KEY.to_owned()),
    };
    SharedFunction { function: question().function, spill: Some(spill) }
}

const SEAL: &str = "kms:arn:aws:kms:us-east-1:444455556666:key/seal";

/// Policy of the key of the seals, as the template writes it.
const SEAL_KEY_POLICY: &str = r#"{"Statement": [
    {"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "kms:*",
     "Resource": "*"},
    {"Sid": "Connector", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:role/Execution"},
     "Action": "kms:GenerateMac", "Resource": "*"},
    {"Sid": "Others", "Effect": "Deny", "Principal": "*", "Action": ["kms:GenerateMac", "kms:VerifyMac"],
     "Resource": "*",
     "Condition": {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/Execution"}}}
]}"#;

/// Settings of both accounts as written by a grant, with everything else that a query needs.
fn good() -> Observed {
    let shared = shared();
    Observed {
        owner: Some(good_owner(&shared)),
        consumer: Some(good_consumer(&shared)),
        spill_region: Lookup::Found("us-east-1".to_owned()),
    }
}

fn good_owner(shared: &SharedFunction) -> OwnerAccount {
    let environment = [
        ("spill_bucket", "spill"),
        ("spill_prefix", "athena/"),
        ("data_bucket", "source"),
        ("data_prefix", "visits/"),
        ("athena_connector_seal", SEAL),
    ];
    let grant = Grant {
        consumer: Consumer::Principal(ANALYST.to_owned()),
        organization: question().organization,
        through_athena: true,
        by_add_permission: false,
    };
    let account = r#"{"Statement":[{"Sid":"Account","Effect":"Allow",
        "Principal":{"AWS":"444455556666"},"Action":"kms:*","Resource":"*"}]}"#;
    let decrypt = &grant.key_policy(shared)[0];
    let writes = [
        PolicyStatement::allow("Write", "s3:PutObject", "arn:aws:s3:::spill/athena/*"),
        PolicyStatement::allow("Probe", "s3:ListBucket", "arn:aws:s3:::spill"),
        PolicyStatement::allow("Keys", "kms:GenerateDataKey", KEY),
        PolicyStatement::allow("Source", "s3:GetObject", "arn:aws:s3:::source/visits/*"),
        PolicyStatement::allow("Sources", "s3:ListBucket", "arn:aws:s3:::source"),
        PolicyStatement::allow("Logs", "logs:*", "arn:aws:logs:*:*:log-group:/aws/lambda/shop:*"),
    ];
    let encryption = Encryption { by_kms: true, key: Some(KEY.to_owned()), bucket_key: true };
    OwnerAccount {
        function: Lookup::Found(FunctionConfiguration {
            state: "Active".to_owned(),
            role: ROLE.to_owned(),
            environment: environment
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            log_group: None,
        }),
        function_policy: Lookup::Found(document(&grant.function_policy(shared))),
        bucket: Lookup::Found(SpillBucket {
            is_own: Some(true),
            encryption: Lookup::Found(encryption),
        }),
        bucket_policy: Lookup::Found(document(&grant.bucket_policy(shared))),
        key: Lookup::Found(KmsKey {
            arn: KEY.to_owned(),
            state: "Enabled".to_owned(),
            is_aws_managed: false,
        }),
        key_policy: Lookup::Found(insert_statement(Some(account), &decrypt.compact()).unwrap()),
        seal_key_policy: Lookup::Found(SEAL_KEY_POLICY.to_owned()),
        role: policies(ROLE, document(&writes)),
    }
}

fn good_consumer(shared: &SharedFunction) -> ConsumerAccount {
    let mut statements = identity_policy(shared, true);
    statements.push(PolicyStatement::allow("Athena", "athena:*", "*"));
    statements.push(PolicyStatement::allow("Results", "s3:*", "arn:aws:s3:::results*"));
    let parameters = [("function".to_owned(), shared.function.to_string())].into();
    let output = Some("s3://results/q".to_owned());
    ConsumerAccount {
        account: "111122223333".to_owned(),
        catalog: Lookup::Found(DataCatalog {
            region: "us-east-1".to_owned(),
            kind: "LAMBDA".to_owned(),
            parameters,
        }),
        workgroup: Lookup::Found(Workgroup { enabled: true, enforced: true, output }),
        results_region: Lookup::Found("us-east-1".to_owned()),
        principals: vec![ObservedPrincipal {
            arn: ANALYST.to_owned(),
            policies: policies(ANALYST, document(&statements)),
        }],
        list_databases_error: Lookup::Found(None),
    }
}

fn action(action: &'static str, principal: &str) -> Subject {
    Subject::Action { action, principal: principal.to_owned() }
}

/// Returns the findings after `plant` has changed the good settings.
fn findings(plant: impl FnOnce(&mut Observed)) -> Vec<(Check, Subject)> {
    let mut observed = good();
    plant(&mut observed);
    let report = diagnose(&question(), &observed);
    report.findings.into_iter().map(|finding| (finding.check, finding.subject)).collect()
}

fn has_unknown(report: &Report, text: &str) -> bool {
    report.unknown.iter().any(|entry| entry.contains(text))
}

fn owner(observed: &mut Observed) -> &mut OwnerAccount {
    observed.owner.as_mut().unwrap()
}

fn analyst(observed: &mut Observed) -> &mut Lookup<PrincipalPolicies> {
    &mut observed.consumer.as_mut().unwrap().principals[0].policies
}

/// Replaces `from`, which has to occur, with `to`.
fn edit(text: &mut Lookup<String>, from: &str, to: &str) {
    let Lookup::Found(text) = text else { panic!("no text") };
    assert!(text.contains(from), "{text}");
    *text = text.replace(from, to);
}

#[test]
fn settings_written_by_a_grant_have_no_findings() {
    let report = diagnose(&question(), &good());
    assert_eq!(report.findings, []);
    assert_eq!(
        report.unknown,
        [
            "who reads spilled objects: every principal with access to bucket spill can read those \
             of all queries through Athena, but only Athena has the keys of their blocks",
            "service control policies and session policies in account 111122223333",
            "policy of bucket source, the source of the function",
        ]
    );
    assert!(report.passed.len() > 20, "{}", report);
}

#[test]
fn plain_text_in_a_shared_bucket_is_a_finding() {
    let found = findings(|it| {
        let Lookup::Found(function) = &mut owner(it).function else { panic!("no function") };
        function.environment.insert("disable_spill_encryption".to_owned(), "True".to_owned());
    });
    assert_eq!(found, [(Check::Function, Subject::SpillEncryption)]);
}

#[test]
fn one_account_by_itself_has_no_findings_and_names_the_unknown() {
    let mut owner_only = good();
    owner_only.consumer = None;
    let report = diagnose(&question(), &owner_only);
    assert_eq!(report.findings, []);
    assert!(has_unknown(&report, "the consumer's account"));

    let mut consumer_only = good();
    consumer_only.owner = None;
    let hints = OwnerHints {
        bucket: Some("spill".into()),
        prefix: Some("athena".into()),
        key: Some(KEY.into()),
    };
    let report = diagnose(&Question { hints: hints.clone(), ..question() }, &consumer_only);
    assert_eq!(report.findings, []);
    assert!(has_unknown(&report, "the owner's account"));
    for required in ["lambda:InvokeFunction", "s3:GetObject", "kms:Decrypt"] {
        let subject = action(required, ANALYST);
        assert!(report.passed.iter().any(|passed| passed.subject == subject), "{required}");
    }

    let hints = OwnerHints { key: Some(KEY.replace("us-east-1", "eu-west-1")), ..hints };
    let report = diagnose(&Question { hints, ..question() }, &consumer_only);
    assert_eq!(report.findings[0].subject, Subject::KeyRegion);
}

#[test]
fn a_condition_on_an_organization_is_unknown_without_its_id() {
    let question = Question { organization: None, ..question() };
    let report = diagnose(&question, &good());
    assert_eq!(report.findings, []);
    assert!(has_unknown(&report, "aws:PrincipalOrgID"), "{report}");
}

#[test]
fn a_fault_in_a_condition_of_the_function_policy_is_found() {
    for (from, to) in [
        ("athena.amazonaws.com", "quicksight.amazonaws.com"),
        ("role/Analyst", "role/analyst"),
        ("o-example12345", "o-other"),
        ("function:shop", "function:shop:live"),
    ] {
        let found = findings(|it| edit(&mut owner(it).function_policy, from, to));
        let expected = (Check::FunctionPolicy, action("lambda:InvokeFunction", ANALYST));
        assert_eq!(found, [expected], "{from}");
    }
}

#[test]
fn a_finding_names_the_nearest_statement_and_its_condition() {
    let mut observed = good();
    edit(&mut owner(&mut observed).function_policy, "aws:CalledVia", "aws:SourceArn");
    let report = diagnose(&question(), &observed);
    let problem = &report.findings[0].problem;
    assert!(problem.contains("has no aws:SourceArn"), "{problem}");
    assert!(problem.contains("AthenaShareInvokeAnalyst"), "{problem}");
}

#[test]
fn a_condition_on_the_call_chain_leaves_the_key_policy_unknown() {
    let mut observed = good();
    let key = "\"kms:ViaService\":";
    let keys = format!("\"aws:CalledViaLast\":\"athena.amazonaws.com\",{key}");
    edit(&mut owner(&mut observed).key_policy, key, &keys);
    let report = diagnose(&question(), &observed);
    assert_eq!(report.findings, []);
    assert!(has_unknown(&report, "aws:CalledViaLast"), "{report}");
}

#[test]
fn an_s3_bucket_key_determines_the_encryption_context() {
    let decrypt = [(Check::KeyPolicy, action("kms:Decrypt", ANALYST))];
    let bucket = r#""arn:aws:s3:::spill","#;
    assert_eq!(findings(|it| edit(&mut owner(it).key_policy, bucket, "")), decrypt);
    assert_eq!(
        findings(|it| edit(&mut owner(it).key_policy, r#","arn:aws:s3:::spill/athena/*""#, "")),
        []
    );
    let without = |it: &mut Observed| {
        let encryption = Encryption { by_kms: true, key: Some(KEY.to_owned()), bucket_key: false };
        let encryption = Lookup::Found(encryption);
        owner(it).bucket = Lookup::Found(SpillBucket { is_own: Some(true), encryption });
    };
    let both = findings(|it| {
        without(it);
        edit(&mut owner(it).key_policy, r#","arn:aws:s3:::spill/athena/*""#, "");
    });
    assert_eq!(both, decrypt);
    assert_eq!(findings(without), []);
}

#[test]
fn a_deny_on_puts_is_decided_by_the_headers_that_the_function_sends() {
    let deny = r#"{"Sid":"DenyOtherKeys","Effect":"Deny","Principal":"*",
        "Action":"s3:PutObject","Resource":"*","Condition":
        {"StringNotEqualsIfExists":{"s3:x-amz-server-side-encryption":"aws:kms"}}}"#;
    let guard = |it: &mut Observed| {
        let Lookup::Found(text) = &owner(it).bucket_policy else { panic!("no policy") };
        owner(it).bucket_policy = Lookup::Found(insert_statement(Some(text), deny).unwrap());
    };
    let set_sse = |it: &mut Observed, sse: &str| {
        let Lookup::Found(function) = &mut owner(it).function else { panic!("no function") };
        function.environment.insert("athena_connector_spill_sse".to_owned(), sse.to_owned());
    };
    let with_kms = findings(|it| {
        guard(it);
        set_sse(it, &format!("kms:{KEY}"));
    });
    assert_eq!(with_kms, []);
    let with_s3 = findings(|it| {
        guard(it);
        set_sse(it, "s3");
    });
    let expected = (Check::BucketPolicy, action("s3:PutObject", ROLE));
    assert!(with_s3.contains(&expected), "{with_s3:?}");
}

#[test]
fn within_one_account_identity_policies_suffice_for_function_and_bucket() {
    let mut observed = good();
    owner(&mut observed).function_policy = Lookup::Missing;
    owner(&mut observed).bucket_policy = Lookup::Missing;
    move_analyst(&mut observed);
    let question = Question { principals: vec![OWN_ANALYST.to_owned()], ..question() };
    assert_eq!(diagnose(&question, &observed).findings, []);
}

const OWN_ANALYST: &str = "arn:aws:iam::444455556666:role/Analyst";

/// Makes the analyst [`OWN_ANALYST`], a role of the function's account.
fn move_analyst(observed: &mut Observed) {
    let principal = &mut observed.consumer.as_mut().unwrap().principals[0];
    OWN_ANALYST.clone_into(&mut principal.arn);
    let Lookup::Found(policies) = &mut principal.policies else { panic!("no policies") };
    OWN_ANALYST.clone_into(&mut policies.arn);
}

#[test]
fn an_output_location_that_a_query_can_override_is_unknown() {
    let mut observed = good();
    let consumer = observed.consumer.as_mut().unwrap();
    consumer.results_region = Lookup::Missing;
    assert_eq!(diagnose(&question(), &observed).findings[0].subject, Subject::Results);
    let consumer = observed.consumer.as_mut().unwrap();
    let Lookup::Found(workgroup) = &mut consumer.workgroup else { panic!("no workgroup") };
    workgroup.enforced = false;
    let report = diagnose(&question(), &observed);
    assert_eq!(report.findings, []);
    assert!(has_unknown(&report, "the results bucket"));
}

#[test]
fn the_json_report_has_the_findings_of_the_text_report() {
    let mut observed = good();
    owner(&mut observed).function = Lookup::Missing;
    let report = diagnose(&question(), &observed);
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["findings"][0]["check"], "function");
    assert_eq!(json["findings"][0]["subject"], "exists");
    assert_eq!(json["findings"][0]["side"], "owner");
    assert!(report.to_string().contains("problem  function  exists"));
}
