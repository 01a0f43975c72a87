//! Requests that AWS makes for a query, with their known condition keys.

use super::{Observed, Question};
use crate::{
    arn::{FunctionArn, account_of, is_user},
    grant::{ATHENA, SharedFunction, SpillLocation, s3_service},
    policy::{Context, Request},
    policy_statement::PolicyStatement,
};

/// The key of a sample object below the spill or results prefix.
const SAMPLE_KEY: &str = "00000000-query/00000000-split.0";

/// Actions on a catalog: of queries, and of consoles and drivers that browse it.
const CATALOG_ACTIONS: [&str; 5] = [
    "athena:GetDataCatalog",
    "athena:GetDatabase",
    "athena:ListDatabases",
    "athena:GetTableMetadata",
    "athena:ListTableMetadata",
];
/// Actions on a workgroup.
const WORKGROUP_ACTIONS: [&str; 8] = [
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
    "athena:GetQueryExecution",
    "athena:BatchGetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetQueryResultsStream",
    "athena:ListQueryExecutions",
    "athena:GetWorkGroup",
];
/// Actions without resource types.
const LIST_ACTIONS: [&str; 3] =
    ["athena:ListWorkGroups", "athena:ListDataCatalogs", "athena:ListEngineVersions"];

/// A request that has to be allowed, or denied for unrelated principals.
#[derive(Debug, Clone)]
pub(super) struct RequiredAccess {
    pub(super) action: &'static str,
    pub(super) resource: String,
    pub(super) context: Context,
}

impl RequiredAccess {
    /// Returns the request as `caller` makes it.
    pub(super) fn request<'a>(&'a self, caller: &'a str) -> Request<'a> {
        Request { caller, action: self.action, resource: &self.resource, context: &self.context }
    }

    /// Returns the resource for a statement, with a wildcard instead of the sample object.
    pub(super) fn resource_pattern(&self) -> String {
        self.resource.replace(SAMPLE_KEY, "*")
    }

    /// Returns a statement that allows the request.
    pub(super) fn statement(&self) -> PolicyStatement {
        let sid: String = self.action.chars().filter(char::is_ascii_alphanumeric).collect();
        PolicyStatement::allow(&sid, self.action, &self.resource_pattern())
    }
}

/// The principal of a request, with the facts about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) principal: &'a str,
    pub(super) organization: Option<&'a str>,
    pub(super) function: &'a FunctionArn,
}

impl<'a> Caller<'a> {
    pub(super) fn new(question: &'a Question, principal: &'a str) -> Self {
        let organization = question.organization.as_deref();
        Self { principal, organization, function: &question.function }
    }

    /// Returns the context of requests that Athena makes for the principal, on resources of
    /// `account`.
    pub(super) fn through_athena(self, account: &str) -> Context {
        self.context(account)
            .with("aws:CalledVia", [ATHENA])
            .with("aws:CalledViaFirst", [ATHENA])
            .with("aws:CalledViaLast", [ATHENA])
            .with("aws:ViaAWSService", ["true"])
    }

    /// Returns the context of requests that the principal makes itself, on resources of `account`.
    pub(super) fn direct(self, account: &str) -> Context {
        self.context(account)
            .without("aws:CalledVia")
            .without("aws:CalledViaFirst")
            .without("aws:CalledViaLast")
            .with("aws:ViaAWSService", ["false"])
    }

    fn context(self, account: &str) -> Context {
        let kind = if is_user(self.principal) { "User" } else { "AssumedRole" };
        let context = Context::default()
            .with("aws:PrincipalArn", [self.principal])
            .with("aws:PrincipalAccount", [account_of(self.principal)])
            .with("aws:PrincipalType", [kind])
            .with("aws:PrincipalIsAWSService", ["false"])
            .with("aws:SecureTransport", ["true"])
            .with("aws:RequestedRegion", [&self.function.region])
            .with("aws:ResourceAccount", [account])
            .with("s3:ResourceAccount", [account])
            // Sources are set in requests of service principals only, not in requests that a
            // service makes for a principal.
            .without("aws:SourceArn")
            .without("aws:SourceAccount")
            .without("aws:SourceOrgID")
            .without("aws:SourceOrgPaths")
            .without("aws:PrincipalServiceName")
            .without("sts:ExternalId")
            .without("s3:DataAccessPointArn")
            .without("s3:DataAccessPointAccount");
        match self.organization {
            Some(id) => context.with("aws:PrincipalOrgID", [id]),
            None => context,
        }
    }
}

/// Returns the invocation of the function.
pub(super) fn invoke(shared: &SharedFunction, context: &Context) -> RequiredAccess {
    let resource = shared.function.to_string();
    let context = context.clone().with("lambda:FunctionArn", [&resource]);
    RequiredAccess { action: "lambda:InvokeFunction", resource, context }
}

/// Returns the reads of spilled objects; `s3:GetObject` comes first.
pub(super) fn read_spill(
    shared: &SharedFunction,
    spill: &SpillLocation,
    context: &Context,
) -> [RequiredAccess; 3] {
    let bucket = spill.bucket_arn(&shared.function);
    [
        ("s3:GetObject", sample_object(shared, spill)),
        ("s3:ListBucket", bucket.clone()),
        ("s3:GetBucketLocation", bucket),
    ]
    .map(|(action, resource)| RequiredAccess { action, resource, context: context.clone() })
}

/// Returns the decryption that S3 requests when it reads a spilled object; `None` without SSE-KMS.
pub(super) fn decrypt(
    shared: &SharedFunction,
    spill: &SpillLocation,
    bucket_key: Option<bool>,
    context: &Context,
) -> Option<RequiredAccess> {
    let key = spill.key.clone()?;
    // The call chain after the step of S3 is not documented.
    let context = via_s3(shared, spill, bucket_key, context)
        .with_unknown("aws:CalledVia")
        .with_unknown("aws:CalledViaFirst")
        .with_unknown("aws:CalledViaLast");
    Some(RequiredAccess { action: "kms:Decrypt", resource: key, context })
}

/// Adds the condition keys of requests that S3 makes to KMS for a principal.
///
/// The encryption context is the bucket with an S3 Bucket Key, and the object without.
pub(super) fn via_s3(
    shared: &SharedFunction,
    spill: &SpillLocation,
    bucket_key: Option<bool>,
    context: &Context,
) -> Context {
    const ENCRYPTION_CONTEXT: &str = "kms:EncryptionContext:aws:s3:arn";
    let context = context
        .clone()
        .with("kms:ViaService", [&s3_service(&shared.function)])
        .with("aws:ViaAWSService", ["true"])
        .with("kms:EncryptionContextKeys", ["aws:s3:arn"]);
    match bucket_key {
        Some(true) => context.with(ENCRYPTION_CONTEXT, [&spill.bucket_arn(&shared.function)]),
        Some(false) => context.with(ENCRYPTION_CONTEXT, [&sample_object(shared, spill)]),
        None => context.with_unknown(ENCRYPTION_CONTEXT),
    }
}

/// Returns the ARN of a sample spilled object.
pub(super) fn sample_object(shared: &SharedFunction, spill: &SpillLocation) -> String {
    let bucket = spill.bucket_arn(&shared.function);
    format!("{bucket}/{}/{SAMPLE_KEY}", spill.prefix)
}

/// Returns the access to resources of the principal's own account: Athena, the catalog, the
/// workgroup and the query results.
pub(super) fn own_account_access(
    question: &Question,
    observed: &Observed,
    principal: &str,
) -> Vec<RequiredAccess> {
    let FunctionArn { partition, region, .. } = &question.function;
    let account = account_of(principal);
    let caller = Caller::new(question, principal);
    let athena = |action, kind: &str, name: &str| RequiredAccess {
        action,
        resource: format!("arn:{partition}:athena:{region}:{account}:{kind}/{name}"),
        context: caller.direct(account),
    };
    let mut access = Vec::new();
    if let Some(name) = &question.catalog {
        access.extend(CATALOG_ACTIONS.map(|action| athena(action, "datacatalog", name)));
    }
    let Some(name) = &question.workgroup else {
        return access;
    };
    access.extend(WORKGROUP_ACTIONS.map(|action| athena(action, "workgroup", name)));
    let context = caller.direct(account).without("aws:ResourceAccount");
    access.extend(LIST_ACTIONS.map(|action| RequiredAccess {
        action,
        resource: "*".to_owned(),
        context: context.clone(),
    }));
    let workgroup = observed.consumer.as_ref().and_then(|consumer| consumer.workgroup.found());
    let output = workgroup.and_then(|workgroup| workgroup.results()?.strip_prefix("s3://"));
    if let Some(output) = output {
        // The encryption of results and the listed prefixes depend on the query.
        access.extend(results_access(output, partition, &caller.through_athena(account)));
    }
    access
}

/// Returns the access to the output location `BUCKET/PREFIX` of a workgroup.
fn results_access(output: &str, partition: &str, context: &Context) -> [RequiredAccess; 7] {
    let (bucket, prefix) = output.split_once('/').unwrap_or((output, ""));
    let bucket = format!("arn:{partition}:s3:::{bucket}");
    let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
    let object = format!("{bucket}/{prefix}{slash}{SAMPLE_KEY}");
    [
        ("s3:GetBucketLocation", &bucket),
        ("s3:ListBucket", &bucket),
        ("s3:ListBucketMultipartUploads", &bucket),
        ("s3:PutObject", &object),
        ("s3:GetObject", &object),
        ("s3:AbortMultipartUpload", &object),
        ("s3:ListMultipartUploadParts", &object),
    ]
    .map(|(action, resource)| RequiredAccess {
        action,
        resource: resource.clone(),
        context: context.clone(),
    })
}
