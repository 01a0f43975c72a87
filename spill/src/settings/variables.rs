//! Settings from environment variables.

use std::collections::BTreeMap;

use athena_protocol::{Error, Result};

use super::{DEFAULT_PREFIX, Encryption, SSE_HEADER, ServerSideEncryption, SpillSettings};

/// Reads the settings with `variable` and reports all problems at once.
pub(super) fn read(variable: impl FnMut(&str) -> Option<String>) -> Result<SpillSettings> {
    let mut reader = VariableReader { variable, problems: Vec::new() };
    let settings = SpillSettings {
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
    if settings.server_side_encryption.is_some()
        && settings.put_headers.iter().any(|(name, _)| is_sse_header(name))
    {
        reader.problems.push(format!(
            "athena_connector_spill_sse and the header {SSE_HEADER} in spill_put_request_headers \
             are both set, expected one"
        ));
    }
    if reader.problems.is_empty() {
        return Ok(settings);
    }
    Err(Error::invalid_input(reader.problems.join("; ")))
}

fn is_sse_header(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with(SSE_HEADER)
}

/// Looks up variables and collects problems.
struct VariableReader<F> {
    variable: F,
    problems: Vec<String>,
}

impl<F: FnMut(&str) -> Option<String>> VariableReader<F> {
    fn get(&mut self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }

    fn prefix(&mut self) -> String {
        let Some(prefix) = self.get("spill_prefix") else { return DEFAULT_PREFIX.to_owned() };
        if prefix.split('/').any(|segment| segment == "..") {
            self.problems.push(format!(
                "spill_prefix is {prefix:?}, expected a prefix without \"..\" segments"
            ));
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
        // The message must not contain the value, which may be a customer key.
        let headers = match serde_json::from_str::<BTreeMap<String, String>>(&text) {
            Ok(headers) => headers,
            Err(error) => {
                let line = error.line();
                let column = error.column();
                self.problems.push(format!(
                    "{name} is not a JSON object of strings (line {line}, column {column}), \
                     expected for example {{\"{SSE_HEADER}\":\"AES256\"}}"
                ));
                return Vec::new();
            }
        };
        for (header, value) in &headers {
            if !is_header_name(header) {
                self.problems
                    .push(format!("{name} has {header:?}, which is not a valid header name"));
            }
            if !is_header_value(value) {
                self.problems.push(format!(
                    "{name} has a value of {header:?} with characters other than visible ASCII"
                ));
            }
        }
        headers.into_iter().collect()
    }

    fn number(&mut self, name: &str) -> Option<usize> {
        let value = self.get(name)?;
        let number = value.trim().parse().ok().filter(|number| *number > 0);
        if number.is_none() {
            self.problems.push(format!("{name} is {value:?}, expected a positive integer"));
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
            .push(format!("{name} is {value:?}, expected none, s3 or kms:<key ID or ARN>"));
        None
    }

    fn bucket_owner(&mut self) -> Option<String> {
        let name = "athena_connector_spill_bucket_owner";
        let value = self.get(name)?;
        if value.len() != 12 || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            self.problems.push(format!("{name} is {value:?}, expected an account ID of 12 digits"));
        }
        Some(value)
    }
}

/// Returns whether `name` is a token (RFC 9110, section 5.6.2).
fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn is_header_value(value: &str) -> bool {
    value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}
