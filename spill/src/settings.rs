//! How a connector spills, by the environment names of the Java SDK.

use athena_protocol::{Error, Result};

/// How spilled objects are protected by us, beside what the bucket does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Encryption {
    /// Keys made in the function (the default).
    #[default]
    Local,
    /// Data keys of this KMS key (`kms_key_id`).
    Kms(String),
    /// None (`disable_spill_encryption`).
    Off,
}

/// Where and how a connector spills.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SpillSettings {
    /// `spill_bucket`; without it nothing can be spilled.
    pub bucket: Option<String>,
    /// `spill_prefix`, by default `athena-federation-spill`.
    pub prefix: String,
    /// `disable_spill_encryption` and `kms_key_id`.
    pub encryption: Encryption,
    /// `spill_put_request_headers`: headers added to every put.
    pub put_headers: Vec<(String, String)>,
}

impl SpillSettings {
    /// Reads the settings through `variable`, which looks up an environment variable by name.
    ///
    /// # Errors
    ///
    /// All problems at once, as one `InvalidInput`.
    pub fn from_vars(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let _ = variable;
        Err(Error::internal("not written"))
    }
}
