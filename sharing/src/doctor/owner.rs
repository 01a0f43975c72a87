//! Checks of the function, its spill bucket and its KMS key, independent of policies.

use super::{
    Check, Finding, FunctionConfiguration, KmsKey, Lookup, Observed, OwnerAccount, Question,
    Report, Side, SpillBucket, Subject, trim_slash,
};
use crate::arn::{FunctionArn, account_of, region_of};

impl Finding {
    fn of_owner(check: Check, subject: Subject, problem: String, fix: impl Into<String>) -> Self {
        Self { check, subject, side: Side::Owner, problem, fix: fix.into() }
    }
}

pub(super) fn check(question: &Question, observed: &Observed, report: &mut Report) {
    bucket_region(question, observed, report);
    hinted_key_region(question, report);
    let function = &question.function;
    let Some(owner) = &observed.owner else {
        report.unknown(format!(
            "the owner's account: policies of function, bucket and key, and the execution role; \
             run this command with credentials of account {}, or add --profile",
            function.account
        ));
        return;
    };
    match &owner.function {
        Lookup::Found(configuration) => {
            function_state(function, configuration, report);
            spill_settings(question, configuration, report);
        }
        Lookup::Missing => report.fail(Finding::of_owner(
            Check::Function,
            Subject::Existence,
            format!("{function} does not exist"),
            format!(
                "deploy it, or find the right ARN: aws lambda list-functions --region {}",
                function.region
            ),
        )),
        Lookup::Unknown(reason) => report.unknown(format!("function {function}: {reason}")),
    }
    bucket(question, observed, owner, report);
    key(question, owner, report);
    hinted_key(question, owner, report);
}

fn function_state(
    function: &FunctionArn,
    configuration: &FunctionConfiguration,
    report: &mut Report,
) {
    let FunctionConfiguration { state, .. } = configuration;
    if state == "Active" {
        return report.pass(Check::Function, Subject::State);
    }
    let FunctionArn { region, name, .. } = function;
    report.fail(Finding::of_owner(
        Check::Function,
        Subject::State,
        format!("{function} is {state} and cannot be invoked"),
        format!("aws lambda get-function-configuration --region {region} --function-name {name}"),
    ));
}

fn spill_settings(question: &Question, configuration: &FunctionConfiguration, report: &mut Report) {
    let Question { function, hints, .. } = question;
    let Some(bucket) = configuration.spill_bucket() else {
        return report.fail(Finding::of_owner(
            Check::Function,
            Subject::SpillBucket,
            format!("{function} does not set spill_bucket, so results over 6 MB fail"),
            "set spill_bucket and spill_prefix in its environment",
        ));
    };
    report.pass(Check::Function, Subject::SpillBucket);
    spill_isolation(function, &bucket, configuration, report);
    for (subject, hint, actual) in [
        (Subject::Bucket, &hints.bucket, bucket),
        (Subject::Prefix, &hints.prefix, configuration.spill_prefix()),
    ] {
        if let Some(hint) = hint.as_deref().filter(|hint| trim_slash(hint) != trim_slash(&actual)) {
            let problem =
                format!("{function} spills to {subject} {actual:?}, but the hint is {hint:?}");
            let fix = format!("tell the consumer {actual:?}, or change the environment variable");
            report.fail(Finding::of_owner(Check::OwnerHints, subject, problem, fix));
        }
    }
}

/// Checks that the blocks of a query are readable only with keys of the query.
///
/// No policy can separate the objects of queries: Athena reads them as the principal, and the id of
/// the query is not a condition key.
fn spill_isolation(
    function: &FunctionArn,
    bucket: &str,
    configuration: &FunctionConfiguration,
    report: &mut Report,
) {
    if configuration.spills_plain_text() {
        return report.fail(Finding::of_owner(
            Check::Function,
            Subject::SpillEncryption,
            format!(
                "{function} spills plain text: every principal that can read bucket {bucket} \
                 through Athena can read the results of all others"
            ),
            "remove disable_spill_encryption from its environment",
        ));
    }
    report.pass(Check::Function, Subject::SpillEncryption);
    report.unknown(format!(
        "who reads spilled objects: every principal with access to bucket {bucket} can read those \
         of all queries through Athena, but only Athena has the keys of their blocks"
    ));
}

/// Checks the region of the spill bucket, which S3 reveals to any caller.
fn bucket_region(question: &Question, observed: &Observed, report: &mut Report) {
    let owner = observed.owner.as_ref();
    let name = match owner.and_then(|owner| owner.function.found()) {
        Some(configuration) => configuration.spill_bucket(),
        None => question.hints.bucket.clone(),
    };
    let Some(name) = name else {
        if owner.is_none() {
            report.unknown(
                "the spill location: ask the owner, and add --spill-bucket and --spill-prefix",
            );
        }
        return;
    };
    let wanted = &question.function.region;
    match &observed.spill_region {
        Lookup::Found(region) if region == wanted => report.pass(Check::Bucket, Subject::Region),
        Lookup::Found(region) => report.fail(Finding::of_owner(
            Check::Bucket,
            Subject::Region,
            format!("spill bucket {name} is in {region}, but the function is in {wanted}"),
            format!("create a bucket in {wanted} and set spill_bucket of the function to it"),
        )),
        Lookup::Missing => report.fail(Finding::of_owner(
            Check::Bucket,
            Subject::Existence,
            format!("spill bucket {name} does not exist"),
            format!(
                "aws s3api create-bucket --bucket {name} --region {wanted}, or set spill_bucket"
            ),
        )),
        Lookup::Unknown(reason) => {
            report.unknown(format!("region of spill bucket {name}: {reason}"));
        }
    }
}

fn bucket(question: &Question, observed: &Observed, owner: &OwnerAccount, report: &mut Report) {
    let name = owner.function.found().and_then(FunctionConfiguration::spill_bucket);
    let Some(name) = name else {
        return;
    };
    let account = &question.function.account;
    let SpillBucket { is_own, encryption } = match &owner.bucket {
        Lookup::Found(bucket) => bucket,
        // The check of the region reports a missing bucket.
        Lookup::Missing => return,
        Lookup::Unknown(reason) => {
            return report.unknown(format!("spill bucket {name}: {reason}"));
        }
    };
    match is_own {
        Some(true) => report.pass(Check::Bucket, Subject::Account),
        Some(false) if observed.spill_region == Lookup::Missing => {}
        Some(false) => report.fail(Finding::of_owner(
            Check::Bucket,
            Subject::Account,
            format!("spill bucket {name} belongs to another account than {account}"),
            format!("create a bucket in account {account} and set spill_bucket to it"),
        )),
        None => {
            report
                .unknown(format!("owner of spill bucket {name}: s3:ListAllMyBuckets is required"));
        }
    }
    if let Lookup::Unknown(reason) = encryption {
        report.unknown(format!("default encryption of {name}: {reason}"));
    }
}

fn key(question: &Question, owner: &OwnerAccount, report: &mut Report) {
    let function = &question.function;
    let is_cross_account =
        question.principals.iter().any(|principal| account_of(principal) != function.account);
    match &owner.key {
        Lookup::Found(key) => match fault_of_key(key, function, is_cross_account) {
            Some(finding) => report.fail(finding),
            None => report.pass(Check::Key, Subject::State),
        },
        Lookup::Missing => {
            if let Some(encryption) = owner.encryption().filter(|encryption| encryption.by_kms) {
                let key = encryption.key.unwrap_or_default();
                report.fail(Finding::of_owner(
                    Check::Key,
                    Subject::Existence,
                    format!(
                        "key {key:?}, with which the spill bucket encrypts, does not exist in {}",
                        function.region
                    ),
                    "set the default encryption of the bucket to a key of its region, or to SSE-S3",
                ));
            }
        }
        Lookup::Unknown(reason) => report.unknown(format!("key of the spill bucket: {reason}")),
    }
}

/// Returns why a key cannot be used, whatever its policy allows.
fn fault_of_key(key: &KmsKey, function: &FunctionArn, is_cross_account: bool) -> Option<Finding> {
    let KmsKey { arn, state, is_aws_managed } = key;
    let region = &function.region;
    if region_of(arn) != region {
        return Some(Finding::of_owner(
            Check::Key,
            Subject::Region,
            format!("key {arn} is not in {region}, the region of the bucket"),
            "encrypt the bucket with a key of its region",
        ));
    }
    if *is_aws_managed && is_cross_account {
        return Some(Finding::of_owner(
            Check::Key,
            Subject::KeyManager,
            format!("{arn} is managed by AWS, so no other account can decrypt with it"),
            "encrypt the spill bucket with a customer managed key, or with SSE-S3",
        ));
    }
    if state == "Enabled" {
        return None;
    }
    let enable = format!("aws kms enable-key --region {region} --key-id {arn}");
    let fix = if state == "PendingDeletion" {
        format!("aws kms cancel-key-deletion --region {region} --key-id {arn}\n{enable}")
    } else {
        enable
    };
    let problem = format!("key {arn} is {state}, so spilled objects cannot be written or read");
    Some(Finding::of_owner(Check::Key, Subject::State, problem, fix))
}

/// Checks the region of the hinted key: a bucket encrypts with a key of its own region.
fn hinted_key_region(question: &Question, report: &mut Report) {
    let region = &question.function.region;
    let Some(key) = question.hints.key.as_deref().filter(|key| region_of(key) != region) else {
        return;
    };
    report.fail(Finding::of_owner(
        Check::OwnerHints,
        Subject::KeyRegion,
        format!("the hinted key {key} is not in {region}"),
        "ask the owner: a bucket is encrypted with a key of its region",
    ));
}

fn hinted_key(question: &Question, owner: &OwnerAccount, report: &mut Report) {
    let Some(KmsKey { arn, .. }) = owner.key.found() else {
        return;
    };
    if let Some(hint) = question.hints.key.as_deref().filter(|hint| hint != arn) {
        report.fail(Finding::of_owner(
            Check::OwnerHints,
            Subject::Key,
            format!("spilled objects are encrypted with {arn}, but the hint is {hint}"),
            format!("tell the consumer {arn}"),
        ));
    }
}
