//! Policies written: all of them, or none.

use anyhow::Context as _;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use serde_json::Value as Json;

use super::{account::Account, sight::words};
use crate::{
    arn::FunctionArn,
    plan::{Place, Plan},
    terms::is_expressible,
};

/// Writes the policies of `plans` in their order. If one cannot be written, those before it are
/// written back as they were.
///
/// With `by_permission`, the function's is changed statement by statement, by `AddPermission` and
/// `RemovePermission`; else it is replaced, and only if it is still what the plan was made for.
///
/// # Errors
///
/// If one cannot be written, or not be written back, which the error says.
pub async fn apply(
    account: &Account,
    function: &FunctionArn,
    plans: &[Plan],
    by_permission: bool,
) -> anyhow::Result<()> {
    let removed = plans.iter().filter(|plan| by_permission && plan.place == Place::Function);
    for (sid, statement) in removed.flat_map(|plan| &plan.removed) {
        anyhow::ensure!(
            is_expressible(statement, function),
            "statement {sid} could not be written back by AddPermission as it is; leave --add-permission out"
        );
    }
    let writer = Writer { account, function, by_permission };
    let plans: Vec<_> = plans.iter().filter(|plan| !plan.is_nothing()).collect();
    for (at, plan) in plans.iter().enumerate() {
        let Err(error) = writer.write(plan).await else {
            continue;
        };
        let error =
            error.context(format!("the {} {} cannot be changed", plan.place.title(), plan.owner));
        for done in plans[..=at].iter().rev() {
            // Of a policy that is written at once nothing is there if that failed.
            let halfway = done.place == Place::Function && by_permission;
            if std::ptr::eq(*done, *plan) && !halfway {
                continue;
            }
            let undone = writer.undo(done).await;
            undone.with_context(|| {
                format!("{error:#}; and the {} cannot be written back", done.place.title())
            })?;
        }
        return Err(error.context("nothing was changed"));
    }
    Ok(())
}

struct Writer<'a> {
    account: &'a Account,
    function: &'a FunctionArn,
    by_permission: bool,
}

impl Writer<'_> {
    async fn write(&self, plan: &Plan) -> anyhow::Result<()> {
        match plan.place {
            Place::Function if self.by_permission => {
                for (sid, _) in &plan.removed {
                    self.remove_permission(sid).await?;
                }
                for statement in &plan.added {
                    self.add_permission(&statement.compact()).await?;
                }
                Ok(())
            }
            Place::Function => {
                self.put_function_policy(plan.before.as_deref(), plan.after.as_deref()).await
            }
            Place::Bucket => {
                self.put_bucket_policy(&plan.owner, plan.before.as_deref(), plan.after.as_deref())
                    .await
            }
            Place::Key => {
                self.put_key_policy(&plan.owner, plan.before.as_deref(), plan.after.as_deref())
                    .await
            }
        }
    }

    async fn undo(&self, plan: &Plan) -> anyhow::Result<()> {
        match plan.place {
            Place::Function if self.by_permission => {
                // It may not have come so far: what was not added is not there, and what was not
                // removed still is.
                for statement in &plan.added {
                    unless(
                        "ResourceNotFoundException",
                        self.remove_permission(&statement.sid).await,
                    )?;
                }
                for (_, statement) in &plan.removed {
                    unless("ResourceConflictException", self.add_permission(statement).await)?;
                }
                Ok(())
            }
            Place::Function => {
                self.put_function_policy(plan.after.as_deref(), plan.before.as_deref()).await
            }
            Place::Bucket => {
                self.put_bucket_policy(&plan.owner, plan.after.as_deref(), plan.before.as_deref())
                    .await
            }
            Place::Key => {
                self.put_key_policy(&plan.owner, plan.after.as_deref(), plan.before.as_deref())
                    .await
            }
        }
    }

    fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.account.in_region(&self.function.region))
    }

    async fn add_permission(&self, statement: &str) -> anyhow::Result<()> {
        let statement: Json = serde_json::from_str(statement)?;
        let sid = statement["Sid"].as_str().context("a statement has to have a name")?;
        let principal = statement["Principal"]["AWS"].as_str().unwrap_or("*");
        // A whole account is written as its number here.
        let principal = principal
            .strip_suffix(":root")
            .and_then(|arn| arn.rsplit(':').next())
            .unwrap_or(principal);
        let organization = statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"].as_str();
        let call = self
            .lambda()
            .add_permission()
            .function_name(self.function.to_string())
            .statement_id(sid);
        let call = call.action("lambda:InvokeFunction").principal(principal);
        let call = call.set_principal_org_id(organization.map(str::to_owned));
        call.send().await.map_err(|error| anyhow::anyhow!("{}", words(&error)))?;
        Ok(())
    }

    async fn remove_permission(&self, sid: &str) -> anyhow::Result<()> {
        let call = self
            .lambda()
            .remove_permission()
            .function_name(self.function.to_string())
            .statement_id(sid);
        call.send().await.map_err(|error| anyhow::anyhow!("{}", words(&error)))?;
        Ok(())
    }

    async fn put_function_policy(
        &self,
        before: Option<&str>,
        after: Option<&str>,
    ) -> anyhow::Result<()> {
        let (lambda, arn) = (self.lambda(), self.function.to_string());
        let mut revision = None;
        if let Some(before) = before {
            let now = lambda.get_resource_policy().resource_arn(&arn).send().await;
            let now = now.map_err(|error| anyhow::anyhow!("{}", words(&error)))?;
            expect(Some(before), now.policy())?;
            revision = now.revision_id;
        }
        if let Some(text) = after {
            let call = lambda
                .put_resource_policy()
                .resource_arn(&arn)
                .policy(text)
                .set_revision_id(revision);
            call.send().await.map_err(|error| anyhow::anyhow!("{}", words(&error)))?;
        } else {
            let call = lambda.delete_resource_policy().resource_arn(&arn).set_revision_id(revision);
            call.send().await.map_err(|error| anyhow::anyhow!("{}", words(&error)))?;
        }
        Ok(())
    }

    /// Replaces a policy that is still what it was. S3 has no revisions: what comes between the
    /// look and the write is lost.
    async fn put_bucket_policy(
        &self,
        bucket: &str,
        before: Option<&str>,
        text: Option<&str>,
    ) -> anyhow::Result<()> {
        let s3 = self.account.s3(&self.function.region);
        let owner = &self.account.id;
        match s3.get_bucket_policy().bucket(bucket).expected_bucket_owner(owner).send().await {
            Ok(now) => expect(before, now.policy())?,
            Err(error) if error.code() == Some("NoSuchBucketPolicy") => expect(before, None)?,
            Err(error) => anyhow::bail!("it cannot be looked at again: {}", words(&error)),
        }
        if let Some(text) = text {
            let call =
                s3.put_bucket_policy().bucket(bucket).expected_bucket_owner(owner).policy(text);
            call.send().await.map_err(|error| anyhow::anyhow!("{}", words(&error)))?;
        } else {
            let call = s3.delete_bucket_policy().bucket(bucket).expected_bucket_owner(owner);
            call.send().await.map_err(|error| anyhow::anyhow!("{}", words(&error)))?;
        }
        Ok(())
    }

    /// As [`put_bucket_policy`](Self::put_bucket_policy).
    async fn put_key_policy(
        &self,
        key: &str,
        before: Option<&str>,
        text: Option<&str>,
    ) -> anyhow::Result<()> {
        let text =
            text.context("a key has to keep a policy; give it the statement of its account first")?;
        let kms = aws_sdk_kms::Client::new(&self.account.in_region(&self.function.region));
        let now = kms.get_key_policy().key_id(key).policy_name("default").send().await;
        let now = now
            .map_err(|error| anyhow::anyhow!("it cannot be looked at again: {}", words(&error)))?;
        expect(before, now.policy())?;
        let call = kms.put_key_policy().key_id(key).policy_name("default").policy(text);
        call.send().await.map_err(|error| anyhow::anyhow!("{}", words(&error)))?;
        Ok(())
    }
}

/// Nothing, if that is what failed.
fn unless(code: &str, done: anyhow::Result<()>) -> anyhow::Result<()> {
    done.or_else(|error| if error.to_string().starts_with(code) { Ok(()) } else { Err(error) })
}

/// Fails if a policy is not what the plan was made for.
fn expect(before: Option<&str>, now: Option<&str>) -> anyhow::Result<()> {
    let same = before.map(json) == now.map(json);
    anyhow::ensure!(same, "somebody else has changed it meanwhile; look at the difference again");
    Ok(())
}

fn json(text: &str) -> Option<Json> {
    serde_json::from_str(text).ok()
}
