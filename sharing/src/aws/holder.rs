//! What has policies in IAM: a role, a user, a group.

use aws_sdk_iam::{Client, types::AttachedPolicy};

use super::sight::words;

/// A role, user or group by its name.
#[derive(Debug, Clone)]
pub(super) enum Holder {
    Role(String),
    User(String),
    Group(String),
}

impl Holder {
    /// The names of the policies in it.
    pub(super) async fn inline(&self, iam: &Client) -> Result<Vec<String>, String> {
        match self {
            Self::Role(name) => {
                let pages =
                    iam.list_role_policies().role_name(name).into_paginator().items().send();
                pages.try_collect().await.map_err(|error| words(&error))
            }
            Self::User(name) => {
                let pages =
                    iam.list_user_policies().user_name(name).into_paginator().items().send();
                pages.try_collect().await.map_err(|error| words(&error))
            }
            Self::Group(name) => {
                let pages =
                    iam.list_group_policies().group_name(name).into_paginator().items().send();
                pages.try_collect().await.map_err(|error| words(&error))
            }
        }
    }

    /// The document of one of them.
    pub(super) async fn inline_document(
        &self,
        iam: &Client,
        policy: &str,
    ) -> Result<String, String> {
        match self {
            Self::Role(name) => {
                let answer = iam.get_role_policy().role_name(name).policy_name(policy).send().await;
                answer.map(|answer| answer.policy_document).map_err(|error| words(&error))
            }
            Self::User(name) => {
                let answer = iam.get_user_policy().user_name(name).policy_name(policy).send().await;
                answer.map(|answer| answer.policy_document).map_err(|error| words(&error))
            }
            Self::Group(name) => {
                let answer =
                    iam.get_group_policy().group_name(name).policy_name(policy).send().await;
                answer.map(|answer| answer.policy_document).map_err(|error| words(&error))
            }
        }
    }

    /// The policies attached to it.
    pub(super) async fn attached(&self, iam: &Client) -> Result<Vec<AttachedPolicy>, String> {
        match self {
            Self::Role(name) => {
                let pages = iam
                    .list_attached_role_policies()
                    .role_name(name)
                    .into_paginator()
                    .items()
                    .send();
                pages.try_collect().await.map_err(|error| words(&error))
            }
            Self::User(name) => {
                let pages = iam
                    .list_attached_user_policies()
                    .user_name(name)
                    .into_paginator()
                    .items()
                    .send();
                pages.try_collect().await.map_err(|error| words(&error))
            }
            Self::Group(name) => {
                let pages = iam
                    .list_attached_group_policies()
                    .group_name(name)
                    .into_paginator()
                    .items()
                    .send();
                pages.try_collect().await.map_err(|error| words(&error))
            }
        }
    }
}
