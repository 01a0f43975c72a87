//! Whether the function's own role may write what it spills.

use super::{
    Observed, Owner, Question, Report, Seen, Side,
    access::{Verdict, by_boundary_at_home, by_own_policies, request, statements},
    observed::{Function, Identity},
    requests::{Needed, by_s3, direct, object},
};
use crate::{
    policy::{Context, Decision, decide, within_account},
    terms::{Shared, Spill},
};

pub(super) fn check(
    question: &Question,
    observed: &Observed,
    shared: &Shared,
    report: &mut Report,
) {
    let Some((owner, function)) =
        observed.owner.as_ref().and_then(|owner| Some((owner, owner.function.known()?)))
    else {
        return;
    };
    let identity = match &owner.role {
        Seen::Known(identity) => identity,
        Seen::Missing => {
            let what = format!("role {} of the function does not exist", function.role);
            let fix =
                "give the function another role: aws lambda update-function-configuration --role"
                    .to_owned();
            let subject = "exists".to_owned();
            return report.wrong(super::Finding {
                check: "execution-role",
                subject,
                side: Side::Owner,
                what,
                fix,
            });
        }
        Seen::Hidden(why) => {
            return report
                .unseen(format!("policies of the function's role {}: {why}", function.role));
        }
    };
    let Some(spill) = &shared.spill else {
        return;
    };
    let context = direct(
        &identity.arn,
        question.organization.as_deref(),
        &question.function,
        &question.function.account,
    );
    let mut bucket = Vec::new();
    bucket.push(write(shared, spill, function, &context));
    let resource = spill.bucket_arn(&shared.function);
    bucket.push(Needed { action: "s3:ListBucket", resource, context: context.clone() });
    decided(owner, ("bucket-policy", &owner.bucket_policy), identity, &bucket, report);

    if let Some(key) = owner.key.known().filter(|key| !key.by_aws) {
        let bucket_key = owner.encryption().map(|encryption| encryption.bucket_key);
        let context = by_s3(shared, spill, bucket_key, &context).with_unknown("aws:ViaAWSService");
        let needed = Needed { action: "kms:GenerateDataKey", resource: key.arn.clone(), context };
        decided(owner, ("key-policy", &owner.key_policy), identity, &[needed], report);
    }
    sealing(question, owner, function, (identity, &context), report);
}

/// A put as the function makes it, with the headers that it is told to send.
fn write(shared: &Shared, spill: &Spill, function: &Function, context: &Context) -> Needed {
    const SSE: &str = "s3:x-amz-server-side-encryption";
    const KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    let context = match function.asked_encryption() {
        None => context.clone().without(SSE).without(KEY),
        Some(asked) => {
            let context =
                context.clone().with(SSE, [if asked.by_kms { "aws:kms" } else { "AES256" }]);
            match &asked.key {
                Some(key) => context.with(KEY, [key]),
                None => context.without(KEY),
            }
        }
    };
    let context = context.without("s3:x-amz-acl").with_unknown("s3:if-none-match");
    Needed { action: "s3:PutObject", resource: object(shared, spill), context }
}

/// Data keys with which the function itself seals what it spills.
fn sealing(
    question: &Question,
    owner: &Owner,
    function: &Function,
    (identity, context): (&Identity, &Context),
    report: &mut Report,
) {
    let Some(key) = function.sealing_key() else {
        return;
    };
    let arn = question.function.clone();
    let resource = match (key.starts_with("arn:"), key.contains('/')) {
        (true, _) if !key.contains(":alias/") => key.to_owned(),
        (false, false) => {
            format!("arn:{}:kms:{}:{}:key/{key}", arn.partition, arn.region, arn.account)
        }
        _ => {
            return report
                .unseen(format!("whether the function may use kms_key_id {key}: it is an alias"));
        }
    };
    // Asked by the function itself, without S3 between.
    let context =
        context.clone().without("kms:ViaService").without("kms:EncryptionContext:aws:s3:arn");
    let same = owner.key.known().is_some_and(|known| known.arn == resource);
    let needed = Needed { action: "kms:GenerateDataKey", resource, context };
    if same {
        decided(owner, ("key-policy", &owner.key_policy), identity, &[needed], report);
    } else {
        let hidden = Seen::Known(DELEGATES.replace("ACCOUNT", &arn.account));
        report.unseen(format!(
            "policy of kms_key_id {key}, which is taken to leave it to the account"
        ));
        decided(owner, ("key-policy", &hidden), identity, &[needed], report);
    }
}

const DELEGATES: &str = r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "ACCOUNT"}, "Action": "kms:*", "Resource": "*"}}"#;

/// Decides by the role's policies, that of the resource and what bounds the role together, as
/// within one account.
fn decided(
    owner: &Owner,
    (check, policy): (&'static str, &Seen<String>),
    identity: &Identity,
    needed: &[Needed],
    report: &mut Report,
) {
    let Some(resource) = statements(check, policy, report) else {
        return;
    };
    let role = owner.function.known().map_or(identity.arn.as_str(), |function| &function.role);
    for needed in needed {
        let request = request(role, needed);
        let subject = format!("{} for {role}", needed.action);
        let bound = Verdict {
            check: "permissions-boundary",
            subject: subject.clone(),
            side: Side::Owner,
            needed,
            principal: role,
        };
        by_boundary_at_home(bound, identity, (&resource, &request), report);
        let (own, resource) = (by_own_policies(identity, &request), decide(&resource, &request));
        let is_key = check == "key-policy";
        // Whose policy it is that has to be mended.
        let by_resource = matches!(resource, Decision::Denied { .. })
            || (is_key && own.is_allowed() && !resource.is_allowed());
        let decision = within_account(own, resource, is_key);
        let check = if by_resource { check } else { "execution-role" };
        let fix = || format!("put into a policy of {role}:\n{}", needed.statement().pretty());
        Verdict { check, subject, side: Side::Owner, needed, principal: role }
            .say(&decision, fix, report);
    }
}
