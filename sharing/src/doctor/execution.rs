//! Checks that the execution role of the function can write spilled objects.

use super::{
    Check, Encryption, Finding, FunctionConfiguration, Lookup, Observed, OwnerAccount,
    PrincipalPolicies, Question, Report, Side, Subject,
    required_access::{Caller, RequiredAccess, sample_object, via_s3},
    verdict::{ResourcePolicy, Verdict, decide_identity},
};
use crate::{
    arn::FunctionArn,
    grant::{SharedFunction, SpillLocation},
    policy::{Context, Decision, decide, within_account},
};

/// A key policy that delegates to the policies of `ACCOUNT`.
const DELEGATING_KEY_POLICY: &str = r#"{"Statement": {
    "Effect": "Allow", "Principal": {"AWS": "ACCOUNT"}, "Action": "kms:*", "Resource": "*"
}}"#;

/// The policy of a resource that has none, or that is not read.
const NO_BUCKET_POLICY: ResourcePolicy<'static> =
    ResourcePolicy { check: Check::BucketPolicy, document: &Lookup::Missing };

pub(super) fn check(
    question: &Question,
    observed: &Observed,
    shared: &SharedFunction,
    report: &mut Report,
) {
    let Some(owner) = &observed.owner else {
        return;
    };
    let Some(function) = owner.function.found() else {
        return;
    };
    let policies = match &owner.role {
        Lookup::Found(policies) => policies,
        Lookup::Missing => return report.fail(missing_role(&function.role)),
        Lookup::Unknown(reason) => {
            let role = &function.role;
            return report.unknown(format!("policies of the execution role {role}: {reason}"));
        }
    };
    let check = RoleCheck { question, owner, function, policies };
    check.log(report);
    check.source(report);
    check.seal(report);
    let Some(spill) = &shared.spill else {
        return;
    };
    check.spill_bucket(shared, spill, report);
    check.block_encryption(report);
}

fn missing_role(role: &str) -> Finding {
    Finding {
        check: Check::ExecutionRole,
        subject: Subject::Existence,
        side: Side::Owner,
        problem: format!("execution role {role} does not exist"),
        fix: "set another role: aws lambda update-function-configuration --role".to_owned(),
    }
}

/// The checks of an execution role.
struct RoleCheck<'a> {
    question: &'a Question,
    owner: &'a OwnerAccount,
    function: &'a FunctionConfiguration,
    policies: &'a PrincipalPolicies,
}

impl RoleCheck<'_> {
    fn context(&self) -> Context {
        Caller::new(self.question, &self.policies.arn).direct(&self.question.function.account)
    }

    fn bucket_policy(&self) -> ResourcePolicy<'_> {
        ResourcePolicy { check: Check::BucketPolicy, document: &self.owner.bucket_policy }
    }

    fn key_policy(&self) -> ResourcePolicy<'_> {
        ResourcePolicy { check: Check::KeyPolicy, document: &self.owner.key_policy }
    }

    /// Checks the log, without which nobody learns why the function fails.
    fn log(&self, report: &mut Report) {
        let FunctionArn { partition, region, account, name } = &self.question.function;
        let default = format!("/aws/lambda/{name}");
        let group = self.function.log_group.as_ref().unwrap_or(&default);
        let resource =
            format!("arn:{partition}:logs:{region}:{account}:log-group:{group}:log-stream:x");
        let context = self.context();
        let access = ["logs:CreateLogStream", "logs:PutLogEvents"].map(|action| RequiredAccess {
            action,
            resource: resource.clone(),
            context: context.clone(),
        });
        self.decide(NO_BUCKET_POLICY, &access, report);
    }

    /// Checks reads of the source, for connectors that read objects.
    fn source(&self, report: &mut Report) {
        let Some((bucket, prefix)) = self.function.source() else {
            return;
        };
        report.unknown(format!("policy of bucket {bucket}, the source of the function"));
        let arn = format!("arn:{}:s3:::{bucket}", self.question.function.partition);
        // The bucket can belong to another account.
        let context =
            self.context().with_unknown("aws:ResourceAccount").with_unknown("s3:ResourceAccount");
        let list = RequiredAccess {
            action: "s3:ListBucket",
            resource: arn.clone(),
            context: context.clone().with("s3:prefix", [prefix]),
        };
        let read = RequiredAccess {
            action: "s3:GetObject",
            resource: format!("{arn}/{prefix}x"),
            context,
        };
        self.decide(NO_BUCKET_POLICY, &[list, read], report);
    }

    /// Checks puts into the spill bucket, and the data keys that S3 requests for them.
    fn spill_bucket(&self, shared: &SharedFunction, spill: &SpillLocation, report: &mut Report) {
        let context = self.context();
        let put = RequiredAccess {
            action: "s3:PutObject",
            resource: sample_object(shared, spill),
            context: with_put_headers(&context, self.function.requested_encryption().as_ref()),
        };
        let list = RequiredAccess {
            action: "s3:ListBucket",
            resource: spill.bucket_arn(&shared.function),
            context: context.clone(),
        };
        self.decide(self.bucket_policy(), &[put, list], report);
        if let Some(key) = self.owner.key.found().filter(|key| !key.is_aws_managed) {
            let context = via_s3(shared, spill, self.owner.has_bucket_key(), &context)
                .with_unknown("aws:ViaAWSService");
            let resource = key.arn.clone();
            let data_key = RequiredAccess { action: "kms:GenerateDataKey", resource, context };
            self.decide(self.key_policy(), &[data_key], report);
        }
    }

    /// Checks the data keys that the function requests itself to encrypt spilled blocks.
    fn block_encryption(&self, report: &mut Report) {
        let Some(key) = self.function.block_encryption_key() else {
            return;
        };
        let Some(resource) = self.key_arn(key) else {
            return report.unknown(format!("access to kms_key_id {key}: it is an alias"));
        };
        let account = &self.question.function.account;
        let context =
            self.context().without("kms:ViaService").without("kms:EncryptionContext:aws:s3:arn");
        let is_bucket_key = self.owner.key.found().is_some_and(|known| known.arn == resource);
        let data_key = RequiredAccess { action: "kms:GenerateDataKey", resource, context };
        if is_bucket_key {
            self.decide(self.key_policy(), &[data_key], report);
        } else {
            report.unknown(format!(
                "policy of kms_key_id {key}, which is assumed to delegate to its account"
            ));
            let assumed = Lookup::Found(DELEGATING_KEY_POLICY.replace("ACCOUNT", account));
            let policy = ResourcePolicy { check: Check::KeyPolicy, document: &assumed };
            self.decide(policy, &[data_key], report);
        }
    }

    /// Checks the code that the function requests once to derive the key of its seals.
    fn seal(&self, report: &mut Report) {
        let Some(key) = self.function.seal_key() else {
            return;
        };
        let Some(resource) = self.key_arn(key) else {
            return report.unknown(format!(
                "access to the key of athena_connector_seal {key}: it is an alias"
            ));
        };
        let context =
            self.context().without("kms:ViaService").with("kms:MacAlgorithm", ["HMAC_SHA_256"]);
        let mac = RequiredAccess { action: "kms:GenerateMac", resource, context };
        let document = &self.owner.seal_key_policy;
        self.decide(ResourcePolicy { check: Check::KeyPolicy, document }, &[mac], report);
    }

    /// Returns the ARN of a key by its ARN or ID; `None` for an alias.
    fn key_arn(&self, key: &str) -> Option<String> {
        let FunctionArn { partition, region, account, .. } = &self.question.function;
        match (key.starts_with("arn:"), key.contains('/')) {
            (true, _) if !key.contains(":alias/") => Some(key.to_owned()),
            (false, false) => Some(format!("arn:{partition}:kms:{region}:{account}:key/{key}")),
            _ => None,
        }
    }

    /// Decides by the policies and boundary of the role together with the resource policy, as AWS
    /// does within one account.
    fn decide(&self, policy: ResourcePolicy<'_>, access: &[RequiredAccess], report: &mut Report) {
        let Some(statements) = policy.statements(report) else {
            return;
        };
        let role = &self.function.role;
        let is_key = policy.check == Check::KeyPolicy;
        for access in access {
            let verdict =
                Verdict { check: Check::ExecutionRole, side: Side::Owner, access, principal: role };
            verdict.report_boundary(self.policies, &statements, report);
            let request = access.request(role);
            let by_identity = decide_identity(self.policies, &request);
            let by_resource = decide(&statements, &request);
            // The resource policy needs the fix if it denies, or if it is that of a key and only it
            // does not allow.
            let is_resource_at_fault = matches!(by_resource, Decision::ExplicitDeny { .. })
                || (is_key && by_identity.is_allowed() && !by_resource.is_allowed());
            let check = if is_resource_at_fault { policy.check } else { Check::ExecutionRole };
            let decision = within_account(by_identity, by_resource, is_key);
            let fix = || format!("add to a policy of {role}:\n{}", access.statement().pretty());
            Verdict { check, ..verdict }.report(&decision, fix, report);
        }
    }
}

/// Adds the condition keys of a put with the encryption headers that the function sends.
fn with_put_headers(context: &Context, requested: Option<&Encryption>) -> Context {
    const SSE: &str = "s3:x-amz-server-side-encryption";
    const KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    let context = match requested {
        None => context.clone().without(SSE).without(KEY),
        Some(Encryption { by_kms, key, .. }) => {
            let context = context.clone().with(SSE, [if *by_kms { "aws:kms" } else { "AES256" }]);
            match key {
                Some(key) => context.with(KEY, [key]),
                None => context.without(KEY),
            }
        }
    };
    context.without("s3:x-amz-acl").with_unknown("s3:if-none-match")
}
