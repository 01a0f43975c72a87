//! Why a shared function cannot be queried: from what could be seen to the statement that is
//! missing.
//!
//! [`diagnose`] is pure: [`Question`] is what was asked, [`Observed`] what AWS showed, each part of
//! it known, missing or hidden, and the [`Report`] has what is wrong with the fix to paste, what
//! was found in order, and what could not be seen. It says that something is wrong only if that is
//! sure: what depends on a condition whose value nobody outside AWS can know is reported as not
//! seen.

mod access;
mod consumer;
mod execution;
mod observed;
mod owner;
mod report;
mod requests;

pub use observed::{
    Bucket, Catalog, Consumer, Encryption, Function, Identity, Key, NamedPolicy, Observed, Owner,
    Seen, Workgroup,
};
pub use report::{Finding, Report, Side};

use super::{
    arn::FunctionArn,
    terms::{Shared, Spill},
};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The function that cannot be queried, or that should be.
    pub function: FunctionArn,
    /// ARNs of the roles or users who query it.
    pub principals: Vec<String>,
    /// The organization of both accounts, if there is one.
    pub organization: Option<String>,
    /// The catalog in the account of the principals under which the function is registered.
    pub catalog: Option<String>,
    /// The workgroup in which they query.
    pub workgroup: Option<String>,
    /// Where the function spills, as its owner said.
    pub told: Told,
}

/// What the owner of a function said to those who query it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The spill bucket.
    pub bucket: Option<String>,
    /// What every key in it begins with.
    pub prefix: Option<String>,
    /// ARN of the key with which S3 encrypts in it.
    pub key: Option<String>,
}

/// Finds out what is wrong.
///
/// ```
/// use athena_sharing::doctor::{diagnose, Observed, Question, Told};
///
/// let question = Question {
///     function: "arn:aws:lambda:us-east-1:444455556666:function:shop".parse()?,
///     principals: vec!["arn:aws:iam::111122223333:role/Analyst".to_owned()],
///     organization: None,
///     catalog: None,
///     workgroup: None,
///     told: Told::default(),
/// };
/// let report = diagnose(&question, &Observed::default());
/// assert!(report.findings.is_empty());
/// assert!(!report.unseen.is_empty()); // neither side was looked at
/// # Ok::<(), athena_sharing::arn::InvalidName>(())
/// ```
pub fn diagnose(question: &Question, observed: &Observed) -> Report {
    let mut report = Report::default();
    let shared = shared(question, observed);
    owner::check(question, observed, &mut report);
    consumer::check(question, observed, &mut report);
    access::check(question, observed, &shared, &mut report);
    execution::check(question, observed, &shared, &mut report);
    report
}

/// What keeps a function from being shared at all, whatever the policies say: it, its bucket or its
/// key.
pub fn obstacles(question: &Question, observed: &Observed) -> Vec<Finding> {
    let mut report = Report::default();
    owner::check(question, observed, &mut report);
    let mut faults = report.findings;
    // Small answers can be had without a bucket.
    faults.retain(|finding| finding.subject != "spill_bucket");
    faults
}

/// What of its own side `owner` could not see and has to, before a share is written or taken back:
/// what it is, why, and what to do.
///
/// Without it a share would open the function and leave the key closed, or close the one and leave
/// the other open.
pub fn hidden_from_owner(function: &FunctionArn, owner: &Owner) -> Option<String> {
    let hidden = |what: String, why: &str, takes: &str| {
        Some(format!(
            "{what} cannot be seen: {why}; use credentials of account {} with {takes}",
            function.account
        ))
    };
    let configured = match &owner.function {
        Seen::Known(configured) => configured,
        Seen::Missing => return None,
        Seen::Hidden(why) => {
            return hidden(function.to_string(), why, "lambda:GetFunctionConfiguration");
        }
    };
    if let Seen::Hidden(why) = &owner.function_policy {
        return hidden(
            format!("the policy of function {}", function.name),
            why,
            "lambda:GetPolicy",
        );
    }
    let bucket = configured.spill_bucket()?;
    if let Seen::Hidden(why) = &owner.bucket_policy {
        return hidden(format!("the policy of bucket {bucket}"), why, "s3:GetBucketPolicy");
    }
    match (&owner.key, &owner.key_policy) {
        (Seen::Hidden(why), _) => {
            let takes = if owner.encryption().is_some() {
                "kms:DescribeKey"
            } else {
                "s3:GetEncryptionConfiguration"
            };
            hidden(format!("the key with which bucket {bucket} encrypts"), why, takes)
        }
        (Seen::Known(key), Seen::Hidden(why)) => {
            hidden(format!("the policy of key {}", key.arn), why, "kms:GetKeyPolicy")
        }
        (Seen::Known(_) | Seen::Missing, _) => None,
    }
}

/// Where the function spills: as it is configured where that is known, else as its owner said.
pub fn shared(question: &Question, observed: &Observed) -> Shared {
    let function = observed.owner.as_ref().and_then(|owner| owner.function.known());
    let told = &question.told;
    let (bucket, prefix) = match function {
        Some(function) => (function.spill_bucket(), Some(function.spill_prefix())),
        None => (told.bucket.clone(), told.prefix.clone()),
    };
    let key = match observed.owner.as_ref().map(|owner| &owner.key) {
        Some(Seen::Known(key)) => Some(key.arn.clone()),
        Some(Seen::Missing) => None,
        Some(Seen::Hidden(_)) | None => told.key.clone(),
    };
    let spill = match (bucket, prefix) {
        (Some(bucket), Some(prefix)) => {
            Some(Spill { bucket, prefix: trimmed(&prefix).to_owned(), key })
        }
        _ => None,
    };
    Shared { function: question.function.clone(), spill }
}

/// A prefix without the slash that may end it.
pub(super) fn trimmed(prefix: &str) -> &str {
    prefix.trim_end_matches('/')
}

#[cfg(test)]
mod tests;
