//! Settings of spilling, with the environment variables of the Java SDK.

use std::fmt;

use athena_protocol::Result;

mod variables;

const DEFAULT_PREFIX: &str = "athena-federation-spill";
/// Prefix of the headers that select S3's server-side encryption.
const SSE_HEADER: &str = "x-amz-server-side-encryption";
const SSE_KEY_HEADER: &str = "x-amz-server-side-encryption-aws-kms-key-id";

/// Client-side encryption of spilled objects, in addition to that of the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Encryption {
    /// Keys from the function's random source (the default).
    #[default]
    Local,
    /// Data keys of this KMS key (`kms_key_id`): its ID, ARN or alias.
    Kms(String),
    /// No client-side encryption (`disable_spill_encryption`).
    Off,
}

/// Server-side encryption of spilled objects, in place of the bucket's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerSideEncryption {
    /// Keys of S3 (`s3`).
    S3,
    /// This KMS key (`kms:<key>`): its ID or ARN.
    Kms(String),
}

/// The location, encryption and limits of spilled objects.
///
/// # Examples
///
/// ```
/// use athena_spill::{Encryption, SpillSettings};
///
/// let settings = SpillSettings::default()
///     .with_bucket("my-spill")
///     .with_encryption(Encryption::Off);
///
/// let from_environment = SpillSettings::from_vars(|name| match name {
///     "spill_bucket" => Some("my-spill".to_owned()),
///     "disable_spill_encryption" => Some("true".to_owned()),
///     _ => None,
/// })?;
/// assert_eq!(from_environment, settings);
/// # Ok::<(), athena_protocol::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpillSettings {
    /// `spill_bucket`: the bucket, required for spilling.
    pub bucket: Option<String>,
    /// `spill_prefix`: prefix of all keys, by default `athena-federation-spill`.
    pub prefix: String,
    /// `disable_spill_encryption` and `kms_key_id`: client-side encryption.
    pub encryption: Encryption,
    /// `spill_put_request_headers`: additional headers of every put.
    pub put_headers: Vec<(String, String)>,
    /// `SPILL_QUEUE_CAPACITY`, or else `spill_queue_capacity`: maximum number of blocks that are
    /// encoded, encrypted or uploaded concurrently.
    pub in_flight: Option<usize>,
    /// `MAX_BLOCK_SIZE_BYTES`: overrides the maximum block size of the request, in bytes.
    pub max_block_bytes: Option<usize>,
    /// `athena_connector_spill_sse`: `none` (the bucket's default), `s3` or `kms:<key>`.
    pub server_side_encryption: Option<ServerSideEncryption>,
    /// `athena_connector_spill_bucket_owner`: ID of the account that must own the bucket, or else
    /// every call to S3 fails.
    pub bucket_owner: Option<String>,
}

/// Omits the values of headers, which may be customer keys.
impl fmt::Debug for SpillSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bucket,
            prefix,
            encryption,
            put_headers,
            in_flight,
            max_block_bytes,
            server_side_encryption,
            bucket_owner,
        } = self;
        let headers: Vec<_> = put_headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("SpillSettings")
            .field("bucket", bucket)
            .field("prefix", prefix)
            .field("encryption", encryption)
            .field("put_headers", &headers)
            .field("in_flight", in_flight)
            .field("max_block_bytes", max_block_bytes)
            .field("server_side_encryption", server_side_encryption)
            .field("bucket_owner", bucket_owner)
            .finish()
    }
}

/// Settings without a bucket, with which nothing can be spilled.
impl Default for SpillSettings {
    fn default() -> Self {
        Self {
            bucket: None,
            prefix: DEFAULT_PREFIX.to_owned(),
            encryption: Encryption::default(),
            put_headers: Vec::new(),
            in_flight: None,
            max_block_bytes: None,
            server_side_encryption: None,
            bucket_owner: None,
        }
    }
}

impl SpillSettings {
    /// Reads the settings with `variable`, which looks up an environment variable by name. Blank
    /// values count as unset.
    ///
    /// # Errors
    ///
    /// `InvalidInput` with all problems at once, separated by `; `.
    pub fn from_vars(variable: impl FnMut(&str) -> Option<String>) -> Result<Self> {
        variables::read(variable)
    }

    /// Sets the bucket.
    #[must_use]
    pub fn with_bucket(mut self, bucket: impl Into<String>) -> Self {
        self.bucket = Some(bucket.into());
        self
    }

    /// Sets the prefix of all keys, without a trailing slash.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the client-side encryption.
    #[must_use]
    pub fn with_encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
        self
    }

    /// Adds a header to every put.
    #[must_use]
    pub fn with_put_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.put_headers.push((name.into(), value.into()));
        self
    }

    /// Sets the maximum number of concurrent blocks.
    #[must_use]
    pub fn with_in_flight(mut self, blocks: usize) -> Self {
        self.in_flight = Some(blocks);
        self
    }

    /// Sets the maximum size of a block, in bytes.
    #[must_use]
    pub fn with_max_block_bytes(mut self, bytes: usize) -> Self {
        self.max_block_bytes = Some(bytes);
        self
    }

    /// Sets the server-side encryption.
    #[must_use]
    pub fn with_server_side_encryption(mut self, encryption: ServerSideEncryption) -> Self {
        self.server_side_encryption = Some(encryption);
        self
    }

    /// Sets the account that must own the bucket, by its ID of 12 digits.
    #[must_use]
    pub fn with_bucket_owner(mut self, account: impl Into<String>) -> Self {
        self.bucket_owner = Some(account.into());
        self
    }

    /// Returns all headers of a put: [`put_headers`](Self::put_headers), then those of the
    /// server-side encryption.
    pub fn request_headers(&self) -> Vec<(String, String)> {
        let mut headers = self.put_headers.clone();
        let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
        match &self.server_side_encryption {
            None => {}
            Some(ServerSideEncryption::S3) => add(SSE_HEADER, "AES256"),
            Some(ServerSideEncryption::Kms(key)) => {
                add(SSE_HEADER, "aws:kms");
                add(SSE_KEY_HEADER, key);
            }
        }
        headers
    }
}

#[cfg(test)]
mod tests;
