//! What a role or user may do, read from IAM.

use aws_sdk_iam::{Client, types::AttachedPermissionsBoundary};
use percent_encoding::percent_decode_str;

use super::{
    account::Account,
    holder::Holder,
    sight::{seen, words},
};
use crate::{
    arn::account_of,
    doctor::{Identity, NamedPolicy, Seen},
};

const MISSING: &[&str] = &["NoSuchEntity", "NoSuchEntityException"];

/// The policies of the role or user `arn`, with credentials of its account. One with another path
/// is another one.
pub async fn observe_principal(account: &Account, arn: &str) -> Seen<Identity> {
    if account_of(arn) != account.id {
        return Seen::Hidden(format!("the credentials are of account {}", account.id));
    }
    let Some(name) = arn.rsplit('/').next().filter(|name| !name.contains('*')).map(str::to_owned)
    else {
        return Seen::Hidden("it stands for several roles; name one of them".to_owned());
    };
    let iam = account.iam();
    let holder = if arn.contains(":user/") { Holder::User(name) } else { Holder::Role(name) };
    match found(&iam, &holder).await {
        Seen::Known((there, _)) if there != arn => Seen::Missing,
        Seen::Known((there, boundary)) => {
            Seen::Known(gathered(&iam, holder, there, boundary.as_deref()).await)
        }
        Seen::Missing => Seen::Missing,
        Seen::Hidden(why) => Seen::Hidden(why),
    }
}

/// The ARN of a role or user, and that of what bounds it.
async fn found(iam: &Client, holder: &Holder) -> Seen<(String, Option<String>)> {
    let bound = |boundary: Option<AttachedPermissionsBoundary>| boundary?.permissions_boundary_arn;
    match holder {
        Holder::Role(name) => {
            seen(iam.get_role().role_name(name).send().await, MISSING).and_then(|answer| {
                answer.role.map(|role| (role.arn, bound(role.permissions_boundary))).into()
            })
        }
        Holder::User(name) => {
            seen(iam.get_user().user_name(name).send().await, MISSING).and_then(|answer| {
                answer.user.map(|user| (user.arn, bound(user.permissions_boundary))).into()
            })
        }
        Holder::Group(_) => Seen::Hidden("a group asks for nothing itself".to_owned()),
    }
}

async fn gathered(iam: &Client, holder: Holder, arn: String, boundary: Option<&str>) -> Identity {
    let mut identity = Identity { arn, ..Identity::default() };
    if let Some(boundary) = boundary {
        match managed(iam, boundary).await {
            Ok(policy) => identity.boundary = Some(policy),
            Err(why) => identity.hidden.push(why),
        }
    }
    let mut holders = vec![holder];
    if let [Holder::User(name)] = &holders[..] {
        let groups = iam.list_groups_for_user().user_name(name).into_paginator().items().send();
        match groups.try_collect().await {
            Ok(groups) => {
                holders.extend(groups.into_iter().map(|group| Holder::Group(group.group_name)))
            }
            Err(error) => identity.hidden.push(format!("those of its groups ({})", words(&error))),
        }
    }
    for holder in holders {
        held(iam, &holder, &mut identity).await;
    }
    identity
}

/// Adds what a role, user or group has; what cannot be read, too.
async fn held(iam: &Client, holder: &Holder, identity: &mut Identity) {
    match holder.inline(iam).await {
        Ok(names) => {
            for name in names {
                match holder.inline_document(iam, &name).await {
                    Ok(text) => identity.policies.push(NamedPolicy { text: decoded(&text), name }),
                    Err(why) => identity.hidden.push(format!("{name} ({why})")),
                }
            }
        }
        Err(why) => identity.hidden.push(format!("those in it ({why})")),
    }
    match holder.attached(iam).await {
        Ok(policies) => {
            for arn in policies.into_iter().filter_map(|policy| policy.policy_arn) {
                match managed(iam, &arn).await {
                    Ok(policy) => identity.policies.push(policy),
                    Err(why) => identity.hidden.push(why),
                }
            }
        }
        Err(why) => identity.hidden.push(format!("those attached to it ({why})")),
    }
}

/// The version of a policy that counts; an error names the policy.
async fn managed(iam: &Client, arn: &str) -> Result<NamedPolicy, String> {
    let name = arn.rsplit('/').next().unwrap_or(arn).to_owned();
    let answer = iam
        .get_policy()
        .policy_arn(arn)
        .send()
        .await
        .map_err(|error| format!("{name} ({})", words(&error)))?;
    let version = answer
        .policy
        .and_then(|policy| policy.default_version_id)
        .unwrap_or_else(|| "v1".to_owned());
    let answer = iam.get_policy_version().policy_arn(arn).version_id(version).send().await;
    let answer = answer.map_err(|error| format!("{name} ({})", words(&error)))?;
    let text = answer.policy_version.and_then(|version| version.document).unwrap_or_default();
    Ok(NamedPolicy { name, text: decoded(&text) })
}

/// IAM gives documents back as they stand in a URL.
fn decoded(text: &str) -> String {
    if text.trim_start().starts_with('{') {
        return text.to_owned();
    }
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
