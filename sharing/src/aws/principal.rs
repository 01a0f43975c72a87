//! Policies of roles and users, read from IAM.

use aws_sdk_iam::{Client, types::AttachedPermissionsBoundary};

use super::{
    account::Account,
    iam_identity::{IamIdentity, NOT_FOUND, decode_document},
    lookup::{describe_error, lookup},
};
use crate::{
    arn::{account_of, resource_name},
    doctor::{Lookup, NamedPolicy, PrincipalPolicies},
    identity_policy::POLICY_NAME,
};

/// Reads the policy of a role or user for its connectors, with credentials of its account.
pub async fn observe_connector_policy(account: &Account, arn: &str) -> Lookup<String> {
    IamIdentity::of_principal(arn).inline_policy(&account.iam(), POLICY_NAME).await
}

/// Reads the policies of a role or user, with credentials of its account.
///
/// The path has to match: IAM finds roles and users by name only, and one with another path is
/// [`Lookup::Missing`]. Policies that cannot be read are listed as unreadable.
pub async fn observe_principal(account: &Account, arn: &str) -> Lookup<PrincipalPolicies> {
    if account_of(arn) != account.id {
        return Lookup::Unknown(format!("the credentials belong to account {}", account.id));
    }
    if resource_name(arn).contains('*') {
        return Lookup::Unknown("it matches several roles; name one of them".to_owned());
    }
    let iam = account.iam();
    let identity = IamIdentity::of_principal(arn);
    match get_identity(&iam, &identity).await {
        Lookup::Found(found) if found.arn != arn => Lookup::Missing,
        Lookup::Found(found) => Lookup::Found(read_policies(&iam, identity, found).await),
        Lookup::Missing => Lookup::Missing,
        Lookup::Unknown(reason) => Lookup::Unknown(reason),
    }
}

/// A role or user as IAM returns it.
struct FoundIdentity {
    arn: String,
    /// ARN of the permissions boundary.
    boundary: Option<String>,
}

impl FoundIdentity {
    fn new(arn: String, boundary: Option<AttachedPermissionsBoundary>) -> Self {
        let boundary = boundary.and_then(|boundary| boundary.permissions_boundary_arn);
        Self { arn, boundary }
    }
}

async fn get_identity(iam: &Client, identity: &IamIdentity) -> Lookup<FoundIdentity> {
    match identity {
        IamIdentity::Role(name) => {
            let answer = iam.get_role().role_name(name).send().await;
            lookup(answer, NOT_FOUND).and_then(|answer| {
                answer
                    .role
                    .map(|role| FoundIdentity::new(role.arn, role.permissions_boundary))
                    .into()
            })
        }
        IamIdentity::User(name) => {
            let answer = iam.get_user().user_name(name).send().await;
            lookup(answer, NOT_FOUND).and_then(|answer| {
                answer
                    .user
                    .map(|user| FoundIdentity::new(user.arn, user.permissions_boundary))
                    .into()
            })
        }
        IamIdentity::Group(_) => Lookup::Unknown("a group is not a principal".to_owned()),
    }
}

async fn read_policies(
    iam: &Client,
    identity: IamIdentity,
    found: FoundIdentity,
) -> PrincipalPolicies {
    let mut policies = PrincipalPolicies { arn: found.arn, ..PrincipalPolicies::default() };
    if let Some(boundary) = &found.boundary {
        match managed_policy(iam, boundary).await {
            Ok(policy) => policies.boundary = Some(policy),
            Err(reason) => policies.unreadable.push(reason),
        }
    }
    add_policies(iam, &identity, &mut policies).await;
    if let IamIdentity::User(name) = &identity {
        let groups = iam.list_groups_for_user().user_name(name).into_paginator().items().send();
        match groups.try_collect().await {
            Ok(groups) => {
                for group in groups {
                    let group = IamIdentity::Group(group.group_name);
                    add_policies(iam, &group, &mut policies).await;
                }
            }
            Err(error) => {
                let reason = describe_error(&error);
                policies.unreadable.push(format!("policies of its groups ({reason})"));
            }
        }
    }
    policies
}

/// Adds the inline and attached policies of a role, user or group.
async fn add_policies(iam: &Client, identity: &IamIdentity, policies: &mut PrincipalPolicies) {
    match identity.inline_policy_names(iam).await {
        Ok(names) => {
            for name in names {
                match identity.inline_policy_document(iam, &name).await {
                    Ok(text) => {
                        policies.policies.push(NamedPolicy { text: decode_document(&text), name });
                    }
                    Err(reason) => policies.unreadable.push(format!("{name} ({reason})")),
                }
            }
        }
        Err(reason) => policies.unreadable.push(format!("inline policies ({reason})")),
    }
    match identity.attached_policies(iam).await {
        Ok(attached) => {
            for arn in attached.into_iter().filter_map(|policy| policy.policy_arn) {
                match managed_policy(iam, &arn).await {
                    Ok(policy) => policies.policies.push(policy),
                    Err(reason) => policies.unreadable.push(reason),
                }
            }
        }
        Err(reason) => policies.unreadable.push(format!("attached policies ({reason})")),
    }
}

/// Reads the default version of a managed policy.
///
/// # Errors
///
/// The name of the policy, with the reason.
async fn managed_policy(iam: &Client, arn: &str) -> Result<NamedPolicy, String> {
    let name = resource_name(arn).to_owned();
    let answer = iam
        .get_policy()
        .policy_arn(arn)
        .send()
        .await
        .map_err(|error| format!("{name} ({})", describe_error(&error)))?;
    let version = answer
        .policy
        .and_then(|policy| policy.default_version_id)
        .unwrap_or_else(|| "v1".to_owned());
    let answer = iam
        .get_policy_version()
        .policy_arn(arn)
        .version_id(version)
        .send()
        .await
        .map_err(|error| format!("{name} ({})", describe_error(&error)))?;
    let text = answer.policy_version.and_then(|version| version.document).unwrap_or_default();
    Ok(NamedPolicy { name, text: decode_document(&text) })
}
