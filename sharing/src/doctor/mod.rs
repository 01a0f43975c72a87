//! Diagnosis of failing queries: from observed settings to the missing statement.
//!
//! [`diagnose`] is pure. A [`Question`] names the function and its callers, [`Observed`] holds the
//! settings of both accounts, each found, missing or unknown, and the [`Report`] lists problems
//! with fixes, unknown facts, and passed checks. A problem is reported only if it is certain: a
//! decision that depends on a condition key whose value cannot be known outside AWS is unknown.

mod access;
mod consumer;
mod execution;
mod observed;
mod origin;
mod owner;
mod report;
mod required_access;
mod trust;
mod verdict;

pub use observed::{
    ConsumerAccount, DataCatalog, Encryption, FunctionConfiguration, KmsKey, Lookup, NamedPolicy,
    Observed, ObservedPrincipal, OwnerAccount, PrincipalPolicies, SpillBucket, Workgroup,
};
pub use report::{Check, Finding, Passed, Report, Side, Subject};

use std::fmt;

use super::{
    arn::FunctionArn,
    grant::{SharedFunction, SpillLocation},
};

/// Inputs of [`diagnose`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The function to query.
    pub function: FunctionArn,
    /// ARNs of the querying roles or users.
    pub principals: Vec<String>,
    /// ID of the organization of both accounts. Without it, conditions on the organization are
    /// unknown.
    pub organization: Option<String>,
    /// Name of the catalog for the function, in the account of the principals.
    pub catalog: Option<String>,
    /// Name of the workgroup of the queries.
    pub workgroup: Option<String>,
    /// Spill location according to the owner.
    pub hints: OwnerHints,
}

/// The spill location of a function as communicated by its owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnerHints {
    /// Spill bucket.
    pub bucket: Option<String>,
    /// Prefix of every object key.
    pub prefix: Option<String>,
    /// ARN of the KMS key of the server-side encryption.
    pub key: Option<String>,
}

/// Diagnoses access to a function.
///
/// Findings and passed checks are ordered by object: function, bucket and key, then catalog,
/// workgroup and principals, then policies, then the execution role.
///
/// # Examples
///
/// ```
/// use athena_sharing::doctor::{
///     Check, Lookup, Observed, OwnerAccount, OwnerHints, Question, Subject, diagnose,
/// };
///
/// let question = Question {
///     function: "arn:aws:lambda:us-east-1:444455556666:function:shop".parse()?,
///     principals: vec!["arn:aws:iam::111122223333:role/Analyst".to_owned()],
///     organization: None,
///     catalog: None,
///     workgroup: None,
///     hints: OwnerHints::default(),
/// };
/// // Nothing was observed, so nothing is certain.
/// let report = diagnose(&question, &Observed::default());
/// assert!(report.findings.is_empty());
/// assert!(!report.unknown.is_empty());
///
/// let owner = OwnerAccount { function: Lookup::Missing, ..OwnerAccount::default() };
/// let report = diagnose(&question, &Observed { owner: Some(owner), ..Observed::default() });
/// assert_eq!(report.findings[0].check, Check::Function);
/// assert_eq!(report.findings[0].subject, Subject::Existence);
/// # Ok::<(), athena_sharing::arn::InvalidName>(())
/// ```
pub fn diagnose(question: &Question, observed: &Observed) -> Report {
    let mut report = Report::default();
    let shared = shared_function(question, observed);
    owner::check(question, observed, &mut report);
    consumer::check(question, observed, &mut report);
    trust::check(question, observed, &shared, &mut report);
    access::check(question, observed, &shared, &mut report);
    execution::check(question, observed, &shared, &mut report);
    report
}

/// Returns the problems of the function, bucket or key that no policy can solve, and that have to
/// be fixed before the function is shared.
///
/// A missing spill bucket setting is not among them: small results need no bucket.
pub fn preconditions(question: &Question, observed: &Observed) -> Vec<Finding> {
    let mut report = Report::default();
    owner::check(question, observed, &mut report);
    report.findings.retain(|finding| finding.subject != Subject::SpillBucket);
    report.findings
}

/// A permission that the owner's credentials lack.
///
/// Displays as an error message with the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPermission {
    /// The object that could not be read.
    pub object: String,
    /// Why it could not be read.
    pub reason: String,
    /// The action that reads it.
    pub action: &'static str,
    /// The account of the object.
    pub account: String,
}

impl fmt::Display for MissingPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, reason, action, account } = self;
        write!(
            f,
            "{object} cannot be read: {reason}; use credentials of account {account} with {action}"
        )
    }
}

/// Returns the first permission that `owner`'s credentials lack to read everything that a grant or
/// its removal depends on.
///
/// A partially applied grant would open the function while the key stays closed, or the reverse.
pub fn missing_permission(
    function: &FunctionArn,
    owner: &OwnerAccount,
) -> Option<MissingPermission> {
    let missing = |object: String, reason: &str, action: &'static str| {
        let account = function.account.clone();
        Some(MissingPermission { object, reason: reason.to_owned(), action, account })
    };
    let configuration = match &owner.function {
        Lookup::Found(configuration) => configuration,
        Lookup::Missing => return None,
        Lookup::Unknown(reason) => {
            return missing(function.to_string(), reason, "lambda:GetFunctionConfiguration");
        }
    };
    if let Lookup::Unknown(reason) = &owner.function_policy {
        let object = format!("the policy of function {}", function.name);
        return missing(object, reason, "lambda:GetPolicy");
    }
    let bucket = configuration.spill_bucket()?;
    if let Lookup::Unknown(reason) = &owner.bucket_policy {
        return missing(format!("the policy of bucket {bucket}"), reason, "s3:GetBucketPolicy");
    }
    match (&owner.key, &owner.key_policy) {
        (Lookup::Unknown(reason), _) => {
            let action = if owner.encryption().is_some() {
                "kms:DescribeKey"
            } else {
                "s3:GetEncryptionConfiguration"
            };
            missing(format!("the encryption key of bucket {bucket}"), reason, action)
        }
        (Lookup::Found(key), Lookup::Unknown(reason)) => {
            missing(format!("the policy of key {}", key.arn), reason, "kms:GetKeyPolicy")
        }
        (Lookup::Found(_) | Lookup::Missing, _) => None,
    }
}

/// Returns the function with its spill location: from its configuration if known, else from the
/// hints of the owner.
pub fn shared_function(question: &Question, observed: &Observed) -> SharedFunction {
    let owner = observed.owner.as_ref();
    let hints = &question.hints;
    let (bucket, prefix) = match owner.and_then(|owner| owner.function.found()) {
        Some(function) => (function.spill_bucket(), Some(function.spill_prefix())),
        None => (hints.bucket.clone(), hints.prefix.clone()),
    };
    let key = match owner.map(|owner| &owner.key) {
        Some(Lookup::Found(key)) => Some(key.arn.clone()),
        Some(Lookup::Missing) => None,
        Some(Lookup::Unknown(_)) | None => hints.key.clone(),
    };
    let spill = bucket.zip(prefix).map(|(bucket, prefix)| SpillLocation {
        bucket,
        prefix: trim_slash(&prefix).to_owned(),
        key,
    });
    SharedFunction { function: question.function.clone(), spill }
}

/// Returns `prefix` without trailing slashes.
fn trim_slash(prefix: &str) -> &str {
    prefix.trim_end_matches('/')
}

#[cfg(test)]
mod tests;
