//! How a connector spills, by the environment names of the Java SDK.

use std::{collections::BTreeMap, fmt};

use athena_protocol::{Error, Result};

const DEFAULT_PREFIX: &str = "athena-federation-spill";
/// How headers begin that say how S3 encrypts an object.
const SSE_HEADER: &str = "x-amz-server-side-encryption";
const SSE_KEY_HEADER: &str = "x-amz-server-side-encryption-aws-kms-key-id";

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

/// How S3 is to encrypt spilled objects, whatever the bucket's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerSideEncryption {
    /// With keys of S3 (`s3`).
    S3,
    /// With this KMS key (`kms:<key>`): its id or ARN.
    Kms(String),
}

/// Where and how a connector spills.
///
/// ```
/// use athena_spill::SpillSettings;
///
/// let settings = SpillSettings::from_vars(|name| (name == "spill_bucket").then(|| "my-spill".to_owned()))?;
/// assert_eq!(settings, SpillSettings::default().with_bucket("my-spill"));
/// # Ok::<(), athena_protocol::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
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
    /// `SPILL_QUEUE_CAPACITY`, or else `spill_queue_capacity`: blocks that are encoded, encrypted
    /// or on their way at a time.
    pub in_flight: Option<usize>,
    /// `MAX_BLOCK_SIZE_BYTES`: replaces the largest block size of the request.
    pub max_block_bytes: Option<usize>,
    /// `athena_connector_spill_sse`: `none` (leave it to the bucket, the default), `s3` or
    /// `kms:<key>`.
    pub server_side_encryption: Option<ServerSideEncryption>,
    /// `athena_connector_spill_bucket_owner`: the account that the bucket must belong to; every
    /// call to S3 fails otherwise.
    pub bucket_owner: Option<String>,
}

/// Without the values of headers, which may be keys of the customer.
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

/// Nothing set: nowhere to spill to.
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
    /// Reads the settings through `variable`, which looks up an environment variable by name. A
    /// blank one counts as not set.
    ///
    /// # Errors
    ///
    /// All problems at once, as one `InvalidInput`.
    pub fn from_vars(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut reader = Reader { variable, problems: Vec::new() };
        let settings = Self {
            bucket: reader.get("spill_bucket"),
            prefix: reader.prefix(),
            encryption: reader.encryption(),
            put_headers: reader.put_headers(),
            in_flight: reader
                .number("SPILL_QUEUE_CAPACITY")
                .or_else(|| reader.number("spill_queue_capacity")),
            max_block_bytes: reader.number("MAX_BLOCK_SIZE_BYTES"),
            server_side_encryption: reader.server_side_encryption(),
            bucket_owner: reader.bucket_owner(),
        };
        let twice = |name: &str| name.to_ascii_lowercase().starts_with(SSE_HEADER);
        if settings.server_side_encryption.is_some()
            && settings.put_headers.iter().any(|(name, _)| twice(name))
        {
            reader.problems.push(format!(
                "athena_connector_spill_sse and a header {SSE_HEADER} of spill_put_request_headers are set, expected one"
            ));
        }
        if reader.problems.is_empty() {
            return Ok(settings);
        }
        Err(Error::invalid_input(reader.problems.join("; ")))
    }

    /// The same settings with another bucket.
    #[must_use]
    pub fn with_bucket(mut self, bucket: impl Into<String>) -> Self {
        self.bucket = Some(bucket.into());
        self
    }

    /// The same settings with another prefix.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// All headers that every put is to have: those set, and those by which S3 knows how to
    /// encrypt.
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

/// Looks up variables and gathers what is wrong with them.
struct Reader<F> {
    variable: F,
    problems: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }

    fn prefix(&mut self) -> String {
        let Some(prefix) = self.get("spill_prefix") else { return DEFAULT_PREFIX.to_owned() };
        if prefix.split('/').any(|segment| segment == "..") {
            self.problems.push(format!("spill_prefix is {prefix:?}, which has a segment \"..\""));
        }
        prefix
    }

    fn encryption(&mut self) -> Encryption {
        let key = self.get("kms_key_id");
        match self.get("disable_spill_encryption").as_deref() {
            Some(value) if value.eq_ignore_ascii_case("true") => return Encryption::Off,
            Some(value) if !value.eq_ignore_ascii_case("false") => {
                self.problems
                    .push(format!("disable_spill_encryption is {value:?}, expected true or false"));
            }
            _ => {}
        }
        key.map_or(Encryption::Local, Encryption::Kms)
    }

    fn put_headers(&mut self) -> Vec<(String, String)> {
        let name = "spill_put_request_headers";
        let Some(text) = self.get(name) else { return Vec::new() };
        // The text of the error has no part of the value, which may be a key of the customer.
        let headers = match serde_json::from_str::<BTreeMap<String, String>>(&text) {
            Ok(headers) => headers,
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                self.problems.push(format!(
                    "{name} is not a JSON object of texts (line {line}, column {column}), expected one such as \
                     {{\"{SSE_HEADER}\":\"AES256\"}}"
                ));
                return Vec::new();
            }
        };
        for (header, value) in &headers {
            if !is_header_name(header) {
                self.problems
                    .push(format!("{name} has {header:?}, which cannot be the name of a header"));
            }
            if !is_header_value(value) {
                self.problems.push(format!(
                    "{name} has a value for {header:?} with other than visible ASCII characters"
                ));
            }
        }
        headers.into_iter().collect()
    }

    fn number(&mut self, name: &str) -> Option<usize> {
        let value = self.get(name)?;
        let number = value.trim().parse().ok().filter(|number| *number > 0);
        if number.is_none() {
            self.problems.push(format!("{name} is {value:?}, expected a number from 1"));
        }
        number
    }

    fn server_side_encryption(&mut self) -> Option<ServerSideEncryption> {
        let name = "athena_connector_spill_sse";
        let value = self.get(name)?;
        match (value.as_str(), value.strip_prefix("kms:")) {
            ("none", _) => return None,
            ("s3", _) => return Some(ServerSideEncryption::S3),
            (_, Some(key)) if !key.is_empty() && is_header_value(key) => {
                return Some(ServerSideEncryption::Kms(key.to_owned()));
            }
            _ => {}
        }
        self.problems
            .push(format!("{name} is {value:?}, expected none, s3 or kms:<id or ARN of a key>"));
        None
    }

    fn bucket_owner(&mut self) -> Option<String> {
        let name = "athena_connector_spill_bucket_owner";
        let value = self.get(name)?;
        if value.len() != 12 || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            self.problems
                .push(format!("{name} is {value:?}, expected the 12 digits of an account"));
        }
        Some(value)
    }
}

/// Whether `name` is a token of HTTP (RFC 9110, section 5.6.2).
fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn is_header_value(value: &str) -> bool {
    value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use athena_protocol::ErrorKind;

    use super::*;

    fn read(vars: &[(&str, &str)]) -> Result<SpillSettings> {
        SpillSettings::from_vars(|name| {
            vars.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_set_is_the_default() {
        assert_eq!(read(&[]).unwrap(), SpillSettings::default());
        assert_eq!(SpillSettings::default().prefix, "athena-federation-spill");
        let blank = [
            ("spill_bucket", ""),
            ("spill_prefix", " "),
            ("kms_key_id", ""),
            ("SPILL_QUEUE_CAPACITY", " "),
        ];
        assert_eq!(read(&blank).unwrap(), SpillSettings::default());
    }

    #[test]
    fn every_setting_is_read_by_its_name() {
        let settings = read(&[
            ("spill_bucket", "b"),
            ("spill_prefix", "p/q"),
            ("kms_key_id", "alias/k"),
            ("disable_spill_encryption", "FALSE"),
            ("spill_put_request_headers", r#"{"x-amz-tagging": "a=b", "If-None-Match": "*"}"#),
            ("spill_queue_capacity", "3"),
            ("MAX_BLOCK_SIZE_BYTES", "2000"),
            ("athena_connector_spill_sse", "kms:arn:aws:kms:eu-west-1:111122223333:key/k"),
            ("athena_connector_spill_bucket_owner", "111122223333"),
        ])
        .unwrap();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = SpillSettings {
            bucket: Some("b".to_owned()),
            prefix: "p/q".to_owned(),
            encryption: Encryption::Kms("alias/k".to_owned()),
            put_headers: vec![header("If-None-Match", "*"), header("x-amz-tagging", "a=b")],
            in_flight: Some(3),
            max_block_bytes: Some(2_000),
            server_side_encryption: Some(ServerSideEncryption::Kms(
                "arn:aws:kms:eu-west-1:111122223333:key/k".to_owned(),
            )),
            bucket_owner: Some("111122223333".to_owned()),
        };
        assert_eq!(settings, expected);
        assert!(!format!("{settings:?}").contains("a=b"), "a value of a header is shown");
        assert_eq!(
            settings.request_headers()[2..],
            [
                header("x-amz-server-side-encryption", "aws:kms"),
                header(
                    "x-amz-server-side-encryption-aws-kms-key-id",
                    "arn:aws:kms:eu-west-1:111122223333:key/k"
                ),
            ]
        );
    }

    #[test]
    fn encryption_is_off_whatever_the_key_when_disabled() {
        let off = read(&[("disable_spill_encryption", "True"), ("kms_key_id", "k")]).unwrap();
        assert_eq!(off.encryption, Encryption::Off);
    }

    #[test]
    fn the_upper_case_capacity_wins_unless_blank() {
        let capacity = |upper| {
            read(&[("SPILL_QUEUE_CAPACITY", upper), ("spill_queue_capacity", "5")])
                .unwrap()
                .in_flight
        };
        assert_eq!(capacity("4"), Some(4));
        assert_eq!(capacity(" "), Some(5));
    }

    #[test]
    fn encryption_by_s3_is_a_header() {
        let settings = read(&[("athena_connector_spill_sse", "s3")]).unwrap();
        let header = ("x-amz-server-side-encryption".to_owned(), "AES256".to_owned());
        assert_eq!(settings.request_headers(), [header]);
        assert_eq!(
            read(&[("athena_connector_spill_sse", "none")]).unwrap(),
            SpillSettings::default()
        );
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let error = read(&[
            ("spill_prefix", "a/../b"),
            ("disable_spill_encryption", "yes"),
            ("spill_put_request_headers", r#"{"x y": "a\nb"}"#),
            ("SPILL_QUEUE_CAPACITY", "0"),
            ("MAX_BLOCK_SIZE_BYTES", "16 MB"),
            ("athena_connector_spill_sse", "kms:"),
            ("athena_connector_spill_bucket_owner", "me"),
        ])
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.message().split("; ").count(), 8, "{error}");
    }

    #[test]
    fn headers_that_are_no_json_object_of_texts_are_refused_without_being_shown() {
        for text in ["{", "[]", r#"{"secret": 1}"#, r#""secret""#] {
            let error = read(&[("spill_put_request_headers", text)]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn encryption_by_s3_cannot_be_set_twice() {
        let headers = r#"{"X-Amz-Server-Side-Encryption": "AES256"}"#;
        let twice = [("spill_put_request_headers", headers), ("athena_connector_spill_sse", "s3")];
        assert_eq!(read(&twice).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(read(&twice[..1]).is_ok());
    }
}
