//! Settings, and the environment variables that they are read from.

use athena_spill::SpillSettings;

use crate::{Result, SealKey, Variables, capture::Capture};

/// Prefix of the SDK's own variables. An unknown variable with this prefix is an error, because it
/// is most likely misspelled.
const PREFIX: &str = "athena_connector_";

const MIB: usize = 1 << 20;

/// Memory assumed for a function of unknown size, in MiB.
const DEFAULT_MEMORY_MIB: usize = 512;

/// Environment variable that the SDK reads.
///
/// Settings that the Java SDK has keep their names, so that its deployment templates work. A blank
/// variable counts as not set. An unknown variable that begins with `athena_connector_` is an
/// error.
///
/// ```
/// # use athena_connector_sdk::Setting;
/// assert_eq!(Setting::SpillBucket.variable(), "spill_bucket");
/// assert!(Setting::ALL.contains(&Setting::MaxBlockSize));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// `spill_bucket`: text, no default. S3 bucket for results that do not fit into a response;
    /// without it, such reads fail.
    SpillBucket,
    /// `spill_prefix`: text, default `athena-federation-spill`. Key prefix of spilled
    /// objects.
    SpillPrefix,
    /// `kms_key_id`: text, no default. KMS key whose data keys encrypt spilled blocks; by default,
    /// the function generates the keys itself.
    KmsKeyId,
    /// `disable_spill_encryption`: `true` or `false`, default `false`. Spills plain text, which
    /// only the encryption of the bucket protects.
    DisableSpillEncryption,
    /// `spill_put_request_headers`: a JSON object of strings, default `{}`. HTTP headers added to
    /// every `PutObject` request.
    SpillPutRequestHeaders,
    /// `SPILL_QUEUE_CAPACITY`, or else `spill_queue_capacity`: a number from 1, default 1, 2 or 4
    /// depending on the memory of the function. Blocks that are encoded, encrypted or uploaded at a
    /// time; never more than fit into an eighth of the memory.
    SpillQueueCapacity,
    /// `MAX_BLOCK_SIZE_BYTES`: a number of bytes, by default that of the request.
    /// Largest block, encryption included; capped at an eighth of the memory.
    MaxBlockSize,
    /// `athena_connector_spill_sse`: `none`, `s3` or `kms:<key>`, default `none`.
    /// Server-side encryption of spilled objects; `none` leaves it to the bucket.
    SpillServerSideEncryption,
    /// `athena_connector_spill_bucket_owner`: 12 digits, no default. Account that must own
    /// the spill bucket.
    SpillBucketOwner,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`: a number of MiB, set by Lambda, default 512. Bounds block
    /// size, blocks in flight and sorting.
    FunctionMemory,
    /// `AWS_LAMBDA_MAX_CONCURRENCY`: a number from 1, set by Lambda where one process serves
    /// several invocations at a time, default 1. The memory is divided by it.
    FunctionConcurrency,
    /// `athena_connector_allow_foreign_spill`: `true` or `false`, default `false`. Allows a
    /// request to spill outside of the function's own bucket and prefix, as the Java SDK does.
    AllowForeignSpill,
    /// `athena_connector_check_spill_bucket`: `true` or `false`, default `true`. Checks once per
    /// process, with the first splits, that the spill bucket is usable.
    CheckSpillBucket,
    /// `athena_connector_deadline_margin_ms`: a number of milliseconds up to 900,000, default
    /// 1,000. Time before the end of an invocation at which it fails by itself with `Timeout`, so
    /// that the error can name the operation. Capped at a tenth of the remaining time.
    DeadlineMargin,
    /// `enable_query_passthrough`: `true` or `false`, default `true`. Announces and serves the
    /// [`Passthrough`](crate::Passthrough) function of a connector that has one.
    EnableQueryPassthrough,
    /// `athena_connector_show_error_causes`: `true` or `false`, default `false`. Includes the text
    /// of all causes in errors, and that of panics in the log. Drivers and parsers quote values of
    /// rows in such texts, so that by default only texts of known origin are included.
    ShowErrorCauses,
    /// `AWS_LAMBDA_FUNCTION_NAME`: text, set by Lambda. Default origin of the key of
    /// [`Seal`](Self::Seal).
    FunctionName,
    /// `athena_connector_seal`: `off`, `function`, `secret:<32 characters or more>` or `kms:<ID or
    /// ARN of an HMAC key>`, default `function`, or `off` outside of Lambda. Origin of the key that
    /// seals splits and page tokens; a split without a valid seal is refused.
    Seal,
    /// `athena_connector_seal_former`: as [`Seal`](Self::Seal), no default. Key whose seals are
    /// accepted for an hour after they were made, while the key changes.
    SealFormer,
    /// `athena_connector_audit`: `true` or `false`, default `false`. Logs one line at level `INFO`
    /// for each invocation: claimed caller, operation, table, columns, rows, bytes and refusal,
    /// never a value.
    Audit,
    /// `athena_connector_trust_identity`: `true` or `false`, default `false`. States that only
    /// Athena may invoke the function, so that identities in requests are true. Required for
    /// [`Handler::with_access`](crate::Handler::with_access).
    TrustIdentity,
    /// `athena_connector_secrets`: `aws` or `file:<path>`, default `aws`. Where
    /// [`Secrets::from_env`](crate::Secrets::from_env) finds secrets: in AWS Secrets Manager, or,
    /// for local runs, in a JSON file of secrets by name.
    Secrets,
    /// `athena_connector_capture`: `off`, `failures` or `all`, default `off`. Logs requests, so
    /// that `athena-local invoke --replay` can repeat them: without identities, keys and seals, but
    /// with the constants of the query and values of partition columns. Calls of functions are left
    /// out, because their arguments are rows.
    Capture,
}

impl Setting {
    /// All settings.
    pub const ALL: &'static [Self] = &[
        Self::SpillBucket,
        Self::SpillPrefix,
        Self::KmsKeyId,
        Self::DisableSpillEncryption,
        Self::SpillPutRequestHeaders,
        Self::SpillQueueCapacity,
        Self::MaxBlockSize,
        Self::SpillServerSideEncryption,
        Self::SpillBucketOwner,
        Self::FunctionMemory,
        Self::FunctionConcurrency,
        Self::AllowForeignSpill,
        Self::CheckSpillBucket,
        Self::DeadlineMargin,
        Self::EnableQueryPassthrough,
        Self::ShowErrorCauses,
        Self::FunctionName,
        Self::Seal,
        Self::SealFormer,
        Self::Audit,
        Self::TrustIdentity,
        Self::Secrets,
        Self::Capture,
    ];

    /// Returns the name of the environment variable.
    pub fn variable(self) -> &'static str {
        match self {
            Self::SpillBucket => "spill_bucket",
            Self::SpillPrefix => "spill_prefix",
            Self::KmsKeyId => "kms_key_id",
            Self::DisableSpillEncryption => "disable_spill_encryption",
            Self::SpillPutRequestHeaders => "spill_put_request_headers",
            Self::SpillQueueCapacity => "SPILL_QUEUE_CAPACITY",
            Self::MaxBlockSize => "MAX_BLOCK_SIZE_BYTES",
            Self::SpillServerSideEncryption => "athena_connector_spill_sse",
            Self::SpillBucketOwner => "athena_connector_spill_bucket_owner",
            Self::FunctionMemory => "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            Self::FunctionConcurrency => "AWS_LAMBDA_MAX_CONCURRENCY",
            Self::AllowForeignSpill => "athena_connector_allow_foreign_spill",
            Self::CheckSpillBucket => "athena_connector_check_spill_bucket",
            Self::DeadlineMargin => "athena_connector_deadline_margin_ms",
            Self::EnableQueryPassthrough => "enable_query_passthrough",
            Self::ShowErrorCauses => "athena_connector_show_error_causes",
            Self::FunctionName => "AWS_LAMBDA_FUNCTION_NAME",
            Self::Seal => "athena_connector_seal",
            Self::SealFormer => "athena_connector_seal_former",
            Self::Audit => "athena_connector_audit",
            Self::TrustIdentity => "athena_connector_trust_identity",
            Self::Secrets => "athena_connector_secrets",
            Self::Capture => "athena_connector_capture",
        }
    }
}

/// Values of all [`Setting`]s.
///
/// ```
/// use std::time::Duration;
///
/// use athena_connector_sdk::Settings;
///
/// let settings = Settings::from_vars([
///     ("spill_bucket", "my-spill-bucket"),
///     ("athena_connector_deadline_margin_ms", "2000"),
/// ])?;
/// assert_eq!(settings.spill.bucket.as_deref(), Some("my-spill-bucket"));
/// assert_eq!(settings.deadline_margin, Duration::from_secs(2));
///
/// let error = Settings::from_vars([("athena_connector_allow_foreign_spil", "true")]).unwrap_err();
/// assert!(error.message().contains("athena_connector_allow_foreign_spil"));
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
#[non_exhaustive]
pub struct Settings {
    /// Settings of spilling: location, encryption, headers, queue capacity and
    /// [`Setting::MaxBlockSize`].
    pub spill: SpillSettings,
    /// [`Setting::FunctionMemory`], in bytes.
    pub function_memory: usize,
    /// [`Setting::FunctionConcurrency`].
    pub function_concurrency: usize,
    /// [`Setting::AllowForeignSpill`].
    pub allow_foreign_spill: bool,
    /// [`Setting::CheckSpillBucket`].
    pub check_spill_bucket: bool,
    /// [`Setting::DeadlineMargin`].
    pub deadline_margin: std::time::Duration,
    /// [`Setting::EnableQueryPassthrough`].
    pub enable_query_passthrough: bool,
    /// [`Setting::ShowErrorCauses`].
    pub show_error_causes: bool,
    /// [`Setting::Seal`].
    pub seal: SealKey,
    /// [`Setting::SealFormer`].
    pub seal_former: Option<SealKey>,
    /// [`Setting::Audit`].
    pub audit: bool,
    /// [`Setting::TrustIdentity`].
    pub trust_identity: bool,
    /// [`Setting::Capture`].
    pub capture: Capture,
}

/// Settings without any variable set: there is no spill bucket, so only results that fit into a
/// response can be returned.
impl Default for Settings {
    fn default() -> Self {
        Self {
            spill: SpillSettings::default(),
            function_memory: DEFAULT_MEMORY_MIB * MIB,
            function_concurrency: 1,
            allow_foreign_spill: false,
            check_spill_bucket: true,
            deadline_margin: std::time::Duration::from_secs(1),
            enable_query_passthrough: true,
            show_error_causes: false,
            seal: SealKey::Off,
            seal_former: None,
            audit: false,
            trust_identity: false,
            capture: Capture::Off,
        }
    }
}

impl Settings {
    /// Reads the settings from the environment of the process.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, which lists all problems.
    pub fn from_env() -> Result<Self> {
        Self::read(Variables::from_env(PREFIX))
    }

    /// Reads the settings from `variables`. Pass all of them, so that misspelled ones are detected.
    ///
    /// Other variables are ignored.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, which lists all problems.
    pub fn from_vars<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self> {
        Self::read(Variables::from_vars(PREFIX, variables))
    }

    fn read(mut variables: Variables) -> Result<Self> {
        let defaults = Self::default();
        let all = &mut variables;
        let milliseconds = all.number(Setting::DeadlineMargin.variable(), 0..=900_000);
        let settings = Self {
            spill: spill(all),
            function_memory: all
                .number(Setting::FunctionMemory.variable(), 1..=usize::MAX / MIB)
                .map_or(defaults.function_memory, |mib| mib * MIB),
            function_concurrency: all
                .number(Setting::FunctionConcurrency.variable(), 1..=usize::MAX)
                .unwrap_or(defaults.function_concurrency),
            allow_foreign_spill: all
                .flag(Setting::AllowForeignSpill.variable())
                .unwrap_or(defaults.allow_foreign_spill),
            check_spill_bucket: all
                .flag(Setting::CheckSpillBucket.variable())
                .unwrap_or(defaults.check_spill_bucket),
            deadline_margin: milliseconds
                .map_or(defaults.deadline_margin, std::time::Duration::from_millis),
            enable_query_passthrough: all
                .flag(Setting::EnableQueryPassthrough.variable())
                .unwrap_or(defaults.enable_query_passthrough),
            show_error_causes: all
                .flag(Setting::ShowErrorCauses.variable())
                .unwrap_or(defaults.show_error_causes),
            seal: seal(all, Setting::Seal).unwrap_or_else(|| default_seal(all)),
            seal_former: seal(all, Setting::SealFormer),
            audit: all.flag(Setting::Audit.variable()).unwrap_or(defaults.audit),
            trust_identity: all
                .flag(Setting::TrustIdentity.variable())
                .unwrap_or(defaults.trust_identity),
            capture: all
                .accepted(Setting::Capture.variable(), "off, failures or all", Capture::parse)
                .unwrap_or(defaults.capture),
        };
        // Read where the secrets are.
        variables.accepted(Setting::Secrets.variable(), "aws or file:<path>", |text| {
            (text == "aws" || text.starts_with("file:")).then_some(())
        });
        variables.finish(settings)
    }

    /// Returns the largest number of blocks of `block_size` bytes that may be encoded, encrypted or
    /// uploaded at a time.
    ///
    /// The default is as many as fit into a sixteenth of the invocation's memory, from 1 to 2: one
    /// block of 16 MB below 512 MB, two from there on. One more block is being built, one waits,
    /// and half of those in flight still exist as columns; the rest is for the source's batches,
    /// the process, and memory that the allocator retains for a second. Two blocks saturate the
    /// network of a function; from 4 GiB on, where Lambda gives it more bandwidth, up to four are
    /// used. [`Setting::SpillQueueCapacity`] overrides the number, within an eighth of the memory.
    pub(crate) fn max_blocks_in_flight(&self, block_size: usize) -> usize {
        let most = if self.memory() < 4 << 30 { 2 } else { 4 };
        let (share, most) = self.spill.in_flight.map_or((16, most), |set| (8, set.max(1)));
        (self.memory() / share / block_size.max(1)).clamp(1, most)
    }

    /// Returns the largest block size for which there is memory, in bytes: an eighth of it.
    pub(crate) fn max_block_bytes(&self) -> usize {
        self.memory() / 8
    }

    /// Returns the memory of one of the concurrent invocations, in bytes.
    fn memory(&self) -> usize {
        self.function_memory / self.function_concurrency.max(1)
    }

    /// Returns the largest size of rows that may be held for sorting, in bytes: a sixteenth of the
    /// memory, since sorting holds them twice more, and blocks need memory too.
    pub(crate) fn sort_memory(&self) -> usize {
        self.memory() / 16
    }
}

/// Reads the settings of spilling, whose problems are among the others.
fn spill(variables: &mut Variables) -> SpillSettings {
    let settings = SpillSettings::from_vars(|name| variables.text(name));
    settings.unwrap_or_else(|error| {
        variables.problem(error.to_string());
        SpillSettings::default()
    })
}

/// Reads the origin of the key of seals. Its problem has no value, which may be a secret.
fn seal(variables: &mut Variables, setting: Setting) -> Option<SealKey> {
    let value = variables.secret(setting.variable())?;
    let key =
        SealKey::parse(value.expose(), variables.text(Setting::FunctionName.variable()).as_deref());
    if key.is_none() {
        variables.problem(format!(
            "{} is not one of off, function (in Lambda), secret:<32 characters or more> and \
             kms:<ID or ARN of an HMAC key>",
            setting.variable()
        ));
    }
    key
}

fn default_seal(variables: &mut Variables) -> SealKey {
    variables.text(Setting::FunctionName.variable()).map_or(SealKey::Off, SealKey::Function)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn all_problems_are_reported_at_once() {
        let error = Settings::from_vars([
            ("athena_connector_allow_foreign_spil", "true"),
            ("athena_connector_check_spill_bucket", "maybe"),
            ("athena_connector_deadline_margin_ms", "-1"),
            ("disable_spill_encryption", "perhaps"),
            ("MAX_BLOCK_SIZE_BYTES", "16 MB"),
        ])
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        for part in ["foreign_spil ", "maybe", "margin_ms is \"-1\"", "perhaps", "16 MB"] {
            assert!(error.message().contains(part), "{part} is not in {error}");
        }
    }

    #[test]
    fn every_setting_is_read_by_its_name() {
        let settings = Settings::from_vars([
            ("spill_bucket", "my-spill"),
            ("MAX_BLOCK_SIZE_BYTES", "2000"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2048"),
            ("AWS_LAMBDA_MAX_CONCURRENCY", "2"),
            ("athena_connector_allow_foreign_spill", "TRUE"),
            ("athena_connector_check_spill_bucket", "false"),
            ("SPILL_QUEUE_CAPACITY", "7"),
            ("athena_connector_spill_sse", "s3"),
            ("athena_connector_spill_bucket_owner", "111122223333"),
            ("athena_connector_deadline_margin_ms", "250"),
            ("enable_query_passthrough", "false"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!(settings.spill.bucket.as_deref(), Some("my-spill"));
        assert_eq!(settings.spill.max_block_bytes, Some(2000));
        assert_eq!((settings.function_memory, settings.function_concurrency), (2 << 30, 2));
        assert!(settings.allow_foreign_spill && !settings.check_spill_bucket);
        assert_eq!(settings.max_blocks_in_flight(16_000_000), 7);
        assert_eq!(settings.deadline_margin.as_millis(), 250);
        assert!(!settings.enable_query_passthrough);
    }

    #[test]
    fn a_blank_variable_is_not_set() {
        let blank = [("MAX_BLOCK_SIZE_BYTES", ""), ("athena_connector_check_spill_bucket", " ")];
        assert_eq!(Settings::from_vars(blank).unwrap(), Settings::default());
    }

    #[test]
    fn blocks_in_flight_depend_on_the_memory() {
        let with = |mib: usize| Settings { function_memory: mib * MIB, ..Settings::default() };
        assert_eq!(with(128).max_blocks_in_flight(16_000_000), 1);
        assert_eq!(with(256).max_blocks_in_flight(16_000_000), 1);
        assert_eq!(with(512).max_blocks_in_flight(16_000_000), 2);
        assert_eq!(with(3_008).max_blocks_in_flight(16_000_000), 2);
        assert_eq!(with(10_240).max_blocks_in_flight(16_000_000), 4);
        assert_eq!(with(128).max_blocks_in_flight(1 << 40), 1);
        assert_eq!(with(128).max_blocks_in_flight(0), 2);
        let shared = Settings { function_concurrency: 16, ..with(2_048) };
        assert_eq!(
            (shared.max_blocks_in_flight(16_000_000), shared.max_block_bytes()),
            (1, 16 * MIB)
        );
        assert_eq!(shared.sort_memory(), 8 * MIB);
        let mut set = with(256);
        set.spill.in_flight = Some(20);
        assert_eq!(
            (set.max_blocks_in_flight(16_000_000), set.max_blocks_in_flight(1_000_000)),
            (2, 20)
        );
    }

    #[test]
    fn no_two_settings_share_a_variable() {
        let mut names: Vec<_> = Setting::ALL.iter().map(|setting| setting.variable()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Setting::ALL.len());
    }
}
