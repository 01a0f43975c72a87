//! Requests in the log, for a replay on a laptop.

use serde_json::Value;

/// Target of the lines, by which a log can be filtered.
const TARGET: &str = "athena_connector::capture";

/// Largest request that is logged, in bytes: a line of `CloudWatch` holds 256 KiB.
const MAX_BYTES: usize = 200 * 1024;

/// Type of a request whose arguments are rows.
const FUNCTION_CALL: &str = "UserDefinedFunctionRequest";

/// Requests that are logged: see [`Setting::Capture`](crate::Setting::Capture).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Capture {
    /// None.
    #[default]
    Off,
    /// Those that fail.
    Failures,
    /// All.
    All,
}

impl Capture {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "failures" => Some(Self::Failures),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    /// Logs `request` if it is to be, without identities, keys and seals.
    pub(crate) fn log(self, request: &[u8], has_failed: bool) {
        let is_logged = match self {
            Self::Off => false,
            Self::Failures => has_failed,
            Self::All => true,
        };
        if !is_logged {
            return;
        }
        if request.len() > MAX_BYTES {
            let bytes = request.len();
            tracing::info!(target: TARGET, bytes, "the request is too large to be captured");
            return;
        }
        if let Some(request) = redacted(request) {
            tracing::info!(target: TARGET, request, "captured request");
        } else {
            tracing::info!(target: TARGET, "the request is a call of a function or no JSON, and is not captured");
        }
    }
}

/// Returns the request without what must not be in a log: identity, credentials, keys, seals, and
/// page tokens, which have seals. `None` for a call of a function, whose arguments are rows.
fn redacted(request: &[u8]) -> Option<String> {
    let mut request: Value = serde_json::from_slice(request).ok()?;
    if request.get("@type")?.as_str()? == FUNCTION_CALL {
        return None;
    }
    redact(&mut request);
    Some(request.to_string())
}

fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match name.as_str() {
                    "identity" => redact_identity(member),
                    "encryptionKey" | "continuationToken" | "nextToken" => *member = Value::Null,
                    "properties" => {
                        if let Some(properties) = member.as_object_mut() {
                            properties.remove(crate::seal::SEAL_PROPERTY);
                        }
                    }
                    _ => redact(member),
                }
            }
        }
        _ => {}
    }
}

/// Replaces each text of an identity, and removes what it holds more.
fn redact_identity(identity: &mut Value) {
    let Some(members) = identity.as_object_mut() else { return };
    for member in members.values_mut() {
        *member = match member {
            Value::String(_) => "redacted".into(),
            Value::Array(_) => Value::Array(Vec::new()),
            Value::Object(_) => Value::Object(serde_json::Map::new()),
            _ => Value::Null,
        };
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use athena_protocol::Request;

    use super::*;

    #[test]
    fn a_captured_request_is_a_request_without_identity_key_and_seal() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/exchange");
        let mut requests = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).unwrap();
            let Ok((original, version)) = Request::decode(&bytes) else { continue };
            let text = redacted(&bytes);
            if matches!(original, Request::UserDefinedFunction(_)) {
                assert_eq!(text, None, "{name}: arguments are rows");
                continue;
            }
            let text = text.unwrap();
            let (request, same_version) = Request::decode(text.as_bytes()).unwrap();
            assert_eq!(
                (request.type_name(), same_version),
                (original.type_name(), version),
                "{name}"
            );
            assert!(!text.contains("arn:aws"), "{name}");
            if let Request::ReadRecords(read) = request {
                assert_eq!(read.split.encryption_key, None);
            }
            requests += 1;
        }
        assert!(requests > 20, "{requests}");
    }

    #[test]
    fn what_is_captured_depends_on_the_outcome() {
        assert_eq!(["off", "failures", "all", "x"].map(Capture::parse).iter().flatten().count(), 3);
        let split = br#"{"@type": "x", "split": {"properties": {"$seal": "s", "key": "k"}}, "nextToken": "t"}"#;
        let text = redacted(split).unwrap();
        assert!(
            text.contains("\"key\":\"k\"") && !text.contains("seal") && !text.contains("\"t\"")
        );
        assert_eq!(redacted(b"{"), None);
    }
}
