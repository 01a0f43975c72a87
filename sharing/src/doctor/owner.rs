//! The things of the owner by themselves: the function, its bucket, its key.

use super::{Finding, Observed, Question, Report, Seen, Side, observed::Function, trimmed};
use crate::arn::{account_of, region_of};

fn wrong(check: &'static str, subject: &str, what: String, fix: String) -> Finding {
    Finding { check, subject: subject.to_owned(), side: Side::Owner, what, fix }
}

pub(super) fn check(question: &Question, observed: &Observed, report: &mut Report) {
    region(question, observed, report);
    let told = question.told.key.as_deref();
    if let Some(key) = told.filter(|key| region_of(key) != question.function.region) {
        let what =
            format!("key {key}, as the consumer was told, is not in {}", question.function.region);
        let fix = "ask the owner: a bucket is encrypted with a key of its own region".to_owned();
        report.wrong(wrong("told", "key region", what, fix));
    }
    let Some(owner) = &observed.owner else {
        let account = &question.function.account;
        report.unseen(format!(
            "the owner's side: the policies of function, bucket and key, and the function's role; let somebody with credentials \
             of account {account} run this command, or add --profile"
        ));
        return;
    };
    let arn = question.function.to_string();
    match &owner.function {
        Seen::Known(function) => configured(question, function, report),
        Seen::Missing => report.wrong(wrong(
            "function",
            "exists",
            format!("{arn} does not exist"),
            format!(
                "deploy it, or ask for the right ARN: aws lambda list-functions --region {}",
                question.function.region
            ),
        )),
        Seen::Hidden(why) => report.unseen(format!("function {arn}: {why}")),
    }
    bucket(question, observed, report);
    key(question, observed, report);
}

fn configured(question: &Question, function: &Function, report: &mut Report) {
    let Question { function: arn, told, .. } = question;
    if function.state == "Active" {
        report.passed("function", "state");
    } else {
        let what = format!("{arn} is {}, so it cannot be invoked", function.state);
        let fix = format!(
            "aws lambda get-function-configuration --region {} --function-name {}",
            arn.region, arn.name
        );
        report.wrong(wrong("function", "state", what, fix));
    }
    let Some(bucket) = function.spill_bucket() else {
        let what = format!("{arn} has no variable spill_bucket, so every answer over 6 MB fails");
        report.wrong(wrong(
            "function",
            "spill_bucket",
            what,
            "set spill_bucket and spill_prefix in its environment".into(),
        ));
        return;
    };
    report.passed("function", "spill_bucket");
    let mut compare = |subject, told: Option<&str>, is: &str| {
        if let Some(told) = told.filter(|told| trimmed(told) != trimmed(is)) {
            let what = format!(
                "{arn} spills to {subject} {is:?}, not to {told:?} as the consumer was told"
            );
            let fix = format!("tell the consumer {is:?}, or change the variable of the function");
            report.wrong(wrong("told", subject, what, fix));
        }
    };
    compare("bucket", told.bucket.as_deref(), &bucket);
    compare("prefix", told.prefix.as_deref(), &function.spill_prefix());
}

/// Region of the bucket, which anybody can see.
fn region(question: &Question, observed: &Observed, report: &mut Report) {
    let owner = observed.owner.as_ref();
    let name = owner
        .and_then(|owner| owner.function.known())
        .map_or_else(|| question.told.bucket.clone(), Function::spill_bucket);
    let Some(name) = name else {
        if owner.is_none() {
            report.unseen(
                "where the function spills: ask its owner, and add --spill-bucket and --spill-prefix".to_owned(),
            );
        }
        return;
    };
    let function = &question.function;
    match &observed.spill_region {
        Seen::Known(region) if *region == function.region => report.passed("bucket", "region"),
        Seen::Known(region) => {
            let what = format!(
                "spill bucket {name} is in {region}, and the function in {}",
                function.region
            );
            let fix = format!(
                "make a bucket in {} and set spill_bucket of the function to it",
                function.region
            );
            report.wrong(wrong("bucket", "region", what, fix));
        }
        Seen::Missing => {
            let what = format!("spill bucket {name} does not exist");
            let fix = format!(
                "aws s3api create-bucket --bucket {name} --region {}, or set spill_bucket",
                function.region
            );
            report.wrong(wrong("bucket", "exists", what, fix));
        }
        Seen::Hidden(why) => report.unseen(format!("region of spill bucket {name}: {why}")),
    }
}

fn bucket(question: &Question, observed: &Observed, report: &mut Report) {
    let Some(owner) = &observed.owner else {
        return;
    };
    let Some(name) = owner.function.known().and_then(Function::spill_bucket) else {
        return;
    };
    let account = &question.function.account;
    match &owner.bucket {
        Seen::Known(bucket) => {
            match bucket.is_own {
                Some(true) => report.passed("bucket", "account"),
                Some(false) if observed.spill_region != Seen::Missing => {
                    let what = format!(
                        "spill bucket {name} is none of account {account}: somebody else has that name"
                    );
                    let fix = format!(
                        "make a bucket in account {account} and set spill_bucket of the function to it"
                    );
                    report.wrong(wrong("bucket", "account", what, fix));
                }
                Some(false) => {}
                None => report
                    .unseen(format!("whose spill bucket {name} is: s3:ListAllMyBuckets is needed")),
            }
            if let Seen::Hidden(why) = &bucket.encryption {
                report.unseen(format!("default encryption of {name}: {why}"));
            }
        }
        // That it is not there was said with its region.
        Seen::Missing => {}
        Seen::Hidden(why) => report.unseen(format!("spill bucket {name}: {why}")),
    }
}

fn key(question: &Question, observed: &Observed, report: &mut Report) {
    let Some(owner) = &observed.owner else {
        return;
    };
    let function = &question.function;
    let others =
        question.principals.iter().any(|principal| account_of(principal) != function.account);
    let by_kms = owner.encryption().is_some_and(|encryption| encryption.by_kms);
    match &owner.key {
        Seen::Known(key) => {
            let subject =
                |what: String, subject: &str, fix: String| wrong("key", subject, what, fix);
            if region_of(&key.arn) != function.region {
                let what =
                    format!("key {} is not in {}, where the bucket is", key.arn, function.region);
                report.wrong(subject(
                    what,
                    "region",
                    "encrypt the bucket with a key of its own region".to_owned(),
                ));
            } else if key.by_aws && others {
                let what = format!(
                    "{} is managed by AWS, so no other account can ever decrypt with it",
                    key.arn
                );
                let fix =
                    "encrypt the spill bucket with a key of your own, or with SSE-S3".to_owned();
                report.wrong(subject(what, "manager", fix));
            } else if key.state == "Enabled" {
                report.passed("key", "state");
            } else {
                let what = format!(
                    "key {} is {}, so nothing spilled can be written or read",
                    key.arn, key.state
                );
                let enable =
                    format!("aws kms enable-key --region {} --key-id {}", function.region, key.arn);
                let cancel = format!(
                    "aws kms cancel-key-deletion --region {} --key-id {}",
                    function.region, key.arn
                );
                let fix = if key.state == "PendingDeletion" {
                    format!("{cancel}\n{enable}")
                } else {
                    enable
                };
                report.wrong(subject(what, "state", fix));
            }
            if let Some(told) = question.told.key.as_deref().filter(|told| *told != key.arn) {
                let what = format!(
                    "what is spilled is encrypted with {}, not with {told} as the consumer was told",
                    key.arn
                );
                report.wrong(wrong("told", "key", what, format!("tell the consumer {}", key.arn)));
            }
        }
        Seen::Missing if by_kms => {
            let name = owner.encryption().and_then(|encryption| encryption.key).unwrap_or_default();
            let what = format!(
                "the key {name:?} with which the spill bucket encrypts does not exist in {}",
                function.region
            );
            let fix =
                "set the default encryption of the bucket to a key of its own region, or to SSE-S3"
                    .to_owned();
            report.wrong(wrong("key", "exists", what, fix));
        }
        Seen::Missing => {}
        Seen::Hidden(why) => report.unseen(format!("the key of the spill bucket: {why}")),
    }
}
