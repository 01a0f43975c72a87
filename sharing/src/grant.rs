//! Grants: the statements of both sides that let a consumer query a function.

use serde_json::{Map, Value as Json, json};

use super::{
    arn::{FunctionArn, InvalidName},
    consumer::Consumer,
    policy_statement::PolicyStatement,
};

/// Prefix of the `Sid` of every statement of a grant. Other statements are never removed.
pub const SID_PREFIX: &str = "AthenaShare";
/// Service principal of Athena, the value of `aws:CalledVia` in requests through Athena.
pub const ATHENA: &str = "athena.amazonaws.com";

/// The purpose of a granted statement; its name follows [`SID_PREFIX`] in the `Sid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// Invocation of the function.
    Invoke,
    /// Reads of spilled objects.
    Read,
    /// Listing and location of the spill bucket.
    Locate,
    /// Decryption of spilled objects.
    Decrypt,
}

impl StatementKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Invoke, Self::Read, Self::Locate, Self::Decrypt];

    /// Returns the part of a `Sid` before the suffix of the consumer.
    pub fn sid_prefix(self) -> String {
        let name = match self {
            Self::Invoke => "Invoke",
            Self::Read => "Read",
            Self::Locate => "Locate",
            Self::Decrypt => "Decrypt",
        };
        format!("{SID_PREFIX}{name}")
    }
}

/// A function and its spill location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFunction {
    /// The function.
    pub function: FunctionArn,
    /// Where it spills, if it does.
    pub spill: Option<SpillLocation>,
}

/// The spill location of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpillLocation {
    /// Bucket name.
    pub bucket: String,
    /// Prefix of every object key, without a trailing slash.
    pub prefix: String,
    /// ARN of the KMS key of the server-side encryption; `None` without SSE-KMS.
    pub key: Option<String>,
}

impl SpillLocation {
    /// Returns the ARN of the bucket, in the partition of `function`.
    pub fn bucket_arn(&self, function: &FunctionArn) -> String {
        format!("arn:{}:s3:::{}", function.partition, self.bucket)
    }

    /// Returns the ARN pattern of all spilled objects.
    pub fn objects_pattern(&self, function: &FunctionArn) -> String {
        format!("{}/{}/*", self.bucket_arn(function), self.prefix)
    }
}

/// Access to a function for one consumer, with its conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The recipient.
    pub consumer: Consumer,
    /// Organization that callers have to belong to, in addition.
    pub organization: Option<String>,
    /// Whether the consumer can call only through Athena. The function can then trust the identity
    /// in a request, and nobody can browse spilled results. Incompatible with trusted identity
    /// propagation.
    pub through_athena: bool,
    /// Whether `AddPermission` writes the function policy, which supports neither wildcards nor
    /// `aws:CalledVia`.
    pub by_add_permission: bool,
}

impl Grant {
    /// Checks that the grant can be written.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if [`by_add_permission`](Self::by_add_permission) is set and `AddPermission`
    /// cannot write the grant: the consumer has a wildcard, or an organization is an additional
    /// condition.
    pub fn validate(&self) -> Result<(), InvalidName> {
        if !self.by_add_permission {
            return Ok(());
        }
        let text = self.consumer.to_string();
        if text.contains('*') {
            let fault = "has a wildcard, which AddPermission does not accept: omit \
                         --add-permission";
            return Err(InvalidName::new(&text, fault));
        }
        if self.organization.is_some() && !matches!(self.consumer, Consumer::Organization(_)) {
            let fault = "cannot be restricted to an organization by AddPermission: omit \
                         --add-permission or --organization";
            return Err(InvalidName::new(&text, fault));
        }
        Ok(())
    }

    /// Returns the `Sid` of the statement of `kind` for `function`.
    pub fn sid(&self, kind: StatementKind, function: &FunctionArn) -> String {
        kind.sid_prefix() + &self.consumer.sid_suffix(function)
    }

    /// Returns the statements for the policy of the function.
    ///
    /// # Examples
    ///
    /// ```
    /// use athena_sharing::grant::{Grant, SharedFunction};
    ///
    /// let shared = SharedFunction {
    ///     function: "arn:aws:lambda:us-east-1:444455556666:function:shop".parse()?,
    ///     spill: None,
    /// };
    /// let grant = Grant {
    ///     consumer: "111122223333".parse()?,
    ///     organization: Some("o-example12345".to_owned()),
    ///     through_athena: true,
    ///     by_add_permission: false,
    /// };
    /// let statements = grant.function_policy(&shared);
    /// assert_eq!(statements.len(), 1);
    /// assert!(statements[0].allows("lambda:InvokeFunction"));
    /// assert!(statements[0].sid.starts_with("AthenaShareInvoke111122223333"));
    /// # Ok::<(), athena_sharing::arn::InvalidName>(())
    /// ```
    pub fn function_policy(&self, shared: &SharedFunction) -> Vec<PolicyStatement> {
        let function = &shared.function;
        let action = json!("lambda:InvokeFunction");
        let resource = json!(function.to_string());
        let mut invoke = PolicyStatement::allow_json(
            self.sid(StatementKind::Invoke, function),
            action,
            resource,
        );
        if self.by_add_permission {
            // `AddPermission` names the consumer as principal, and has one condition at most.
            let organization = match &self.consumer {
                Consumer::Organization(id) => Some(id),
                Consumer::Principal(_) | Consumer::Account(_) => None,
            };
            invoke.principal = match &self.consumer {
                Consumer::Principal(arn) => json!({ "AWS": arn }),
                Consumer::Account(_) | Consumer::Organization(_) => self.account_root(function),
            };
            invoke.condition = organization
                .map_or(Json::Null, |id| json!({ "StringEquals": { "aws:PrincipalOrgID": id } }));
        } else {
            invoke.principal = self.account_root(function);
            invoke.condition = Json::Object(self.conditions(self.through_athena));
        }
        vec![invoke]
    }

    /// Returns the statements for the policy of the spill bucket: none without a spill location.
    pub fn bucket_policy(&self, shared: &SharedFunction) -> Vec<PolicyStatement> {
        let Some(spill) = &shared.spill else {
            return Vec::new();
        };
        let function = &shared.function;
        let statement = |kind, action, resource: String| PolicyStatement {
            principal: self.account_root(function),
            condition: Json::Object(self.conditions(self.through_athena)),
            ..PolicyStatement::allow_json(self.sid(kind, function), action, json!(resource))
        };
        vec![
            statement(StatementKind::Read, json!("s3:GetObject"), spill.objects_pattern(function)),
            statement(StatementKind::Locate, locate_actions(), spill.bucket_arn(function)),
        ]
    }

    /// Returns the statements for the policy of the KMS key: none without SSE-KMS.
    pub fn key_policy(&self, shared: &SharedFunction) -> Vec<PolicyStatement> {
        let Some(spill) = shared.spill.as_ref().filter(|spill| spill.key.is_some()) else {
            return Vec::new();
        };
        let function = &shared.function;
        // `aws:CalledVia` of requests that S3 makes to KMS is not documented; `kms:ViaService` is.
        let mut conditions = self.conditions(false);
        let equals = conditions.entry("StringEquals").or_insert_with(|| json!({}));
        equals["kms:ViaService"] = json!(s3_service(function));
        // The bucket with an S3 Bucket Key, the object without.
        let contexts = [spill.bucket_arn(function), spill.objects_pattern(function)];
        conditions.insert(
            "StringLike".to_owned(),
            json!({ "kms:EncryptionContext:aws:s3:arn": contexts }),
        );
        let sid = self.sid(StatementKind::Decrypt, function);
        vec![PolicyStatement {
            principal: self.account_root(function),
            condition: Json::Object(conditions),
            ..PolicyStatement::allow_json(sid, json!("kms:Decrypt"), json!("*"))
        }]
    }

    /// Returns the account of the consumer as principal.
    ///
    /// A role is a condition on the account, not the principal: a principal has to exist when the
    /// policy is written, and a role that was deleted and created again no longer matches.
    fn account_root(&self, function: &FunctionArn) -> Json {
        match self.consumer.account() {
            Some(account) => {
                json!({ "AWS": format!("arn:{}:iam::{account}:root", function.partition) })
            }
            None => json!("*"),
        }
    }

    fn conditions(&self, through_athena: bool) -> Map<String, Json> {
        let mut conditions = Map::new();
        if let Consumer::Principal(arn) = &self.consumer {
            conditions.insert("ArnLike".to_owned(), json!({ "aws:PrincipalArn": arn }));
        }
        let organization = match &self.consumer {
            Consumer::Organization(id) => Some(id),
            Consumer::Account(_) | Consumer::Principal(_) => self.organization.as_ref(),
        };
        if let Some(id) = organization {
            conditions.insert("StringEquals".to_owned(), json!({ "aws:PrincipalOrgID": id }));
        }
        if through_athena {
            conditions
                .insert("ForAnyValue:StringEquals".to_owned(), json!({ "aws:CalledVia": ATHENA }));
        }
        conditions
    }
}

/// Returns the service name of S3 in the region of `function`, a value of `kms:ViaService`.
pub fn s3_service(function: &FunctionArn) -> String {
    let suffix = if function.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("s3.{}.{suffix}", function.region)
}

pub(crate) fn locate_actions() -> Json {
    json!(["s3:ListBucket", "s3:GetBucketLocation"])
}

#[cfg(test)]
mod tests;
