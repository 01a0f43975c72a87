//! Diagnosis of the policies that the templates of `deploy/` create.

use std::collections::BTreeSet;

use super::*;

/// Returns the actions that a template mentions after `resource`, up to the next blank line.
fn actions_of_template(text: &str, resource: &str) -> BTreeSet<String> {
    let (_, rest) = text.split_once(&format!("\n  {resource}:\n")).unwrap();
    let section = rest.split("\n\n").next().unwrap();
    let words = section.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
    let is_action = |word: &&str| {
        let name = word.split_once(':').map_or("", |(service, name)| match service {
            "athena" | "s3" | "lambda" | "kms" => name,
            _ => "",
        });
        name.starts_with(|c: char| c.is_ascii_uppercase()) && name != "ViaService"
    };
    words.filter(is_action).map(str::to_owned).collect()
}

#[test]
fn every_action_that_the_templates_grant_to_analysts_is_decided() {
    let workgroup = include_str!("../../../../deploy/workgroup.yaml");
    let consumer = include_str!("../../../../deploy/consumer.yaml");
    let granted = &actions_of_template(workgroup, "AnalystPolicy")
        | &actions_of_template(consumer, "ConnectorPolicy");
    let report = diagnose(&question(), &good());
    let decided: BTreeSet<String> = report
        .passed
        .iter()
        .filter(|passed| passed.check == Check::IdentityPolicy)
        .filter_map(|passed| match &passed.subject {
            Subject::Action { action, .. } => Some((*action).to_owned()),
            _ => None,
        })
        .collect();
    assert!(granted.len() > 20, "{granted:?}");
    assert_eq!(decided, granted);
}

#[test]
fn every_action_that_the_template_grants_to_the_function_is_decided() {
    let granted = [
        "s3:PutObject",
        "s3:ListBucket",
        "s3:GetObject",
        "kms:GenerateDataKey",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ];
    let report = diagnose(&question(), &good());
    for required in granted {
        let passed = Passed { check: Check::ExecutionRole, subject: action(required, ROLE) };
        assert!(report.passed.contains(&passed), "{required}: {report}");
    }
    let other_group = findings(|it| {
        let Lookup::Found(function) = &mut owner(it).function else { panic!("no function") };
        function.log_group = Some("/connectors".to_owned());
    });
    let logs = ["logs:CreateLogStream", "logs:PutLogEvents"];
    assert_eq!(other_group, logs.map(|required| (Check::ExecutionRole, action(required, ROLE))));
    let other_prefix = findings(|it| {
        let Lookup::Found(function) = &mut owner(it).function else { panic!("no function") };
        function.environment.insert("data_prefix".to_owned(), "salaries/".to_owned());
    });
    assert_eq!(other_prefix, [(Check::ExecutionRole, action("s3:GetObject", ROLE))]);
}

#[test]
fn a_denial_names_the_template_of_the_statement_and_its_parameter() {
    let mut observed = good();
    let principal = &mut observed.consumer.as_mut().unwrap().principals[0];
    let Lookup::Found(policies) = &mut principal.policies else { panic!("no policies") };
    policies.policies.push(NamedPolicy {
        name: "workgroup-AnalystPolicy".to_owned(),
        text: r#"{"Statement": {"Sid": "DenyOtherFunctionsThroughAthena", "Effect": "Deny",
            "Action": "lambda:InvokeFunction", "NotResource": "arn:aws:lambda:::function:crm"}}"#
            .to_owned(),
    });
    let report = diagnose(&question(), &observed);
    let [Finding { problem, fix, .. }] = &report.findings[..] else { panic!("{report}") };
    assert!(problem.contains("the template workgroup.yaml"), "{problem}");
    assert!(fix.contains("ConnectorFunctionArns"), "{fix}");
}
