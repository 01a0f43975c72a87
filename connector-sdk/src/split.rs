//! Units of parallel reading.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, ErrorKind, OrError, Result};

/// Property that describes the data to read, in JSON.
const VALUE: &str = "value";

/// Independently readable part of a table, as a small map of strings.
///
/// A split travels through Athena as plain text, and is read by another process, possibly much
/// later. It names the data to read, and must not contain secrets. A read request carries only one
/// split, a page of splits at most 1,000; both must fit into 6 MiB of JSON.
///
/// Property names that begin with `$` are reserved for the SDK.
///
/// ```
/// # use athena_connector_sdk::Split;
/// let split = Split::new().with("from_row", 0).with("to_row", 10_000);
/// assert_eq!(split.get::<u64>("to_row")?, 10_000);
/// assert_eq!(split.get_str("from_row"), Some("0"));
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    pub(crate) properties: BTreeMap<String, String>,
}

impl Split {
    /// Creates a split without properties, which stands for the whole table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the property `name`, replacing an earlier value.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.properties.insert(name.into(), value.to_string());
        self
    }

    /// Returns the property `name`, parsed as a `T`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the property is missing or cannot be parsed.
    pub fn get<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
        &self,
        name: &str,
    ) -> Result<T> {
        let raw = self.properties.get(name).ok_or_else(|| {
            Error::invalid_input(format!(
                "split has no property {name:?}; it may come from another connector or version"
            ))
        })?;
        raw.parse().map_err(|error| {
            Error::invalid_input(format!(
                "split property {name:?} is {raw:?}, expected {}",
                std::any::type_name::<T>()
            ))
            .with_source(error)
        })
    }

    /// Creates a split that describes the data to read as `value`, in JSON.
    ///
    /// ```
    /// # use athena_connector_sdk::Split;
    /// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
    /// struct RowGroups {
    ///     key: String,
    ///     etag: String,
    ///     first: u32,
    /// }
    ///
    /// let groups = RowGroups { key: "orders/1.parquet".into(), etag: "9a0364b9".into(), first: 0 };
    /// let split = Split::of(&groups)?;
    /// assert_eq!(split.read::<RowGroups>()?, groups);
    /// # Ok::<(), athena_connector_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Internal` for a value that JSON cannot express, such as a map whose keys are no text.
    pub fn of(value: &impl Serialize) -> Result<Self> {
        Self::new().with_value(value)
    }

    /// Sets the description of the data to read, which [`read`](Self::read) returns: for splits of
    /// [`split_for_partition`](crate::GetSplits::split_for_partition).
    ///
    /// # Errors
    ///
    /// As of [`of`](Self::of).
    pub fn with_value(self, value: &impl Serialize) -> Result<Self> {
        let json = serde_json::to_string(value)
            .or_error(ErrorKind::Internal, || "a split cannot be written as JSON".to_owned())?;
        Ok(self.with(VALUE, json))
    }

    /// Returns the description of the data to read, as [`of`](Self::of) got it.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the split has none, or one of another form.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        let json: &str = self.get_str(VALUE).unwrap_or_default();
        serde_json::from_str(json).or_error(ErrorKind::InvalidInput, || {
            format!(
                "the split is not one of {}; it may come from another build of the connector: run \
                 the query again",
                std::any::type_name::<T>()
            )
        })
    }

    /// Returns the property `name` as text, or `None` if it is missing.
    pub fn get_str(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }
}

/// Describes a split for logs and errors, with the beginning of every property of the author: some
/// connectors put whole plans into one. The SDK's own are a seal, and values of partition columns,
/// which are data.
pub(crate) fn describe_properties(properties: &BTreeMap<String, String>) -> String {
    const MAX_CHARS: usize = 40;
    let mut words = Vec::new();
    for (name, value) in properties.iter().filter(|(name, _)| !name.starts_with('$')) {
        let start: String = value.chars().take(MAX_CHARS).collect();
        let ellipsis = if start.len() < value.len() { "..." } else { "" };
        words.push(format!("{name}={start}{ellipsis}"));
    }
    if words.is_empty() { "without properties".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_the_beginning_of_every_property() {
        let split = Split::new().with("a", 1).with("plan", "x".repeat(100));
        let expected = format!("a=1 plan={}...", "x".repeat(40));
        assert_eq!(describe_properties(&split.properties), expected);
        assert_eq!(describe_properties(&BTreeMap::new()), "without properties");
        let split = Split::new().with("$partition", "J. Doe").with("$seal", "1");
        assert_eq!(describe_properties(&split.properties), "without properties");
    }

    #[test]
    fn a_split_of_another_form_is_refused_without_its_values() {
        let split = Split::of(&("orders", 7)).unwrap().with("other", 1);
        assert_eq!(split.read::<(String, u32)>().unwrap(), ("orders".to_owned(), 7));
        for split in [split, Split::new(), Split::new().with(VALUE, "{")] {
            let error = split.read::<(u32, u32)>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(!error.message().contains("orders"), "{error}");
        }
    }

    #[test]
    fn a_property_that_cannot_be_parsed_is_named() {
        let error = Split::new().with("part", "two").get::<u32>("part").unwrap_err();
        assert!(error.message().contains("\"part\" is \"two\""), "{error}");
        assert!(Split::new().get::<u32>("part").is_err());
    }
}
