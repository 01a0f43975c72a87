//! The observed settings of both accounts.

use std::collections::BTreeMap;

/// Observations of both accounts. The default is no observation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The account of the function, if there are credentials for it.
    pub owner: Option<OwnerAccount>,
    /// The account of the querying principals, if there are credentials for it.
    pub consumer: Option<ConsumerAccount>,
    /// The region of the spill bucket, which S3 reveals to any caller.
    pub spill_region: Lookup<String>,
}

/// The result of looking up a resource or setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It exists.
    Found(T),
    /// It certainly does not exist.
    Missing,
    /// Existence or value cannot be determined, for this reason.
    Unknown(String),
}

impl<T> Default for Lookup<T> {
    fn default() -> Self {
        Self::Unknown("not looked up".to_owned())
    }
}

impl<T> Lookup<T> {
    /// Returns the value if it was found.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(value) => Some(value),
            Self::Missing | Self::Unknown(_) => None,
        }
    }

    /// Continues with another lookup if the value was found.
    pub fn and_then<U>(self, next: impl FnOnce(T) -> Lookup<U>) -> Lookup<U> {
        match self {
            Self::Found(value) => next(value),
            Self::Missing => Lookup::Missing,
            Self::Unknown(reason) => Lookup::Unknown(reason),
        }
    }
}

/// Converts `None` to [`Lookup::Missing`].
impl<T> From<Option<T>> for Lookup<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Self::Found)
    }
}

/// Settings in the account of the function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnerAccount {
    /// Configuration of the function.
    pub function: Lookup<FunctionConfiguration>,
    /// Resource-based policy of the function.
    pub function_policy: Lookup<String>,
    /// Spill bucket.
    pub bucket: Lookup<SpillBucket>,
    /// Policy of the spill bucket.
    pub bucket_policy: Lookup<String>,
    /// KMS key of the server-side encryption; missing without SSE-KMS.
    pub key: Lookup<KmsKey>,
    /// Policy of the KMS key.
    pub key_policy: Lookup<String>,
    /// Policy of the KMS key from which the function derives the key of its seals; missing without
    /// one.
    pub seal_key_policy: Lookup<String>,
    /// Policies of the execution role.
    pub role: Lookup<PrincipalPolicies>,
}

/// Configuration of a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionConfiguration {
    /// State, `Active` if the function can be invoked.
    pub state: String,
    /// ARN of the execution role.
    pub role: String,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Log group, if it is not the one that Lambda names after the function.
    pub log_group: Option<String>,
}

/// A spill bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpillBucket {
    /// Whether it belongs to the account of the function; `None` if unknown.
    pub is_own: Option<bool>,
    /// Default encryption.
    pub encryption: Lookup<Encryption>,
}

/// Server-side encryption of a bucket or of a request. The default is SSE-S3.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encryption {
    /// Whether it is SSE-KMS or DSSE-KMS.
    pub by_kms: bool,
    /// Key as configured: ID, ARN or alias; `None` for the AWS managed key.
    pub key: Option<String>,
    /// Whether an S3 Bucket Key is enabled.
    pub bucket_key: bool,
}

/// A KMS key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KmsKey {
    /// ARN.
    pub arn: String,
    /// State, `Enabled` if the key can be used.
    pub state: String,
    /// Whether it is an AWS managed key, which no other account can use.
    pub is_aws_managed: bool,
}

/// Settings in the account of the querying principals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsumerAccount {
    /// Account ID.
    pub account: String,
    /// Athena data catalog; unknown if the question names none.
    pub catalog: Lookup<DataCatalog>,
    /// Athena workgroup; unknown if the question names none.
    pub workgroup: Lookup<Workgroup>,
    /// Region of the bucket for query results.
    pub results_region: Lookup<String>,
    /// Querying principals, in the order of the question.
    pub principals: Vec<ObservedPrincipal>,
    /// Error of Athena's `ListDatabases` on the catalog, called as one of the principals; `None` if
    /// it succeeded.
    pub list_databases_error: Lookup<Option<String>>,
}

/// A querying principal and its policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPrincipal {
    /// ARN.
    pub arn: String,
    /// Policies.
    pub policies: Lookup<PrincipalPolicies>,
}

/// An Athena data catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataCatalog {
    /// Region of the catalog.
    pub region: String,
    /// Type: `LAMBDA`, `GLUE`, `HIVE` or `FEDERATED`.
    pub kind: String,
    /// Parameters: `function`, or `metadata-function` and `record-function`.
    pub parameters: BTreeMap<String, String>,
}

/// An Athena workgroup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workgroup {
    /// Whether it accepts queries.
    pub enabled: bool,
    /// Whether its settings override those of a query.
    pub enforced: bool,
    /// Output location as `s3://BUCKET/PREFIX/`, if configured.
    pub output: Option<String>,
}

/// The identity-based policies of a role or user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrincipalPolicies {
    /// ARN of the role or user.
    pub arn: String,
    /// Inline and attached policies, including those of the groups of a user.
    pub policies: Vec<NamedPolicy>,
    /// Permissions boundary.
    pub boundary: Option<NamedPolicy>,
    /// Names of policies that could not be read, each with the reason.
    pub unreadable: Vec<String>,
}

/// A policy document with its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedPolicy {
    /// Name.
    pub name: String,
    /// Document.
    pub text: String,
}

impl ConsumerAccount {
    /// Returns the policies of `principal`, if they were found.
    pub(super) fn policies_of(&self, principal: &str) -> Option<&PrincipalPolicies> {
        self.principals.iter().find(|observed| observed.arn == principal)?.policies.found()
    }
}

impl Workgroup {
    /// Returns the output location if it is certain: a query can override one that is not enforced.
    pub fn results(&self) -> Option<&str> {
        self.output.as_deref().filter(|_| self.enforced)
    }
}

impl FunctionConfiguration {
    /// Returns the spill bucket.
    pub fn spill_bucket(&self) -> Option<String> {
        self.variable("spill_bucket").map(str::to_owned)
    }

    /// Returns the prefix of the keys of spilled objects.
    pub fn spill_prefix(&self) -> String {
        // The default of connectors.
        self.variable("spill_prefix").unwrap_or("athena-federation-spill").to_owned()
    }

    /// Returns the server-side encryption that the function requests from S3, if it does.
    pub fn requested_encryption(&self) -> Option<Encryption> {
        if let Some(sse) = self.variable("athena_connector_spill_sse") {
            let key = sse.strip_prefix("kms:").map(str::to_owned);
            return Some(Encryption { by_kms: key.is_some(), key, bucket_key: false });
        }
        let headers = self.variable("spill_put_request_headers")?;
        let headers: BTreeMap<String, String> = serde_json::from_str(headers).ok()?;
        let header = |name: &str| {
            headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let algorithm = header("x-amz-server-side-encryption")?;
        let key = header("x-amz-server-side-encryption-aws-kms-key-id").cloned();
        Some(Encryption { by_kms: algorithm.starts_with("aws:kms"), key, bucket_key: false })
    }

    /// Returns the KMS key of the client-side encryption of spilled blocks, which is independent of
    /// the server-side encryption of S3.
    pub fn block_encryption_key(&self) -> Option<&str> {
        self.variable("kms_key_id")
    }

    /// Returns the origin of the key with which the function seals splits, if it is set.
    pub fn seal(&self) -> Option<&str> {
        self.variable("athena_connector_seal")
    }

    /// Returns the KMS key from which the function derives the key of its seals.
    pub fn seal_key(&self) -> Option<&str> {
        self.seal()?.strip_prefix("kms:")
    }

    /// Returns whether the function shows rows by the identity that a request claims.
    pub fn trusts_identity(&self) -> bool {
        self.variable("athena_connector_trust_identity")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns whether spilled blocks are not encrypted by the function.
    pub fn spills_plain_text(&self) -> bool {
        self.variable("disable_spill_encryption")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns the bucket of the source, for connectors that read objects, and the prefix of its
    /// objects.
    pub fn source(&self) -> Option<(&str, &str)> {
        let bucket = self.variable("data_bucket")?;
        Some((bucket, self.variable("data_prefix").unwrap_or_default()))
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl OwnerAccount {
    /// Returns the server-side encryption of spilled objects: requested by the function, or else
    /// the default of the bucket.
    pub fn encryption(&self) -> Option<Encryption> {
        let requested = self.function.found().and_then(FunctionConfiguration::requested_encryption);
        requested.or_else(|| self.bucket.found()?.encryption.found().cloned())
    }

    /// Returns whether an S3 Bucket Key is in use, if known.
    pub(super) fn has_bucket_key(&self) -> Option<bool> {
        self.encryption().map(|encryption| encryption.bucket_key)
    }
}
