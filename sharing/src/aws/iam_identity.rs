//! IAM identities: roles, users and groups, which have identity-based policies.

use aws_sdk_iam::{Client, types::AttachedPolicy};

use super::lookup::describe_error;

/// The name of a role, user or group.
#[derive(Debug, Clone)]
pub(super) enum IamIdentity {
    Role(String),
    User(String),
    Group(String),
}

impl IamIdentity {
    /// Lists the names of the inline policies.
    pub(super) async fn inline_policy_names(&self, iam: &Client) -> Result<Vec<String>, String> {
        match self {
            Self::Role(name) => {
                let pages =
                    iam.list_role_policies().role_name(name).into_paginator().items().send();
                pages.try_collect().await.map_err(|error| describe_error(&error))
            }
            Self::User(name) => {
                let pages =
                    iam.list_user_policies().user_name(name).into_paginator().items().send();
                pages.try_collect().await.map_err(|error| describe_error(&error))
            }
            Self::Group(name) => {
                let pages =
                    iam.list_group_policies().group_name(name).into_paginator().items().send();
                pages.try_collect().await.map_err(|error| describe_error(&error))
            }
        }
    }

    /// Reads the document of an inline policy, percent-encoded.
    pub(super) async fn inline_policy_document(
        &self,
        iam: &Client,
        policy: &str,
    ) -> Result<String, String> {
        match self {
            Self::Role(name) => {
                let answer = iam.get_role_policy().role_name(name).policy_name(policy).send().await;
                answer.map(|answer| answer.policy_document).map_err(|error| describe_error(&error))
            }
            Self::User(name) => {
                let answer = iam.get_user_policy().user_name(name).policy_name(policy).send().await;
                answer.map(|answer| answer.policy_document).map_err(|error| describe_error(&error))
            }
            Self::Group(name) => {
                let answer =
                    iam.get_group_policy().group_name(name).policy_name(policy).send().await;
                answer.map(|answer| answer.policy_document).map_err(|error| describe_error(&error))
            }
        }
    }

    /// Lists the attached managed policies.
    pub(super) async fn attached_policies(
        &self,
        iam: &Client,
    ) -> Result<Vec<AttachedPolicy>, String> {
        match self {
            Self::Role(name) => {
                let pages = iam
                    .list_attached_role_policies()
                    .role_name(name)
                    .into_paginator()
                    .items()
                    .send();
                pages.try_collect().await.map_err(|error| describe_error(&error))
            }
            Self::User(name) => {
                let pages = iam
                    .list_attached_user_policies()
                    .user_name(name)
                    .into_paginator()
                    .items()
                    .send();
                pages.try_collect().await.map_err(|error| describe_error(&error))
            }
            Self::Group(name) => {
                let pages = iam
                    .list_attached_group_policies()
                    .group_name(name)
                    .into_paginator()
                    .items()
                    .send();
                pages.try_collect().await.map_err(|error| describe_error(&error))
            }
        }
    }
}
