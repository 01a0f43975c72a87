//! What AWS showed of both sides.

use std::collections::BTreeMap;

/// Everything that was looked at. The default is that nothing was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The account of the function, if there are credentials for it.
    pub owner: Option<Owner>,
    /// The account of those who query, if there are credentials for it.
    pub consumer: Option<Consumer>,
    /// The region of the spill bucket: S3 tells it to anybody.
    pub spill_region: Seen<String>,
}

/// Something that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is there.
    Known(T),
    /// It is not there, for sure.
    Missing,
    /// It may be there or not; why that could not be seen.
    Hidden(String),
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self::Hidden("nobody looked".to_owned())
    }
}

impl<T> Seen<T> {
    /// It, if it is there.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(it) => Some(it),
            Self::Missing | Self::Hidden(_) => None,
        }
    }

    /// What `of` makes of it, if it is there.
    pub fn and_then<U>(self, of: impl FnOnce(T) -> Seen<U>) -> Seen<U> {
        match self {
            Self::Known(it) => of(it),
            Self::Missing => Seen::Missing,
            Self::Hidden(why) => Seen::Hidden(why),
        }
    }
}

/// Nothing is the same as that it is not there.
impl<T> From<Option<T>> for Seen<T> {
    fn from(it: Option<T>) -> Self {
        it.map_or(Self::Missing, Self::Known)
    }
}

/// The side of the function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// The function.
    pub function: Seen<Function>,
    /// Its resource policy.
    pub function_policy: Seen<String>,
    /// Its spill bucket.
    pub bucket: Seen<Bucket>,
    /// The policy of that.
    pub bucket_policy: Seen<String>,
    /// The key with which S3 encrypts what is spilled; missing if that is none of KMS.
    pub key: Seen<Key>,
    /// The policy of that.
    pub key_policy: Seen<String>,
    /// What the function's role may do.
    pub role: Seen<Identity>,
}

/// A function as it is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Function {
    /// `Active`, or what else keeps it from being invoked.
    pub state: String,
    /// ARN of its role.
    pub role: String,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
}

/// A bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Whether it belongs to the account of the function, if that could be seen.
    pub is_own: Option<bool>,
    /// How objects are encrypted that ask for nothing.
    pub encryption: Seen<Encryption>,
}

/// The default encryption of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encryption {
    /// Whether it is one of KMS.
    pub by_kms: bool,
    /// The key as it was written there: an id, an ARN or an alias; nothing is the key that AWS
    /// manages.
    pub key: Option<String>,
    /// Whether one data key serves for many objects.
    pub bucket_key: bool,
}

/// A KMS key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    /// Its ARN.
    pub arn: String,
    /// `Enabled`, or why it opens nothing.
    pub state: String,
    /// Whether AWS manages it, so that no other account can use it.
    pub by_aws: bool,
}

/// The side of those who query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consumer {
    /// The account.
    pub account: String,
    /// The catalog; hidden if none was asked about.
    pub catalog: Seen<Catalog>,
    /// The workgroup; hidden if none was asked about.
    pub workgroup: Seen<Workgroup>,
    /// The region of the bucket for results.
    pub results_region: Seen<String>,
    /// Those who query, by ARN.
    pub principals: Vec<(String, Seen<Identity>)>,
    /// What Athena said when it was asked for the databases of the catalog as one of them: nothing
    /// if it answered.
    pub answered: Seen<Option<String>>,
}

/// A data catalog of Athena.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Where it was found.
    pub region: String,
    /// `LAMBDA`, `GLUE`, `HIVE` or `FEDERATED`.
    pub kind: String,
    /// `function`, or `metadata-function` and `record-function`.
    pub parameters: BTreeMap<String, String>,
}

/// A workgroup of Athena.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workgroup {
    /// Whether queries run in it.
    pub enabled: bool,
    /// Whether its settings override those of a query.
    pub enforced: bool,
    /// `s3://BUCKET/PREFIX/`, if it is set.
    pub output: Option<String>,
}

/// What a role or user may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its ARN.
    pub arn: String,
    /// Its policies, in it and attached to it.
    pub policies: Vec<NamedPolicy>,
    /// What bounds them.
    pub boundary: Option<NamedPolicy>,
    /// Policies that could not be read.
    pub hidden: Vec<String>,
}

/// A policy with its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedPolicy {
    /// The name.
    pub name: String,
    /// The document.
    pub text: String,
}

impl Workgroup {
    /// Where results go for sure: what is set may be overridden by a query unless it is enforced.
    pub fn results(&self) -> Option<&str> {
        self.output.as_deref().filter(|_| self.enforced)
    }
}

impl Function {
    /// The bucket to which it spills.
    pub fn spill_bucket(&self) -> Option<String> {
        self.variable("spill_bucket").map(str::to_owned)
    }

    /// What every key that it spills begins with.
    pub fn spill_prefix(&self) -> String {
        // What connectors take when they are told nothing.
        self.variable("spill_prefix").unwrap_or("athena-federation-spill").to_owned()
    }

    /// The encryption that it asks S3 for, if it does: whether by KMS, and with which key.
    pub fn asked_encryption(&self) -> Option<Encryption> {
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

    /// The KMS key whose data keys seal what it spills, beside the encryption of S3.
    pub fn sealing_key(&self) -> Option<&str> {
        self.variable("kms_key_id")
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl Owner {
    /// How S3 encrypts what is spilled: as the function asks, else as the bucket does by itself.
    pub fn encryption(&self) -> Option<Encryption> {
        let asked = self.function.known().and_then(Function::asked_encryption);
        asked.or_else(|| self.bucket.known()?.encryption.known().cloned())
    }
}
