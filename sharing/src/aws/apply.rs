//! Application of policy changes, all or none.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use serde_json::Value as Json;

use super::{
    account::Account, iam_identity::IamIdentity, lookup::request_failed,
    principal::observe_connector_policy,
};
use crate::{
    Error, ErrorKind, add_permission,
    arn::{FunctionArn, account_of},
    doctor::Lookup,
    identity_policy::POLICY_NAME,
    policy_change::{PolicyChange, PolicyTarget, RemovedStatement},
};

/// Applies `changes` in order; if one fails, restores the policies changed before it.
///
/// `accounts` are credentials of the function's account, and of those of the changed roles and
/// users.
///
/// With `by_add_permission`, the function policy is changed statement by statement by
/// `AddPermission` and `RemovePermission`. Otherwise it is replaced as a whole, and only if it has
/// not changed since it was read. Empty changes are skipped. Not cancel-safe: a dropped future can
/// leave a part of the changes applied.
///
/// # Errors
///
/// - [`ErrorKind::InvalidCredentials`]: an account is missing; nothing was changed.
/// - [`ErrorKind::Unsupported`]: `AddPermission` could not restore a removed statement; nothing was
///   changed.
/// - [`ErrorKind::Conflict`]: a policy has changed since it was read; nothing was changed.
/// - [`ErrorKind::InvalidPolicy`]: the change would leave a key without a policy; nothing was
///   changed.
/// - [`ErrorKind::RequestFailed`]: AWS rejected a request; nothing was changed.
/// - [`ErrorKind::PartialFailure`]: a policy could not be restored.
///
/// # Examples
///
/// ```no_run
/// use athena_sharing::{
///     arn::FunctionArn,
///     aws::{Account, apply},
///     grant::{Grant, SharedFunction},
///     policy_change::{PolicyChange, PolicyTarget},
/// };
///
/// # async fn share() -> Result<(), Box<dyn std::error::Error>> {
/// let account = Account::open(None).await?;
/// let function: FunctionArn = "arn:aws:lambda:us-east-1:444455556666:function:shop".parse()?;
/// let shared = SharedFunction { function: function.clone(), spill: None };
/// let grant = Grant {
///     consumer: "111122223333".parse()?,
///     organization: None,
///     through_athena: true,
///     by_add_permission: false,
/// };
/// let statements = grant.function_policy(&shared);
/// let change = PolicyChange::insert(PolicyTarget::Function, "shop", None, &statements)?;
/// apply(&[account], &function, &[change], grant.by_add_permission).await?;
/// # Ok(())
/// # }
/// ```
pub async fn apply(
    accounts: &[Account],
    function: &FunctionArn,
    changes: &[PolicyChange],
    by_add_permission: bool,
) -> Result<(), Error> {
    let account = account_with_id(accounts, &function.account)?;
    let writer = PolicyWriter { accounts, account, function, by_add_permission };
    writer.check_restorable(changes)?;
    let changes: Vec<_> = changes.iter().filter(|change| !change.is_empty()).collect();
    for (at, change) in changes.iter().enumerate() {
        let Err(error) = writer.write(change).await else {
            continue;
        };
        let PolicyChange { target, resource, .. } = change;
        let error = error.context(format!("the {target} {resource} cannot be changed"));
        // A policy that is replaced as a whole is unchanged after a failure.
        let end = if writer.is_stepwise(change) { at + 1 } else { at };
        for done in changes[..end].iter().rev() {
            writer.restore(done).await.map_err(|cause| {
                let target = done.target;
                let message = format!("{error:#}; and the {target} cannot be restored");
                Error::new(ErrorKind::PartialFailure, message).with_source(cause)
            })?;
        }
        return Err(error.context("nothing was changed"));
    }
    Ok(())
}

/// Returns the credentials of an account.
fn account_with_id<'a>(accounts: &'a [Account], id: &str) -> Result<&'a Account, Error> {
    accounts.iter().find(|account| account.id == id).ok_or_else(|| {
        let message = format!("there are no credentials of account {id}");
        Error::new(ErrorKind::InvalidCredentials, message)
    })
}

struct PolicyWriter<'a> {
    accounts: &'a [Account],
    /// Credentials of the function's account.
    account: &'a Account,
    function: &'a FunctionArn,
    by_add_permission: bool,
}

/// The replacement of a policy document.
struct Replacement<'a> {
    current: Option<&'a str>,
    new: Option<&'a str>,
}

impl PolicyWriter<'_> {
    /// Returns whether a change is applied statement by statement.
    fn is_stepwise(&self, change: &PolicyChange) -> bool {
        self.by_add_permission && change.target == PolicyTarget::Function
    }

    fn check_restorable(&self, changes: &[PolicyChange]) -> Result<(), Error> {
        let stepwise = changes.iter().filter(|change| self.is_stepwise(change));
        for RemovedStatement { sid, text } in stepwise.flat_map(|change| &change.removed) {
            if !add_permission::can_express(text, self.function) {
                let message = format!(
                    "statement {sid} could not be restored by AddPermission: omit --add-permission"
                );
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
        }
        Ok(())
    }

    async fn write(&self, change: &PolicyChange) -> Result<(), Error> {
        if !self.is_stepwise(change) {
            let current = change.before.as_deref();
            let new = change.after.as_deref();
            return self.replace(change, Replacement { current, new }).await;
        }
        for statement in &change.removed {
            self.remove_permission(&statement.sid).await?;
        }
        for statement in &change.added {
            self.add_permission(&statement.compact()).await?;
        }
        Ok(())
    }

    async fn restore(&self, change: &PolicyChange) -> Result<(), Error> {
        if !self.is_stepwise(change) {
            let current = change.after.as_deref();
            let new = change.before.as_deref();
            return self.replace(change, Replacement { current, new }).await;
        }
        // Possibly only a part was applied: statements not added yet are missing, and statements
        // not removed yet exist.
        for statement in &change.added {
            let removed = self.remove_permission(&statement.sid).await;
            ignore_code("ResourceNotFoundException", removed)?;
        }
        for statement in &change.removed {
            let added = self.add_permission(&statement.text).await;
            ignore_code("ResourceConflictException", added)?;
        }
        Ok(())
    }

    async fn replace(
        &self,
        change: &PolicyChange,
        replacement: Replacement<'_>,
    ) -> Result<(), Error> {
        match change.target {
            PolicyTarget::Function => self.replace_function_policy(replacement).await,
            PolicyTarget::Bucket => self.replace_bucket_policy(&change.resource, replacement).await,
            PolicyTarget::Key => self.replace_key_policy(&change.resource, replacement).await,
            PolicyTarget::Role | PolicyTarget::User => {
                self.replace_connector_policy(&change.resource, replacement).await
            }
        }
    }

    fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.account.in_region(&self.function.region))
    }

    async fn add_permission(&self, statement: &str) -> Result<(), Error> {
        let invalid = |message: String| Error::new(ErrorKind::InvalidPolicy, message);
        let statement: Json =
            serde_json::from_str(statement).map_err(|error| invalid(error.to_string()))?;
        let sid = statement["Sid"]
            .as_str()
            .ok_or_else(|| invalid("a statement has no Sid".to_owned()))?;
        let arn = statement["Principal"]["AWS"].as_str().unwrap_or("*");
        // `AddPermission` takes an account as its ID.
        let account = arn.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
        let organization = statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"].as_str();
        self.lambda()
            .add_permission()
            .function_name(self.function.to_string())
            .statement_id(sid)
            .action("lambda:InvokeFunction")
            .principal(account.unwrap_or(arn))
            .set_principal_org_id(organization.map(str::to_owned))
            .send()
            .await
            .map_err(|error| request_failed(&error))?;
        Ok(())
    }

    async fn remove_permission(&self, sid: &str) -> Result<(), Error> {
        self.lambda()
            .remove_permission()
            .function_name(self.function.to_string())
            .statement_id(sid)
            .send()
            .await
            .map_err(|error| request_failed(&error))?;
        Ok(())
    }

    async fn replace_function_policy(&self, replacement: Replacement<'_>) -> Result<(), Error> {
        let lambda = self.lambda();
        let arn = self.function.to_string();
        let mut revision = None;
        if replacement.current.is_some() {
            let answer = lambda.get_resource_policy().resource_arn(&arn).send().await;
            let answer = answer.map_err(|error| request_failed(&error))?;
            replacement.check_unchanged(answer.policy())?;
            revision = answer.revision_id;
        }
        if let Some(text) = replacement.new {
            let put = lambda.put_resource_policy().resource_arn(&arn).policy(text);
            let answer = put.set_revision_id(revision).send().await;
            answer.map_err(|error| request_failed(&error))?;
        } else {
            let delete = lambda.delete_resource_policy().resource_arn(&arn);
            let answer = delete.set_revision_id(revision).send().await;
            answer.map_err(|error| request_failed(&error))?;
        }
        Ok(())
    }

    /// Replaces a policy that has not changed since it was read. Bucket policies have no revisions:
    /// a change between the check and the write is lost.
    async fn replace_bucket_policy(
        &self,
        bucket: &str,
        replacement: Replacement<'_>,
    ) -> Result<(), Error> {
        let s3 = self.account.s3(&self.function.region);
        let owner = &self.account.id;
        match s3.get_bucket_policy().bucket(bucket).expected_bucket_owner(owner).send().await {
            Ok(answer) => replacement.check_unchanged(answer.policy())?,
            Err(error) if error.code() == Some("NoSuchBucketPolicy") => {
                replacement.check_unchanged(None)?;
            }
            Err(error) => return Err(request_failed(&error).context("it cannot be read again")),
        }
        if let Some(text) = replacement.new {
            let put = s3.put_bucket_policy().bucket(bucket).policy(text);
            let answer = put.expected_bucket_owner(owner).send().await;
            answer.map_err(|error| request_failed(&error))?;
        } else {
            let delete = s3.delete_bucket_policy().bucket(bucket);
            let answer = delete.expected_bucket_owner(owner).send().await;
            answer.map_err(|error| request_failed(&error))?;
        }
        Ok(())
    }

    /// Replaces a policy that has not changed since it was read. Key policies have no revisions: a
    /// change between the check and the write is lost.
    async fn replace_key_policy(
        &self,
        key: &str,
        replacement: Replacement<'_>,
    ) -> Result<(), Error> {
        let Some(text) = replacement.new else {
            let message =
                "a key has to keep a policy: add a statement for its account to the policy first";
            return Err(Error::new(ErrorKind::InvalidPolicy, message));
        };
        let kms = aws_sdk_kms::Client::new(&self.account.in_region(&self.function.region));
        let answer = kms.get_key_policy().key_id(key).policy_name("default").send().await;
        let answer =
            answer.map_err(|error| request_failed(&error).context("it cannot be read again"))?;
        replacement.check_unchanged(answer.policy())?;
        let put = kms.put_key_policy().key_id(key).policy_name("default").policy(text);
        put.send().await.map_err(|error| request_failed(&error))?;
        Ok(())
    }

    /// Replaces the policy of a role or user for its connectors, if it has not changed since it was
    /// read. Inline policies have no revisions: a change between the check and the write is lost.
    async fn replace_connector_policy(
        &self,
        principal: &str,
        replacement: Replacement<'_>,
    ) -> Result<(), Error> {
        let account = account_with_id(self.accounts, account_of(principal))?;
        let current = match observe_connector_policy(account, principal).await {
            Lookup::Found(text) => Some(text),
            Lookup::Missing => None,
            Lookup::Unknown(reason) => {
                let message = format!("it cannot be read again: {reason}");
                return Err(Error::new(ErrorKind::RequestFailed, message));
            }
        };
        replacement.check_unchanged(current.as_deref())?;
        let identity = IamIdentity::of_principal(principal);
        identity.replace_inline_policy(&account.iam(), POLICY_NAME, replacement.new).await
    }
}

impl Replacement<'_> {
    /// Checks that `policy` is still the document that the change was planned for.
    fn check_unchanged(&self, policy: Option<&str>) -> Result<(), Error> {
        let parse = |text: &str| serde_json::from_str::<Json>(text).ok();
        if self.current.map(parse) == policy.map(parse) {
            return Ok(());
        }
        let message = "the policy has changed since it was read: look at the difference again";
        Err(Error::new(ErrorKind::Conflict, message))
    }
}

/// Treats an AWS error with `code` as success.
fn ignore_code(code: &str, result: Result<(), Error>) -> Result<(), Error> {
    result.or_else(|error| if error.code() == Some(code) { Ok(()) } else { Err(error) })
}
