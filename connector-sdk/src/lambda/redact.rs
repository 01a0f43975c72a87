//! Log output without the secrets among the function's settings.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use tracing_subscriber::fmt::MakeWriter;

/// Length from which a header value may be a key; shorter ones are names such as `AES256`.
const MIN_SECRET: usize = 16;
const REDACTED: &[u8] = b"<redacted>";

/// Creates writers to standard error that replace every occurrence of a secret.
///
/// The S3 client and its transport log the headers of requests at `DEBUG` and `TRACE`, and
/// `spill_put_request_headers` may contain an encryption key.
#[derive(Debug, Default)]
pub(super) struct RedactedStderr {
    secrets: Vec<Vec<u8>>,
}

impl RedactedStderr {
    pub(super) fn new(header_values: impl IntoIterator<Item = String>) -> Self {
        let secrets = header_values.into_iter().filter(|value| value.len() >= MIN_SECRET);
        Self { secrets: secrets.flat_map(forms).map(String::into_bytes).collect() }
    }

    fn redact<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let mut line = Cow::Borrowed(line);
        for secret in &self.secrets {
            while let Some(start) =
                line.windows(secret.len()).position(|window| window == secret.as_slice())
            {
                line.to_mut().splice(start..start + secret.len(), REDACTED.iter().copied());
            }
        }
        line
    }
}

/// Returns a value as it is, and as `Debug` and JSON write it, alone and one inside of the other.
fn forms(value: String) -> Vec<String> {
    let escaped = value.escape_debug().to_string();
    let twice = escaped.escape_debug().to_string();
    let mut forms = vec![twice, escaped, value];
    forms.dedup();
    forms
}

impl<'a> MakeWriter<'a> for RedactedStderr {
    type Writer = RedactedLine<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactedLine(self)
    }
}

/// Writer of one log line, which the subscriber writes at once.
pub(super) struct RedactedLine<'a>(&'a RedactedStderr);

impl Write for RedactedLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(&self.0.redact(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_header_values_are_redacted_everywhere_and_short_ones_are_not() {
        let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".to_owned();
        let stderr = RedactedStderr::new([key.clone(), "AES256".to_owned()]);
        let line = format!("put AES256 {key}{key} \"{key}\"\n");
        let expected = b"put AES256 <redacted><redacted> \"<redacted>\"\n";
        assert_eq!(*stderr.redact(line.as_bytes()), *expected);
        let quoted = "a \"quoted\" secret \\ of headers".to_owned();
        let stderr = RedactedStderr::new([quoted.clone()]);
        let json = serde_json::to_string(&format!("{quoted:?}")).unwrap();
        let line = format!("{quoted} {quoted:?} {json}");
        let redacted = String::from_utf8(stderr.redact(line.as_bytes()).into_owned()).unwrap();
        assert!(!redacted.contains("secret"), "{redacted}");
        assert!(matches!(stderr.redact(b"other"), Cow::Borrowed(b"other")));
    }
}
