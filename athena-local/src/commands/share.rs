//! `share` and `unshare`: grants of access to a function, and their removal.

use std::io::Write as _;

use anyhow::Context as _;
use athena_sharing::{
    ErrorKind,
    add_permission::{can_express, could_have_written},
    arn::FunctionArn,
    aws::{Account, apply, observe_connector_policy, observe_owner, observe_principal},
    consumer::Consumer,
    doctor::{
        Check, Finding, FunctionConfiguration, Lookup, Observed, OwnerAccount, OwnerHints,
        Question, Subject, missing_permission, preconditions, shared_function,
    },
    existing_grants::sid_suffixes,
    grant::{Grant, SID_PREFIX, SharedFunction, StatementKind},
    identity_policy::{POLICY_NAME, insert_connector, remove_connector},
    instructions::instructions,
    policy_change::{PolicyChange, PolicyTarget},
};

use super::{
    Usage,
    account_profiles::{AccountProfiles, usage},
};
use crate::{
    cli::{ShareCommand, UnshareCommand},
    output::say,
};

/// The policies in the order of a grant.
///
/// S3 validates principals when it stores a bucket policy: an invalid one is rejected before the
/// function is opened.
const INSERTION_ORDER: [PolicyTarget; 3] =
    [PolicyTarget::Bucket, PolicyTarget::Key, PolicyTarget::Function];
/// The policies in the order of a removal: the function is closed first.
const REMOVAL_ORDER: [PolicyTarget; 3] =
    [PolicyTarget::Function, PolicyTarget::Key, PolicyTarget::Bucket];

/// The observed account of the function.
struct OwnerSide<'a> {
    accounts: &'a [Account],
    owner: OwnerAccount,
    shared: SharedFunction,
}

/// A policy of the owner.
struct CurrentPolicy<'a> {
    /// Name of the function or bucket, or ARN of the key.
    resource: String,
    /// Document; `None` if there is no policy.
    document: Option<&'a str>,
}

/// Runs `share`.
pub(super) async fn share(command: ShareCommand) -> anyhow::Result<()> {
    let profiles = AccountProfiles::open(&command.credentials).await?;
    let function = profiles.resolve_function(&command.function, &command.credentials)?;
    let mut grants = Vec::new();
    for consumer in &command.consumers {
        let grant = Grant {
            consumer: consumer.clone(),
            organization: command.organization.clone(),
            through_athena: !command.direct,
            by_add_permission: command.add_permission,
        };
        grant.validate().map_err(usage)?;
        check_exists(&profiles, consumer).await?;
        grants.push(grant);
    }
    let side = OwnerSide::observe(&profiles, &function, &command.consumers).await?;
    // The function is opened last.
    let mut changes = Vec::new();
    for (principal, policy) in
        ConnectorPolicies::observe(&profiles, &function, &command.consumers).await?.0
    {
        let change = insert_connector(&principal, policy.as_deref(), &side.shared, !command.direct);
        changes.push(change.map_err(refused)?);
    }
    changes.extend(side.insertions(&grants)?);
    print(&changes)?;
    if side.shared.spill.is_none() {
        say(format_args!("{function} does not set spill_bucket: results over 6 MB will fail"));
    }
    side.finish(&changes, command.apply, command.add_permission).await?;
    writeln!(std::io::stdout().lock(), "\n{}", instructions(&side.shared, &grants))
        .context("cannot write to standard output")
}

/// Runs `unshare`.
pub(super) async fn unshare(command: UnshareCommand) -> anyhow::Result<()> {
    let profiles = AccountProfiles::open(&command.credentials).await?;
    let function = profiles.resolve_function(&command.function, &command.credentials)?;
    let side = OwnerSide::observe(&profiles, &function, &[]).await?;
    let suffixes = if command.all {
        side.granted_suffixes()?
    } else {
        command.consumers.iter().map(|consumer| consumer.sid_suffix(&function)).collect()
    };
    let mut changes = side.removals(&suffixes)?;
    for (principal, policy) in
        ConnectorPolicies::observe(&profiles, &function, &command.consumers).await?.0
    {
        changes.push(remove_connector(&principal, policy.as_deref(), &function)?);
    }
    print(&changes)?;
    if let Some(message) = side.unreachable_policies() {
        say(message);
    }
    if command.all && profiles.all().len() > 1 {
        say(format_args!("policies {POLICY_NAME} stay unchanged: name their roles with --to"));
    }
    let by_permission = changes.iter().all(|change| {
        change.target != PolicyTarget::Function || is_removable_by_permission(change, &function)
    });
    side.finish(&changes, command.apply, by_permission).await
}

/// Returns whether `RemovePermission` can make a change to a function policy, and `AddPermission`
/// can revert it.
fn is_removable_by_permission(change: &PolicyChange, function: &FunctionArn) -> bool {
    change.before.as_deref().is_none_or(could_have_written)
        && change.removed.iter().all(|statement| can_express(&statement.text, function))
}

fn print(changes: &[PolicyChange]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for change in changes {
        writeln!(out, "{change}").context("cannot write to standard output")?;
    }
    Ok(())
}

/// Refuses a principal that does not exist, if there are credentials of its account.
async fn check_exists(profiles: &AccountProfiles, consumer: &Consumer) -> anyhow::Result<()> {
    let Consumer::Principal(arn) = consumer else {
        return Ok(());
    };
    let account = consumer.account().and_then(|account| profiles.get(account));
    let Some(account) = account.filter(|_| !arn.contains('*')) else {
        return Ok(());
    };
    match observe_principal(account, arn).await {
        Lookup::Missing => {
            Err(Usage(format!("{arn} does not exist in account {}", account.id)).into())
        }
        Lookup::Found(_) | Lookup::Unknown(_) => Ok(()),
    }
}

/// Principals among the consumers whose accounts there are credentials of, each with its
/// policy for connectors.
struct ConnectorPolicies(Vec<(String, Option<String>)>);

impl ConnectorPolicies {
    async fn observe(
        profiles: &AccountProfiles,
        function: &FunctionArn,
        consumers: &[Consumer],
    ) -> anyhow::Result<Self> {
        let mut policies = Vec::new();
        for consumer in consumers {
            let Consumer::Principal(arn) = consumer else {
                continue;
            };
            let account = consumer.account().and_then(|account| profiles.get(account));
            // In the account of the function, the policies of the owner are sufficient.
            let is_consumer = |account: &&Account| account.id != function.account;
            let Some(account) = account.filter(is_consumer).filter(|_| !arn.contains('*')) else {
                continue;
            };
            match observe_connector_policy(account, arn).await {
                Lookup::Found(text) => policies.push((arn.clone(), Some(text))),
                Lookup::Missing => policies.push((arn.clone(), None)),
                Lookup::Unknown(reason) => {
                    anyhow::bail!("nothing was changed: policy {POLICY_NAME} of {arn}: {reason}")
                }
            }
        }
        Ok(Self(policies))
    }
}

/// Converts an error of a planned change: one that other arguments avoid is a usage error.
fn refused(error: athena_sharing::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::PolicyTooLarge | ErrorKind::InvalidInput => usage(format!("{error:#}")).into(),
        _ => error.into(),
    }
}

/// Returns the credentials of the account of `function`.
fn owner_credentials<'a>(
    profiles: &'a AccountProfiles,
    function: &FunctionArn,
) -> anyhow::Result<&'a Account> {
    let FunctionArn { account, .. } = function;
    profiles.get(account).ok_or_else(|| {
        let other = &profiles.other_than(account).id;
        let message = format!(
            "{function} belongs to account {account}, but the credentials belong to {other}: use \
             credentials of account {account}"
        );
        Usage(message).into()
    })
}

/// Fails on the first finding.
fn check_preconditions(findings: &[Finding]) -> anyhow::Result<()> {
    let Some(first) = findings.first() else {
        return Ok(());
    };
    let more = match findings.len() {
        1 => String::new(),
        count => format!(" (and {} more: see doctor)", count - 1),
    };
    Err(Usage(format!("{}{more}; {}", first.problem, first.fix)).into())
}

impl<'a> OwnerSide<'a> {
    /// Reads the account of the function, and refuses a function that cannot be shared, or policies
    /// that cannot be read.
    ///
    /// Without `consumers`, for the removal of grants, only a missing function is refused.
    async fn observe(
        profiles: &'a AccountProfiles,
        function: &FunctionArn,
        consumers: &[Consumer],
    ) -> anyhow::Result<Self> {
        let observed = observe_owner(owner_credentials(profiles, function)?, function).await;
        let question = Question {
            function: function.clone(),
            principals: consumers
                .iter()
                .map(|consumer| format!("arn:aws:iam::{}:root", consumer.account().unwrap_or("*")))
                .collect(),
            organization: None,
            catalog: None,
            workgroup: None,
            hints: OwnerHints::default(),
        };
        let observed = Observed {
            owner: Some(observed.account),
            consumer: None,
            spill_region: observed.spill_region,
        };
        let mut findings = preconditions(&question, &observed);
        if consumers.is_empty() {
            findings.retain(|finding| {
                finding.check == Check::Function && finding.subject == Subject::Existence
            });
        }
        check_preconditions(&findings)?;
        let shared = shared_function(&question, &observed);
        let owner = observed.owner.unwrap_or_default();
        if let Some(permission) = missing_permission(function, &owner) {
            anyhow::bail!("nothing was changed: {permission}");
        }
        Ok(Self { accounts: profiles.all(), owner, shared })
    }

    /// Plans the insertion of `grants`.
    fn insertions(&self, grants: &[Grant]) -> anyhow::Result<Vec<PolicyChange>> {
        let mut changes = Vec::new();
        for target in INSERTION_ORDER {
            let statements: Vec<_> = grants
                .iter()
                .flat_map(|grant| match target {
                    PolicyTarget::Function => grant.function_policy(&self.shared),
                    PolicyTarget::Bucket => grant.bucket_policy(&self.shared),
                    PolicyTarget::Key => grant.key_policy(&self.shared),
                    PolicyTarget::Role | PolicyTarget::User => Vec::new(),
                })
                .collect();
            if statements.is_empty() {
                continue;
            }
            let CurrentPolicy { resource, document } =
                self.policy(target)?.with_context(|| format!("there is no {target}"))?;
            let change = PolicyChange::insert(target, &resource, document, &statements);
            changes.push(change.map_err(refused)?);
        }
        Ok(changes)
    }

    /// Plans the removal of the grants with the given `Sid` suffixes.
    fn removals(&self, suffixes: &[String]) -> anyhow::Result<Vec<PolicyChange>> {
        let sids: Vec<String> = suffixes
            .iter()
            .flat_map(|suffix| StatementKind::ALL.map(|kind| kind.sid_prefix() + suffix))
            .collect();
        let mut changes = Vec::new();
        for target in REMOVAL_ORDER {
            if let Some(CurrentPolicy { resource, document }) = self.policy(target)? {
                changes.push(PolicyChange::remove(target, &resource, document, &sids)?);
            }
        }
        Ok(changes)
    }

    /// Returns the `Sid` suffixes of all grants of the function, without duplicates.
    fn granted_suffixes(&self) -> anyhow::Result<Vec<String>> {
        let mut suffixes = Vec::new();
        for target in REMOVAL_ORDER {
            let Some(CurrentPolicy { resource, document: Some(document) }) = self.policy(target)?
            else {
                continue;
            };
            let found = sid_suffixes(target, document, &self.shared.function)
                .with_context(|| format!("the {target} {resource} cannot be read"))?;
            for suffix in found {
                if !suffixes.contains(&suffix) {
                    suffixes.push(suffix);
                }
            }
        }
        Ok(suffixes)
    }

    /// Returns a warning about policies with possible grants that the function no longer refers to.
    fn unreachable_policies(&self) -> Option<String> {
        let function = &self.shared.function;
        let configuration = self.owner.function.found();
        match (configuration.and_then(FunctionConfiguration::spill_bucket), &self.owner.bucket) {
            (None, _) => Some(format!(
                "{function} does not set spill_bucket: if it did when it was shared, remove the \
                 statements {SID_PREFIX}... from the policies of that bucket and its key"
            )),
            (Some(bucket), Lookup::Missing) => Some(format!(
                "spill bucket {bucket} does not exist: if it was encrypted with a customer managed \
                 key, remove the statements {}... from the policy of that key",
                StatementKind::Decrypt.sid_prefix()
            )),
            (Some(_), _) => None,
        }
    }

    /// Returns a policy; `None` if the function has no such resource.
    fn policy(&self, target: PolicyTarget) -> anyhow::Result<Option<CurrentPolicy<'_>>> {
        let OwnerAccount { function_policy, bucket_policy, key_policy, .. } = &self.owner;
        let SharedFunction { function, spill } = &self.shared;
        let spill = spill.as_ref();
        let (resource, policy) = match target {
            PolicyTarget::Function => (Some(function.name.clone()), function_policy),
            PolicyTarget::Bucket => (spill.map(|spill| spill.bucket.clone()), bucket_policy),
            PolicyTarget::Key => (spill.and_then(|spill| spill.key.clone()), key_policy),
            PolicyTarget::Role | PolicyTarget::User => return Ok(None),
        };
        let Some(resource) = resource else {
            return Ok(None);
        };
        match policy {
            Lookup::Found(text) => Ok(Some(CurrentPolicy { resource, document: Some(text) })),
            Lookup::Missing => Ok(Some(CurrentPolicy { resource, document: None })),
            Lookup::Unknown(reason) => {
                anyhow::bail!("the {target} {resource} cannot be read: {reason}")
            }
        }
    }

    /// Applies `changes` with `is_applied`, and prints the outcome.
    async fn finish(
        &self,
        changes: &[PolicyChange],
        is_applied: bool,
        by_permission: bool,
    ) -> anyhow::Result<()> {
        if changes.iter().all(PolicyChange::is_empty) {
            say("nothing to change");
        } else if is_applied {
            apply(self.accounts, &self.shared.function, changes, by_permission).await?;
            say("changed");
        } else {
            say("nothing was changed: add --apply to change the policies");
        }
        Ok(())
    }
}
