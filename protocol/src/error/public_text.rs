//! Text of an error for its caller: without text that other software wrote, and without long names.

use std::{borrow::Cow, error::Error as StdError, fmt::Write, io, num, str, string};

use arrow::error::ArrowError;

use super::Error;

/// Longest name, in characters, that a message repeats in full.
const MAX_NAME: usize = 200;
/// Longest message, in characters.
const MAX_MESSAGE: usize = 8_192;
/// Text in place of a cause that may quote a value.
const WITHHELD: &str = "the cause is withheld, because it may quote data; to see it, set \
     athena_connector_show_error_causes to true";

/// Returns the message, the context, and the causes whose text cannot contain data.
///
/// Databases, drivers and parsers quote what they reject: `invalid digit in "J. Doe"`. An error
/// crosses accounts and stays in logs, so that only causes of known types are repeated.
pub(super) fn public_text(error: &Error) -> String {
    let mut text = String::new();
    append(error, &mut text);
    // A name with a line break would look like another line of a log.
    shorten_names(&text).replace(char::is_control, " ")
}

fn append(error: &Error, text: &mut String) {
    text.push_str(&error.own_text());
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        if let Some(error) = cause.downcast_ref::<Error>() {
            return append(error, text);
        }
        let Some(known) = known_text(cause) else {
            text.push_str(WITHHELD);
            return;
        };
        text.push_str(&known);
        source = cause.source();
    }
}

/// Returns the text of a cause if it is one of fixed texts, or what can be said about it without
/// its text.
fn known_text(cause: &(dyn StdError + 'static)) -> Option<String> {
    let has_fixed_text = cause.is::<num::ParseIntError>()
        || cause.is::<num::ParseFloatError>()
        || cause.is::<num::TryFromIntError>()
        || cause.is::<str::ParseBoolError>()
        || cause.is::<str::Utf8Error>()
        || cause.is::<string::FromUtf8Error>()
        || cause.is::<base64_simd::Error>();
    if has_fixed_text {
        return Some(cause.to_string());
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        // An error with a source of its own has the text of that source.
        let is_plain = error.get_ref().is_none();
        return Some(if is_plain { error.to_string() } else { error.kind().to_string() });
    }
    if let Some(error) = cause.downcast_ref::<serde_json::Error>() {
        let (line, column) = (error.line(), error.column());
        let problem = format!("{:?}", error.classify()).to_lowercase();
        return Some(format!("JSON {problem} error at line {line}, column {column}"));
    }
    cause.downcast_ref::<ArrowError>().map(|error| arrow_problem(error).to_owned())
}

/// Describes an error of arrow, whose text may quote a value of a column.
fn arrow_problem(error: &ArrowError) -> &'static str {
    match error {
        ArrowError::CastError(_) => "a value cannot be cast",
        ArrowError::ParseError(_) => "a value cannot be parsed",
        ArrowError::SchemaError(_) => "the schema does not fit",
        ArrowError::ComputeError(_) => "a value cannot be computed",
        ArrowError::DivideByZero => "division by zero",
        ArrowError::ArithmeticOverflow(_) => "a number is out of range",
        ArrowError::CsvError(_) => "a line of CSV cannot be read",
        ArrowError::JsonError(_) => "JSON cannot be read",
        ArrowError::MemoryError(_) => "memory cannot be allocated",
        ArrowError::IpcError(_) => "an Arrow message cannot be read",
        ArrowError::InvalidArgumentError(_) => "columns do not fit their schema",
        ArrowError::ParquetError(_) => "a Parquet file cannot be read",
        ArrowError::NotYetImplemented(_) => "arrow does not support it",
        _ => "arrow failed",
    }
}

/// Cuts quoted and unbroken text of more than 200 characters, and messages of more than 8,192.
///
/// Messages repeat the names of a request, and the names of an invalid request can have megabytes.
///
/// ```
/// use athena_protocol::error::shorten_names;
///
/// let name = "x".repeat(1_000_000);
/// let message = shorten_names(&format!("no column {name:?}; describe the table again")).into_owned();
/// assert!(message.len() < 300 && message.ends_with("; describe the table again"));
/// ```
pub fn shorten_names(text: &str) -> Cow<'_, str> {
    if text.chars().nth(MAX_NAME).is_none() {
        return Cow::Borrowed(text);
    }
    let mut short = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (name, after) = rest.split_at(name_len(rest, first));
        match name.char_indices().nth(MAX_NAME) {
            Some((end, _)) => {
                let cut = name[end..].chars().count();
                let _ = write!(short, "{}...({cut} characters more)", &name[..end]);
                if first == '"' {
                    short.push('"');
                }
            }
            None => short.push_str(name),
        }
        rest = after;
    }
    if let Some((end, _)) = short.char_indices().nth(MAX_MESSAGE) {
        short.truncate(end);
        short.push_str("...");
    }
    Cow::Owned(short)
}

/// Returns the length of the quoted text, the white space, or the text without quotes and white
/// space at the start of `text`.
fn name_len(text: &str, first: char) -> usize {
    if first == '"' {
        let mut escaped = false;
        let end = text.char_indices().skip(1).find(|(_, character)| {
            let is_end = *character == '"' && !escaped;
            escaped = *character == '\\' && !escaped;
            is_end
        });
        return end.map_or(text.len(), |(end, quote)| end + quote.len_utf8());
    }
    let is_space = first.is_whitespace();
    text.find(|character: char| character.is_whitespace() != is_space || character == '"')
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "J. Doe 120000";

    fn message_of(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> String {
        let inner = Error::internal("a row cannot be read").with_source(cause);
        let outer = Error::invalid_input("the object is damaged").with_source(inner);
        public_text(&outer.with_context("while", "reading s.t"))
    }

    #[test]
    fn no_cause_of_any_type_brings_a_value() {
        let json = serde_json::from_str::<u8>(&format!("{VALUE:?}")).unwrap_err();
        assert!(json.to_string().contains(VALUE), "{json}");
        let causes: Vec<Box<dyn StdError + Send + Sync>> = vec![
            VALUE.into(),
            json.into(),
            io::Error::other(VALUE).into(),
            io::Error::new(io::ErrorKind::InvalidData, ArrowError::CsvError(VALUE.into())).into(),
            ArrowError::ParseError(VALUE.into()).into(),
            ArrowError::CastError(VALUE.into()).into(),
            ArrowError::ComputeError(VALUE.into()).into(),
            ArrowError::CsvError(VALUE.into()).into(),
            ArrowError::JsonError(VALUE.into()).into(),
            ArrowError::SchemaError(VALUE.into()).into(),
            ArrowError::InvalidArgumentError(VALUE.into()).into(),
            ArrowError::ArithmeticOverflow(VALUE.into()).into(),
            ArrowError::ExternalError(VALUE.into()).into(),
            ArrowError::from_external_error(VALUE.into()).into(),
        ];
        for cause in causes {
            let message = message_of(cause);
            assert!(!message.contains("Doe") && !message.contains("120000"), "{message}");
            let start = "the object is damaged (while: reading s.t): a row cannot be read: ";
            assert!(message.len() > start.len() && message.starts_with(start), "{message}");
        }
    }

    #[test]
    fn causes_of_fixed_text_are_kept() {
        let digit = "x".parse::<u8>().unwrap_err();
        assert!(message_of(digit).ends_with(": invalid digit found in string"));
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(message_of(refused).ends_with(": connection refused"));
        let json = serde_json::from_str::<u8>("[1").unwrap_err();
        assert!(message_of(json).ends_with(": JSON data error at line 1, column 0"));
    }

    #[test]
    fn long_names_are_cut_and_what_surrounds_them_is_kept() {
        for name in ["n".repeat(5_000), "a name ".repeat(1_000), "\"é\\".repeat(1_000)] {
            let message = shorten_names(&format!("no table {name:?}, use \"t\"")).into_owned();
            assert!(message.chars().count() < 300, "{message}");
            assert!(message.starts_with("no table \"") && message.ends_with("\", use \"t\""));
        }
        let message = format!("{} {}", "x".repeat(201), "y".repeat(200));
        let expected = format!("{}...(1 characters more) {}", "x".repeat(200), "y".repeat(200));
        assert_eq!(shorten_names(&message), expected);
        assert!(shorten_names(&"word ".repeat(10_000)).chars().count() < MAX_MESSAGE + 10);
        let short = "no column \"n\"";
        assert!(matches!(shorten_names(short), Cow::Borrowed(text) if text == short));
    }
}
