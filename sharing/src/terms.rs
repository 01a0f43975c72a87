//! What is shared, with whom, and the statements that say so on both sides.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{
    arn::{FunctionArn, InvalidName},
    consumer::Consumer,
    policy,
};

/// Every `Sid` that sharing writes begins so; nothing else is ever taken away.
pub const SID_PREFIX: &str = "AthenaShare";
/// What stands behind that, by what the statement allows.
pub const KINDS: [&str; 4] = ["Invoke", "Read", "Locate", "Decrypt"];
/// The service that asks on behalf of a principal, as `aws:CalledVia` has it.
pub const ATHENA: &str = "athena.amazonaws.com";

/// A function and where its answers spill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The function.
    pub function: FunctionArn,
    /// Where it spills, if it is told to.
    pub spill: Option<Spill>,
}

/// Where a function spills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spill {
    /// Name of the bucket.
    pub bucket: String,
    /// What every key in it begins with, without a slash at the end.
    pub prefix: String,
    /// ARN of the KMS key with which S3 encrypts, if it is one.
    pub key: Option<String>,
}

/// With whom and under which conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// With whom.
    pub consumer: Consumer,
    /// The organization of which the caller has to be, as a second condition.
    pub organization: Option<String>,
    /// Whether only Athena may call for the consumer, and not the consumer itself: then it can
    /// believe the identity in a request, and nobody browses what was spilled. Not possible with
    /// trusted identity propagation.
    pub through_athena: bool,
    /// Whether the function's policy is written by `AddPermission`, which knows neither wildcards
    /// nor `aws:CalledVia`.
    pub by_permission: bool,
}

/// One statement of ours, with its elements in the order in which people read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Written {
    /// The same for the same function and consumer, every time.
    pub sid: String,
    effect: &'static str,
    #[serde(skip_serializing_if = "Json::is_null")]
    principal: Json,
    action: Json,
    #[serde(skip_serializing_if = "Json::is_null")]
    resource: Json,
    #[serde(skip_serializing_if = "Json::is_null")]
    not_resource: Json,
    #[serde(skip_serializing_if = "is_empty")]
    condition: Json,
}

fn is_empty(json: &Json) -> bool {
    json.as_object().is_none_or(serde_json::Map::is_empty)
}

impl Written {
    fn allow(sid: impl Into<String>, action: Json, resource: Json) -> Self {
        let [principal, not_resource, condition] = [Json::Null, Json::Null, Json::Null];
        Self {
            sid: sid.into(),
            effect: "Allow",
            principal,
            action,
            resource,
            not_resource,
            condition,
        }
    }

    /// The statement called `sid` that allows `action` on `resource`, for the policies of a
    /// principal.
    pub fn of(sid: &str, action: &str, resource: &str) -> Self {
        Self::allow(sid, json!(action), json!(resource))
    }

    /// Whether it allows `action`, which it spells out.
    pub fn allows(&self, action: &str) -> bool {
        let named = match &self.action {
            Json::Array(actions) => actions.iter().any(|named| named == action),
            one => one == action,
        };
        named && self.effect == "Allow"
    }

    /// The statement on one line, as it goes into a document.
    #[expect(clippy::missing_panics_doc, reason = "it cannot")]
    pub fn compact(&self) -> String {
        serde_json::to_string(self).expect("texts and maps with texts as keys are JSON")
    }

    /// The statement for people.
    #[expect(clippy::missing_panics_doc, reason = "it cannot")]
    pub fn pretty(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and maps with texts as keys are JSON")
    }
}

impl Spill {
    /// ARN of the bucket in the partition of `function`.
    pub fn bucket_arn(&self, function: &FunctionArn) -> String {
        format!("arn:{}:s3:::{}", function.partition, self.bucket)
    }

    /// Pattern of every object that the function spills.
    pub fn objects(&self, function: &FunctionArn) -> String {
        format!("{}/{}/*", self.bucket_arn(function), self.prefix)
    }
}

/// The service name of S3 in a region, as `kms:ViaService` has it.
pub fn s3_service(function: &FunctionArn) -> String {
    let suffix = if function.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("s3.{}.{suffix}", function.region)
}

impl Terms {
    /// Says what these terms cannot be, before anything is read or written.
    ///
    /// # Errors
    ///
    /// If `AddPermission` could not write them.
    pub fn check(&self) -> Result<(), InvalidName> {
        if !self.by_permission {
            return Ok(());
        }
        let text = self.consumer.to_string();
        if text.contains('*') {
            let fault =
                "has a wildcard, which AddPermission cannot take; leave --add-permission out";
            return Err(InvalidName::new(&text, fault));
        }
        let fenced =
            self.organization.is_some() && !matches!(self.consumer, Consumer::Organization(_));
        if fenced {
            let fault = "cannot be held to an organization by AddPermission; leave --add-permission or --organization out";
            return Err(InvalidName::new(&text, fault));
        }
        Ok(())
    }

    /// The `Sid` of a statement of `kind` about `function`.
    pub fn sid(&self, kind: &str, function: &FunctionArn) -> String {
        format!("{SID_PREFIX}{kind}{}", self.consumer.tag(&function.to_string()))
    }

    /// For the policy of the function.
    pub fn for_function(&self, shared: &Shared) -> Vec<Written> {
        let function = &shared.function;
        let mut invoke = self.allow(
            "Invoke",
            json!("lambda:InvokeFunction"),
            json!(function.to_string()),
            function,
        );
        if self.by_permission {
            invoke.principal = match &self.consumer {
                Consumer::Principal(arn) => json!({ "AWS": arn }),
                Consumer::Account(account) => json!({ "AWS": root(function, account) }),
                Consumer::Organization(_) => json!("*"),
            };
            invoke.condition = match &self.consumer {
                Consumer::Organization(id) => {
                    json!({ "StringEquals": { "aws:PrincipalOrgID": id } })
                }
                Consumer::Principal(_) | Consumer::Account(_) => Json::Null,
            };
        }
        vec![invoke]
    }

    /// For the policy of the spill bucket.
    pub fn for_bucket(&self, shared: &Shared) -> Vec<Written> {
        let Some(spill) = &shared.spill else {
            return Vec::new();
        };
        let function = &shared.function;
        let read =
            self.allow("Read", json!("s3:GetObject"), json!(spill.objects(function)), function);
        let bucket = json!(spill.bucket_arn(function));
        let locate = self.allow(
            "Locate",
            json!(["s3:ListBucket", "s3:GetBucketLocation"]),
            bucket,
            function,
        );
        vec![read, locate]
    }

    /// For the policy of the key with which S3 encrypts what is spilled.
    pub fn for_key(&self, shared: &Shared) -> Vec<Written> {
        let Some(spill) = shared.spill.as_ref().filter(|spill| spill.key.is_some()) else {
            return Vec::new();
        };
        let function = &shared.function;
        let mut decrypt = self.allow("Decrypt", json!("kms:Decrypt"), json!("*"), function);
        // What the chain of services looks like after the step of S3 is not documented; that S3
        // asks is.
        let mut conditions = self.conditions(false);
        let equal = conditions.entry("StringEquals").or_insert_with(|| json!({}));
        equal["kms:ViaService"] = json!(s3_service(function));
        // The bucket where it has a bucket key, the object where it has none.
        let contexts = [spill.bucket_arn(function), spill.objects(function)];
        conditions.insert(
            "StringLike".to_owned(),
            json!({ "kms:EncryptionContext:aws:s3:arn": contexts }),
        );
        decrypt.condition = Json::Object(conditions);
        vec![decrypt]
    }

    fn allow(&self, kind: &str, action: Json, resource: Json, function: &FunctionArn) -> Written {
        let mut written = Written::allow(self.sid(kind, function), action, resource);
        // The account with a condition on the role, since a role in its place has to be there
        // already, and is not found again after it was made anew.
        written.principal = match self.consumer.account() {
            Some(account) => json!({ "AWS": root(function, account) }),
            None => json!("*"),
        };
        written.condition = Json::Object(self.conditions(self.through_athena));
        written
    }

    fn conditions(&self, through_athena: bool) -> serde_json::Map<String, Json> {
        let mut conditions = serde_json::Map::new();
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

fn root(function: &FunctionArn, account: &str) -> String {
    format!("arn:{}:iam::{account}:root", function.partition)
}

/// For the policies of whoever queries, in their own account.
///
/// Unless `through_athena`, what they allow is allowed to direct calls too. Other functions are
/// denied through Athena either way.
pub fn for_identity(shared: &Shared, through_athena: bool) -> Vec<Written> {
    let function = shared.function.to_string();
    let functions = json!([function, format!("{function}:*")]);
    let by_athena = json!({ "ForAnyValue:StringEquals": { "aws:CalledVia": ATHENA } });
    let fence = if through_athena { by_athena.clone() } else { Json::Null };
    let invoke = json!("lambda:InvokeFunction");
    let fenced = |written: Written| Written { condition: fence.clone(), ..written };
    let mut statements = vec![fenced(Written::allow(
        "InvokeConnectorThroughAthena",
        invoke.clone(),
        functions.clone(),
    ))];
    // A query can call any function that its author may invoke, as a function of SQL: then it is
    // Athena that calls, whoever else may.
    let others = Written::allow("DenyOtherFunctionsThroughAthena", invoke, Json::Null);
    statements.push(Written {
        effect: "Deny",
        not_resource: functions,
        condition: by_athena,
        ..others
    });
    let Some(spill) = &shared.spill else {
        return statements;
    };
    let bucket = json!(spill.bucket_arn(&shared.function));
    statements.push(fenced(Written::allow(
        "ReadSpill",
        json!("s3:GetObject"),
        json!(spill.objects(&shared.function)),
    )));
    statements.push(fenced(Written::allow(
        "LocateSpill",
        json!(["s3:ListBucket", "s3:GetBucketLocation"]),
        bucket,
    )));
    if let Some(key) = &spill.key {
        let condition =
            json!({ "StringEquals": { "kms:ViaService": s3_service(&shared.function) } });
        let decrypt = Written::allow("DecryptSpillThroughS3", json!("kms:Decrypt"), json!(key));
        statements.push(Written { condition, ..decrypt });
    }
    statements
}

/// Whether `AddPermission` could have written every statement of a function's policy, so that
/// `RemovePermission` can take it out.
pub fn is_permission(document: &str) -> bool {
    let known = ["aws:principalorgid", "aws:sourcearn", "aws:sourceaccount"];
    policy::parse(document).is_ok_and(|statements| {
        statements.iter().all(|statement| {
            let plain = |condition: &policy::Condition| {
                known.contains(&condition.key.to_ascii_lowercase().as_str())
            };
            statement.effect == policy::Effect::Allow && statement.conditions.iter().all(plain)
        })
    })
}

/// Whether `AddPermission` writes exactly `statement` for `function`: one principal, or everybody
/// in one organization, and nothing else. What it cannot express would come back wider after it was
/// taken out.
pub fn is_expressible(statement: &str, function: &FunctionArn) -> bool {
    let Ok(Json::Object(mut statement)) = serde_json::from_str(statement) else {
        return false;
    };
    let principal = statement.remove("Principal").unwrap_or_default();
    let condition = statement.remove("Condition").unwrap_or_default();
    let is_named = statement.remove("Sid").is_some_and(|sid| sid.is_string());
    let rest = json!({ "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function.to_string() });
    let id = &condition["StringEquals"]["aws:PrincipalOrgID"];
    let known = if is_empty(&condition) {
        let one = &principal["AWS"];
        one.is_string() && one != "*" && principal == json!({ "AWS": one })
    } else {
        let of_organization =
            id.is_string() && condition == json!({ "StringEquals": { "aws:PrincipalOrgID": id } });
        of_organization && (principal == "*" || principal == json!({ "AWS": "*" }))
    };
    known && is_named && Json::Object(statement) == rest
}

/// A whole document of `statements`, for people.
#[expect(clippy::missing_panics_doc, reason = "it cannot")]
pub fn document(statements: &[Written]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Document<'a> {
        version: &'static str,
        statement: &'a [Written],
    }
    let document = Document { version: "2012-10-17", statement: statements };
    serde_json::to_string_pretty(&document).expect("texts and maps with texts as keys are JSON")
}

#[cfg(test)]
mod tests;
