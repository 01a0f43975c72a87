//! Changes to policies, planned before anything is written.

use std::{borrow::Cow, fmt};

use super::{
    Error, ErrorKind, arn::is_user, policy, policy_edit, policy_statement::PolicyStatement,
};

/// The resource or principal whose policy changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyTarget {
    /// The function.
    Function,
    /// The spill bucket.
    Bucket,
    /// The KMS key.
    Key,
    /// A role of the consumer.
    Role,
    /// An IAM user of the consumer.
    User,
}

impl PolicyTarget {
    /// Returns the target of the role or user with an ARN.
    pub fn of_principal(arn: &str) -> Self {
        if is_user(arn) { Self::User } else { Self::Role }
    }

    /// Returns the size limit of the policy, in bytes. The limit of a role or user applies to all
    /// of its inline policies together.
    pub fn size_limit(self) -> usize {
        match self {
            Self::Function | Self::Bucket => 20 * 1024,
            Self::Key => 32 * 1024,
            Self::Role => 10 * 1024,
            Self::User => 2 * 1024,
        }
    }

    /// Returns the remedy for a policy that exceeds its size limit.
    fn remedy_of_size(self) -> &'static str {
        match self {
            Self::Function | Self::Bucket | Self::Key => {
                "share with the account or organization instead of single roles"
            }
            Self::Role | Self::User => {
                "attach a managed policy with the statements of the instructions instead"
            }
        }
    }
}

/// Writes `policy of function`, to be followed by the name of the resource.
impl fmt::Display for PolicyTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Function => "policy of function",
            Self::Bucket => "policy of bucket",
            Self::Key => "policy of key",
            Self::Role => "inline policy of role",
            Self::User => "inline policy of user",
        })
    }
}

/// A policy before and after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyChange {
    /// The kind of resource.
    pub target: PolicyTarget,
    /// Name of the function or bucket, or ARN of the key, role or user.
    pub resource: String,
    /// The current document; `None` if there is no policy.
    pub before: Option<String>,
    /// The changed document; `None` if no statement remains.
    pub after: Option<String>,
    /// Removed statements, in order.
    pub removed: Vec<RemovedStatement>,
    /// Added statements, in order.
    pub added: Vec<PolicyStatement>,
    /// `Sid`s of wanted statements that exist already.
    pub kept: Vec<String>,
}

/// A statement that a change removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedStatement {
    /// `Sid`.
    pub sid: String,
    /// Text in the document.
    pub text: String,
}

impl PolicyChange {
    fn new(target: PolicyTarget, resource: &str, before: Option<&str>) -> Self {
        Self {
            target,
            resource: resource.to_owned(),
            before: before.map(str::to_owned),
            after: before.map(str::to_owned),
            removed: Vec::new(),
            added: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Plans the insertion of the statements that `before` lacks.
    ///
    /// Statements with the same `Sid` and another meaning are replaced. The change is
    /// [empty](Self::is_empty) if every statement exists.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPolicy`] if `before` is not a policy, and [`ErrorKind::PolicyTooLarge`]
    /// if the changed document would exceed the [size limit](PolicyTarget::size_limit).
    ///
    /// # Examples
    ///
    /// ```
    /// use athena_sharing::{
    ///     policy_change::{PolicyChange, PolicyTarget},
    ///     policy_statement::PolicyStatement,
    /// };
    ///
    /// let wanted = [PolicyStatement::allow("Read", "s3:GetObject", "arn:aws:s3:::spill/*")];
    /// let change = PolicyChange::insert(PolicyTarget::Bucket, "spill", None, &wanted)?;
    /// let again =
    ///     PolicyChange::insert(PolicyTarget::Bucket, "spill", change.after.as_deref(), &wanted)?;
    /// assert!(!change.is_empty());
    /// assert!(again.is_empty());
    /// # Ok::<(), athena_sharing::Error>(())
    /// ```
    pub fn insert(
        target: PolicyTarget,
        resource: &str,
        before: Option<&str>,
        wanted: &[PolicyStatement],
    ) -> Result<Self, Error> {
        Self::new(target, resource, before).and_insert(wanted)
    }

    /// Plans the insertion of statements in addition to the change.
    pub(crate) fn and_insert(mut self, wanted: &[PolicyStatement]) -> Result<Self, Error> {
        for statement in wanted {
            let text = statement.compact();
            if let Some(existing) = self.find(&statement.sid)? {
                if is_equivalent(&existing, &text) {
                    self.kept.push(statement.sid.clone());
                    continue;
                }
                self.remove_one(&statement.sid)?;
            }
            self.after = Some(policy_edit::insert_statement(self.after.as_deref(), &text)?);
            self.added.push(statement.clone());
        }
        let size = self.after.as_ref().map_or(0, String::len);
        let limit = self.target.size_limit();
        if self.is_empty() || size <= limit {
            return Ok(self);
        }
        let Self { target, resource, .. } = &self;
        let remedy = target.remedy_of_size();
        Err(Error::new(
            ErrorKind::PolicyTooLarge,
            format!(
                "the {target} {resource} would have {size} bytes, more than the limit of {limit}: \
                 {remedy}"
            ),
        ))
    }

    /// Plans the removal of the statements with the given `Sid`s, and of no others.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPolicy`] if `before` is not a policy.
    pub fn remove(
        target: PolicyTarget,
        resource: &str,
        before: Option<&str>,
        sids: &[String],
    ) -> Result<Self, Error> {
        let mut change = Self::new(target, resource, before);
        for sid in sids {
            if change.find(sid)?.is_some() {
                change.remove_one(sid)?;
            }
        }
        Ok(change)
    }

    /// Returns whether the policy stays as it is.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }

    fn find(&self, sid: &str) -> Result<Option<String>, Error> {
        let Some(text) = &self.after else {
            return Ok(None);
        };
        let found = policy_edit::find_statement(text, sid).map_err(|error| {
            let message = format!("the {} {} cannot be read", self.target, self.resource);
            Error::from(error).context(message)
        })?;
        Ok(found.map(str::to_owned))
    }

    fn remove_one(&mut self, sid: &str) -> Result<(), Error> {
        let Some(document) = self.after.take() else {
            return Ok(());
        };
        let text = policy_edit::find_statement(&document, sid)?.unwrap_or_default().to_owned();
        self.removed.push(RemovedStatement { sid: sid.to_owned(), text });
        self.after = policy_edit::remove_statement(&document, sid)?.map(Cow::into_owned);
        Ok(())
    }
}

/// Writes the difference: removed lines with `-`, added lines with `+`.
impl fmt::Display for PolicyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.target, self.resource)?;
        for sid in &self.kept {
            writeln!(f, "  {sid} exists already")?;
        }
        for line in self.removed.iter().flat_map(|statement| statement.text.lines()) {
            writeln!(f, "- {line}")?;
        }
        for statement in &self.added {
            for line in statement.pretty().lines() {
                writeln!(f, "+ {line}")?;
            }
        }
        if self.is_empty() && self.kept.is_empty() {
            writeln!(f, "  no statement of this grant exists")?;
        }
        Ok(())
    }
}

/// Returns whether two statements are equivalent: AWS normalizes lists and account principals.
fn is_equivalent(one: &str, other: &str) -> bool {
    let parse = |text: &str| policy::parse(&format!(r#"{{"Statement":[{text}]}}"#));
    matches!((parse(one), parse(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::{Grant, SharedFunction};

    const ROLE: &str = "arn:aws:iam::111122223333:role/Analyst";
    const OTHERS: &str = r#"{ "Version": "2012-10-17",
  "Statement": [ {"Sid": "Other", "Effect": "Deny", "Principal": "*", "Action": "*"} ] }
"#;

    fn wanted(consumer: &str, through_athena: bool) -> Vec<PolicyStatement> {
        let function = "arn:aws:lambda:us-east-1:444455556666:function:shop".parse().unwrap();
        let grant = Grant {
            consumer: consumer.parse().unwrap(),
            organization: None,
            through_athena,
            by_add_permission: false,
        };
        grant.function_policy(&SharedFunction { function, spill: None })
    }

    fn insert(before: Option<&str>, wanted: &[PolicyStatement]) -> PolicyChange {
        PolicyChange::insert(PolicyTarget::Function, "shop", before, wanted).unwrap()
    }

    fn sids(wanted: &[PolicyStatement]) -> Vec<String> {
        wanted.iter().map(|statement| statement.sid.clone()).collect()
    }

    #[test]
    fn insertion_is_idempotent_and_removal_restores_every_byte() {
        for before in [None, Some(OTHERS)] {
            let wanted = wanted(ROLE, true);
            let once = insert(before, &wanted).after.unwrap();
            let twice = insert(Some(&once), &wanted);
            assert!(twice.is_empty());
            assert_eq!(twice.after.as_deref(), Some(once.as_str()));
            let back =
                PolicyChange::remove(PolicyTarget::Function, "shop", Some(&once), &sids(&wanted))
                    .unwrap();
            assert_eq!(back.after.as_deref(), before);
            let again =
                PolicyChange::remove(PolicyTarget::Function, "shop", before, &sids(&wanted))
                    .unwrap();
            assert!(again.is_empty());
        }
    }

    #[test]
    fn removing_a_grant_leaves_other_grants() {
        let role = wanted(ROLE, true);
        let account = wanted("111122223333", true);
        let one = insert(Some(OTHERS), &role).after.unwrap();
        let both = insert(Some(&one), &account).after.unwrap();
        let back =
            PolicyChange::remove(PolicyTarget::Function, "shop", Some(&both), &sids(&account))
                .unwrap();
        assert_eq!(back.after, Some(one));
    }

    #[test]
    fn a_statement_normalized_by_aws_is_kept() {
        let wanted = wanted("111122223333", false);
        let once = insert(None, &wanted).after.unwrap();
        let normalized = once.replace(r#""arn:aws:iam::111122223333:root""#, r#"["111122223333"]"#);
        assert_ne!(normalized, once);
        assert!(insert(Some(&normalized), &wanted).is_empty());
    }

    #[test]
    fn a_grant_with_other_conditions_replaces_the_statement() {
        let once = insert(Some(OTHERS), &wanted(ROLE, true)).after.unwrap();
        let changed = insert(Some(&once), &wanted(ROLE, false));
        assert_eq!((changed.removed.len(), changed.added.len()), (1, 1));
        assert!(!changed.after.unwrap().contains("aws:CalledVia"));
        let lines = insert(Some(&once), &wanted(ROLE, false)).to_string();
        assert!(
            lines.lines().any(|line| line.starts_with("- "))
                && lines.lines().any(|line| line.starts_with("+ "))
        );
    }

    #[test]
    fn a_policy_over_the_size_limit_is_refused() {
        let many: Vec<_> = (0..60).flat_map(|at| wanted(&format!("{ROLE}{at}"), true)).collect();
        let error =
            PolicyChange::insert(PolicyTarget::Function, "shop", Some(OTHERS), &many).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PolicyTooLarge);
        assert!(error.to_string().contains("20480"), "{error}");
        assert!(PolicyChange::insert(PolicyTarget::Key, "key", Some(OTHERS), &many).is_ok());
    }

    #[test]
    fn an_invalid_policy_is_not_overwritten() {
        assert!(
            PolicyChange::insert(PolicyTarget::Bucket, "spill", Some("[]"), &wanted(ROLE, true))
                .is_err()
        );
    }
}
