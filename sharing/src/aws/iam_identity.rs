//! IAM identities: roles, users and groups, which have identity-based policies.

use aws_sdk_iam::{Client, types::AttachedPolicy};
use percent_encoding::percent_decode_str;

use super::lookup::{describe_error, lookup, request_failed};
use crate::{
    Error, ErrorKind,
    arn::{is_user, resource_name},
    doctor::Lookup,
};

/// Error codes of IAM for an object that does not exist.
pub(super) const NOT_FOUND: &[&str] = &["NoSuchEntity", "NoSuchEntityException"];

/// The name of a role, user or group.
#[derive(Debug, Clone)]
pub(super) enum IamIdentity {
    Role(String),
    User(String),
    Group(String),
}

impl IamIdentity {
    /// Returns the role or user with an ARN.
    pub(super) fn of_principal(arn: &str) -> Self {
        let name = resource_name(arn).to_owned();
        if is_user(arn) { Self::User(name) } else { Self::Role(name) }
    }

    /// Reads the document of an inline policy.
    pub(super) async fn inline_policy(&self, iam: &Client, policy: &str) -> Lookup<String> {
        let document = match self {
            Self::Role(name) => {
                let answer = iam.get_role_policy().role_name(name).policy_name(policy).send().await;
                lookup(answer, NOT_FOUND).and_then(|answer| Lookup::Found(answer.policy_document))
            }
            Self::User(name) => {
                let answer = iam.get_user_policy().user_name(name).policy_name(policy).send().await;
                lookup(answer, NOT_FOUND).and_then(|answer| Lookup::Found(answer.policy_document))
            }
            Self::Group(_) => Lookup::Unknown("a group is not a principal".to_owned()),
        };
        document.and_then(|text| Lookup::Found(decode_document(&text)))
    }

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

    /// Writes an inline policy, or deletes it if `document` is `None`.
    pub(super) async fn replace_inline_policy(
        &self,
        iam: &Client,
        policy: &str,
        document: Option<&str>,
    ) -> Result<(), Error> {
        match (self, document) {
            (Self::Role(name), Some(text)) => {
                let put = iam.put_role_policy().role_name(name).policy_name(policy);
                put.policy_document(text).send().await.map_err(|error| request_failed(&error))?;
            }
            (Self::Role(name), None) => {
                let delete = iam.delete_role_policy().role_name(name).policy_name(policy);
                delete.send().await.map_err(|error| request_failed(&error))?;
            }
            (Self::User(name), Some(text)) => {
                let put = iam.put_user_policy().user_name(name).policy_name(policy);
                put.policy_document(text).send().await.map_err(|error| request_failed(&error))?;
            }
            (Self::User(name), None) => {
                let delete = iam.delete_user_policy().user_name(name).policy_name(policy);
                delete.send().await.map_err(|error| request_failed(&error))?;
            }
            (Self::Group(_), _) => {
                let message = "a group is not a principal";
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
        }
        Ok(())
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

/// Decodes a document as IAM returns it: percent-encoded (RFC 3986), or plain in some stand-ins.
pub(super) fn decode_document(text: &str) -> String {
    if text.trim_start().starts_with('{') {
        return text.to_owned();
    }
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
