//! What can be configured from outside: one list of all environment variables.

use athena_spill::SpillSettings;

use crate::{Error, Result};

/// How our own variables begin. An unknown variable with this prefix is an error: most likely a
/// misspelled one.
const PREFIX: &str = "athena_connector_";

const MIB: usize = 1 << 20;

/// Memory assumed where the function's is not known: Lambda's middle ground.
const DEFAULT_MEMORY_MIB: usize = 512;

/// Every environment variable that the SDK reads.
///
/// Names of the Java SDK are kept where it has the setting, so that its templates go on working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setting {
    /// `spill_bucket`: text, no default. Bucket for answers that do not fit inline; without it
    /// those fail.
    SpillBucket,
    /// `spill_prefix`: text, default `athena-federation-spill`. Key prefix of everything spilled.
    SpillPrefix,
    /// `kms_key_id`: text, no default. KMS key whose data keys encrypt what is spilled.
    KmsKeyId,
    /// `disable_spill_encryption`: `true` or `false`, default `false`. Spills clear text; rely on
    /// the bucket's encryption.
    DisableSpillEncryption,
    /// `spill_put_request_headers`: a JSON object of texts, default `{}`. Headers added to every
    /// put.
    SpillPutRequestHeaders,
    /// `SPILL_QUEUE_CAPACITY`, or else `spill_queue_capacity`: a number from 1, default 1, 2 or 4
    /// by the function's memory. Blocks that are encoded, encrypted or on their way at a time, as
    /// far as there is memory for them.
    SpillQueueCapacity,
    /// `MAX_BLOCK_SIZE_BYTES`: a number of bytes, default what the request says. Replaces the
    /// largest block size, which is an eighth of the memory at most.
    MaxBlockSize,
    /// `athena_connector_spill_sse`: `none`, `s3` or `kms:<key>`, default `none`. How S3 encrypts
    /// what is spilled; `none` leaves it to the bucket.
    SpillServerSideEncryption,
    /// `athena_connector_spill_bucket_owner`: 12 digits, no default. Account that the bucket must
    /// belong to.
    SpillBucketOwner,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`: a number of MiB, set by Lambda, default 512. Bounds
    /// blocks in flight and sorting.
    FunctionMemory,
    /// `AWS_LAMBDA_MAX_CONCURRENCY`: a number from 1, set by Lambda where one process answers
    /// several invocations at a time, default 1. Each has its part of the memory.
    FunctionConcurrency,
    /// `athena_connector_allow_foreign_spill`: `true` or `false`, default `false`. Lets a request
    /// name another spill bucket or prefix than the function's own, as the Java SDK does.
    AllowForeignSpill,
    /// `athena_connector_check_spill_bucket`: `true` or `false`, default `true`. Asks S3 once,
    /// before the first splits are made, whether the spill bucket can be used.
    CheckSpillBucket,
    /// `athena_connector_deadline_margin_ms`: a number of milliseconds, default 1000. How long
    /// before the end of an invocation it fails by itself, so that the error can say what was going
    /// on. Never more than a tenth of the time given.
    DeadlineMargin,
    /// `enable_query_passthrough`: `true` or `false`, default `true`. Whether a connector that has
    /// a [`Passthrough`](crate::Passthrough) function announces it and takes its queries.
    EnableQueryPassthrough,
}

impl Setting {
    /// All of them.
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
    ];

    /// The name of the environment variable.
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
        }
    }
}

/// The values of every [`Setting`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Where and how answers are spilled: the settings whose names say so, and
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
}

/// Nothing set: nowhere to spill to.
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
        }
    }
}

impl Settings {
    /// Reads the settings from the environment of the process.
    ///
    /// # Errors
    ///
    /// `InvalidInput` that lists every problem, not the first alone.
    pub fn from_env() -> Result<Self> {
        // A variable that is not Unicode cannot be one of ours, whose values are all texts or
        // numbers.
        let text = |text: std::ffi::OsString| text.into_string().ok();
        Self::from_vars(
            std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))),
        )
    }

    /// Reads the settings from `variables`: all there are, so that misspelled ones are noticed.
    ///
    /// A variable that is blank counts as not set.
    ///
    /// # Errors
    ///
    /// `InvalidInput` that lists every problem, not the first alone.
    pub fn from_vars<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self> {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        let mut reader = Reader { variables: variables.collect(), problems: Vec::new() };
        reader.refuse_unknown();
        let defaults = Self::default();
        let settings = Self {
            spill: reader.spill(),
            function_memory: reader
                .number(Setting::FunctionMemory, 1, usize::MAX / MIB)
                .map_or(defaults.function_memory, |mib| mib * MIB),
            function_concurrency: reader
                .number(Setting::FunctionConcurrency, 1, usize::MAX)
                .unwrap_or(defaults.function_concurrency),
            allow_foreign_spill: reader
                .flag(Setting::AllowForeignSpill)
                .unwrap_or(defaults.allow_foreign_spill),
            check_spill_bucket: reader
                .flag(Setting::CheckSpillBucket)
                .unwrap_or(defaults.check_spill_bucket),
            deadline_margin: reader
                .number(Setting::DeadlineMargin, 0, 900_000)
                .map_or(defaults.deadline_margin, |ms| std::time::Duration::from_millis(ms as u64)),
            enable_query_passthrough: reader
                .flag(Setting::EnableQueryPassthrough)
                .unwrap_or(defaults.enable_query_passthrough),
        };
        reader.finish(settings)
    }

    /// How many blocks of `block_size` bytes may be encoded, encrypted or on their way at a time.
    ///
    /// A sixteenth of the invocation's memory, counted in blocks, from 1 to 2: one of 16 MB below
    /// 512 MB, two from there on. A block more is being gathered, one waits, and half of those in
    /// flight are there as columns too; the rest is for the source's batches, the process, and what
    /// the allocator keeps of all this for a second. Two keep the network of a function busy; from
    /// 4 GiB on, where Lambda gives more of it, there may be four. A setting may say another
    /// number, but not more memory than an eighth.
    pub(crate) fn in_flight(&self, block_size: usize) -> usize {
        let most = if self.memory() < 4 << 30 { 2 } else { 4 };
        let (part, most) = self.spill.in_flight.map_or((16, most), |asked| (8, asked.max(1)));
        (self.memory() / part / block_size.max(1)).clamp(1, most)
    }

    /// The largest block that there is memory for, in bytes, whatever a request asks: an eighth of
    /// it.
    pub(crate) fn largest_block(&self) -> usize {
        self.memory() / 8
    }

    /// What each of the invocations that run at a time may take, in bytes.
    fn memory(&self) -> usize {
        self.function_memory / self.function_concurrency.max(1)
    }

    /// How many bytes of rows may be kept to order them: a sixteenth of the memory, since sorting
    /// holds them twice more, and blocks take their part.
    pub(crate) fn sort_memory(&self) -> usize {
        self.memory() / 16
    }
}

/// Looks up variables and gathers what is wrong with them.
struct Reader {
    variables: std::collections::BTreeMap<String, String>,
    problems: Vec<String>,
}

impl Reader {
    fn refuse_unknown(&mut self) {
        for name in self.variables.keys().filter(|name| name.starts_with(PREFIX)) {
            if !Setting::ALL.iter().any(|setting| setting.variable() == name) {
                let ours = Setting::ALL.iter().map(|setting| setting.variable());
                let known: Vec<_> = ours.filter(|variable| variable.starts_with(PREFIX)).collect();
                self.problems.push(format!(
                    "{name} is not a setting; those of this prefix are {}",
                    known.join(", ")
                ));
            }
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    fn spill(&mut self) -> SpillSettings {
        match SpillSettings::from_vars(|name| self.get(name).map(str::to_owned)) {
            Ok(settings) => settings,
            Err(error) => {
                self.problems.push(error.to_string());
                SpillSettings::default()
            }
        }
    }

    fn number(&mut self, setting: Setting, least: usize, most: usize) -> Option<usize> {
        let name = setting.variable();
        let value = self.get(name)?;
        if let Some(number) = value.parse().ok().filter(|number| (least..=most).contains(number)) {
            return Some(number);
        }
        let problem = format!("{name} is {value:?}, expected a number from {least} to {most}");
        self.problems.push(problem);
        None
    }

    fn flag(&mut self, setting: Setting) -> Option<bool> {
        let name = setting.variable();
        let value = self.get(name)?;
        match value.to_ascii_lowercase().as_str() {
            "true" => return Some(true),
            "false" => return Some(false),
            _ => {}
        }
        let problem = format!("{name} is {value:?}, expected true or false");
        self.problems.push(problem);
        None
    }

    fn finish(self, settings: Settings) -> Result<Settings> {
        if self.problems.is_empty() {
            return Ok(settings);
        }
        Err(Error::invalid_input(format!(
            "the function is configured wrongly: {}",
            self.problems.join("; ")
        )))
    }
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
        assert_eq!(settings.in_flight(16_000_000), 7);
        assert_eq!(settings.deadline_margin.as_millis(), 250);
        assert!(!settings.enable_query_passthrough);
    }

    #[test]
    fn a_blank_variable_is_not_set() {
        let blank = [("MAX_BLOCK_SIZE_BYTES", ""), ("athena_connector_check_spill_bucket", " ")];
        assert_eq!(Settings::from_vars(blank).unwrap(), Settings::default());
    }

    #[test]
    fn blocks_in_flight_follow_the_memory() {
        let with = |mib: usize| Settings { function_memory: mib * MIB, ..Settings::default() };
        assert_eq!(with(128).in_flight(16_000_000), 1);
        assert_eq!(with(256).in_flight(16_000_000), 1);
        assert_eq!(with(512).in_flight(16_000_000), 2);
        assert_eq!(with(3_008).in_flight(16_000_000), 2);
        assert_eq!(with(10_240).in_flight(16_000_000), 4);
        assert_eq!(with(128).in_flight(1 << 40), 1);
        assert_eq!(with(128).in_flight(0), 2);
        let shared = Settings { function_concurrency: 16, ..with(2_048) };
        assert_eq!((shared.in_flight(16_000_000), shared.largest_block()), (1, 16 * MIB));
        assert_eq!(shared.sort_memory(), 8 * MIB);
        let mut asked = with(256);
        asked.spill.in_flight = Some(20);
        assert_eq!((asked.in_flight(16_000_000), asked.in_flight(1_000_000)), (2, 20));
    }

    #[test]
    fn no_two_settings_share_a_variable() {
        let mut names: Vec<_> = Setting::ALL.iter().map(|setting| setting.variable()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Setting::ALL.len());
    }
}
