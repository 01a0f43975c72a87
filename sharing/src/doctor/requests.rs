//! The requests that AWS makes on the way of one query, with what is known of their context.

use super::{Observed, Question};
use crate::{
    arn::{FunctionArn, account_of},
    policy::Context,
    terms::{ATHENA, Shared, Spill, Written, s3_service},
};

/// A request that has to be allowed, or must not be.
#[derive(Debug, Clone)]
pub(super) struct Needed {
    pub(super) action: &'static str,
    pub(super) resource: String,
    pub(super) context: Context,
}

/// What is known of every request of `principal` on something in `owner`'s account.
fn context(
    principal: &str,
    organization: Option<&str>,
    function: &FunctionArn,
    owner: &str,
) -> Context {
    let account = account_of(principal);
    let kind = if principal.contains(":user/") { "User" } else { "AssumedRole" };
    let context = Context::default()
        .with("aws:PrincipalArn", [principal])
        .with("aws:PrincipalAccount", [account])
        .with("aws:PrincipalType", [kind])
        .with("aws:PrincipalIsAWSService", ["false"])
        .with("aws:SecureTransport", ["true"])
        .with("aws:RequestedRegion", [&function.region])
        .with("aws:ResourceAccount", [owner])
        .with("s3:ResourceAccount", [owner])
        // Only what a service asks for itself has a source; what it asks for a principal has none.
        .without("aws:SourceArn")
        .without("aws:SourceAccount")
        .without("aws:SourceOrgID")
        .without("aws:SourceOrgPaths")
        .without("aws:PrincipalServiceName")
        .without("sts:ExternalId")
        .without("s3:DataAccessPointArn")
        .without("s3:DataAccessPointAccount");
    match organization {
        Some(id) => context.with("aws:PrincipalOrgID", [id]),
        None => context,
    }
}

/// What Athena asks for `principal`.
pub(super) fn through_athena(
    principal: &str,
    organization: Option<&str>,
    function: &FunctionArn,
    owner: &str,
) -> Context {
    context(principal, organization, function, owner)
        .with("aws:CalledVia", [ATHENA])
        .with("aws:CalledViaFirst", [ATHENA])
        .with("aws:CalledViaLast", [ATHENA])
        .with("aws:ViaAWSService", ["true"])
}

/// What a principal asks itself.
pub(super) fn direct(
    principal: &str,
    organization: Option<&str>,
    function: &FunctionArn,
    owner: &str,
) -> Context {
    context(principal, organization, function, owner)
        .without("aws:CalledVia")
        .without("aws:CalledViaFirst")
        .without("aws:CalledViaLast")
        .with("aws:ViaAWSService", ["false"])
}

/// The call of the function.
pub(super) fn invoke(shared: &Shared, context: &Context) -> Needed {
    let context = context.clone().with("lambda:FunctionArn", [&shared.function.to_string()]);
    Needed { action: "lambda:InvokeFunction", resource: shared.function.to_string(), context }
}

/// The reads of what it spilled.
pub(super) fn read_spill(shared: &Shared, spill: &Spill, context: &Context) -> [Needed; 3] {
    let bucket = spill.bucket_arn(&shared.function);
    let needed = |action, resource: String| Needed { action, resource, context: context.clone() };
    [
        needed("s3:GetObject", object(shared, spill)),
        needed("s3:ListBucket", bucket.clone()),
        needed("s3:GetBucketLocation", bucket),
    ]
}

/// The decryption by S3 of what is read, with the encryption context that is the bucket's with a
/// bucket key, else the object's.
pub(super) fn decrypt(
    shared: &Shared,
    spill: &Spill,
    bucket_key: Option<bool>,
    context: &Context,
) -> Option<Needed> {
    let key = spill.key.clone()?;
    // What the chain of services is after the step of S3 is not documented.
    let context = by_s3(shared, spill, bucket_key, context)
        .with_unknown("aws:CalledVia")
        .with_unknown("aws:CalledViaFirst")
        .with_unknown("aws:CalledViaLast");
    Some(Needed { action: "kms:Decrypt", resource: key, context })
}

/// What S3 adds when it asks KMS for somebody.
pub(super) fn by_s3(
    shared: &Shared,
    spill: &Spill,
    bucket_key: Option<bool>,
    context: &Context,
) -> Context {
    const ENCRYPTION: &str = "kms:EncryptionContext:aws:s3:arn";
    let context = context
        .clone()
        .with("kms:ViaService", [&s3_service(&shared.function)])
        .with("aws:ViaAWSService", ["true"])
        .with("kms:EncryptionContextKeys", ["aws:s3:arn"]);
    match bucket_key {
        Some(true) => context.with(ENCRYPTION, [&spill.bucket_arn(&shared.function)]),
        Some(false) => context.with(ENCRYPTION, [&object(shared, spill)]),
        None => context.with_unknown(ENCRYPTION),
    }
}

/// An object as a query spills it.
pub(super) fn object(shared: &Shared, spill: &Spill) -> String {
    let bucket = spill.bucket_arn(&shared.function);
    format!("{bucket}/{}/{SAMPLE}", spill.prefix)
}

/// The rest of the key of an object that stands for all.
const SAMPLE: &str = "00000000-query/00000000-split.0";

impl Needed {
    /// The resource as a statement names it, with a wildcard for all objects of which one was
    /// tried.
    pub(super) fn pattern(&self) -> String {
        self.resource.replace(SAMPLE, "*")
    }

    /// A statement that allows it.
    pub(super) fn statement(&self) -> Written {
        let sid: String = self.action.chars().filter(char::is_ascii_alphanumeric).collect();
        Written::of(&sid, self.action, &self.pattern())
    }
}

/// What a query needs of the principal's own account: Athena, its catalog and workgroup, and a
/// place for results.
pub(super) fn at_home(question: &Question, observed: &Observed, principal: &str) -> Vec<Needed> {
    let function = &question.function;
    let (account, organization) = (account_of(principal), question.organization.as_deref());
    let context = direct(principal, organization, function, account);
    let arn = |kind: &str, name: &str| {
        format!("arn:{}:athena:{}:{account}:{kind}/{name}", function.partition, function.region)
    };
    let mut needed = Vec::new();
    if let Some(name) = &question.catalog {
        let resource = arn("datacatalog", name);
        needed.push(Needed { action: "athena:GetDataCatalog", resource, context: context.clone() });
    }
    let Some(name) = &question.workgroup else {
        return needed;
    };
    for action in
        ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"]
    {
        needed.push(Needed { action, resource: arn("workgroup", name), context: context.clone() });
    }
    let workgroup = observed.consumer.as_ref().and_then(|consumer| consumer.workgroup.known());
    let output = workgroup.and_then(|workgroup| workgroup.results()?.strip_prefix("s3://"));
    let Some((bucket, prefix)) =
        output.map(|output| output.split_once('/').unwrap_or((output, "")))
    else {
        return needed;
    };
    let context = through_athena(principal, organization, function, account);
    let bucket = format!("arn:{}:s3:::{bucket}", function.partition);
    let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
    let object = format!("{bucket}/{prefix}{slash}{SAMPLE}");
    for (action, resource) in [
        ("s3:GetBucketLocation", &bucket),
        ("s3:ListBucket", &bucket),
        ("s3:PutObject", &object),
        ("s3:GetObject", &object),
    ] {
        // How results are encrypted and what is listed depends on the query.
        needed.push(Needed { action, resource: resource.clone(), context: context.clone() });
    }
    needed
}
