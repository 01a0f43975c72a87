//! What one read is to read.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use crate::{Error, Result};

/// One independently readable piece of a table, as a small map of strings.
///
/// ```
/// # use athena_connector_sdk::Split;
/// let split = Split::new().with("from_row", 0).with("to_row", 10_000);
/// assert_eq!(split.get::<u64>("to_row")?, 10_000);
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    pub(crate) properties: BTreeMap<String, String>,
}

impl Split {
    /// A split without properties: the whole table.
    pub fn new() -> Self {
        Self::default()
    }

    /// The split with one more property.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.properties.insert(name.into(), value.to_string());
        self
    }

    /// The property `name`, read as a `T`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is missing or does not read as a `T`.
    pub fn get<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
        &self,
        name: &str,
    ) -> Result<T> {
        let raw = self.properties.get(name).ok_or_else(|| {
            Error::invalid_input(format!(
                "split has no property {name:?}; was it made by this connector?"
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

    /// The property `name` as it is, if there is one.
    pub fn get_str(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }
}

/// The split for people: the beginning of every property, since some connectors put whole plans
/// into one.
pub(crate) fn in_words(properties: &BTreeMap<String, String>) -> String {
    const SHOWN: usize = 40;
    let property = |(name, value): (&String, &String)| {
        let short: String = value.chars().take(SHOWN).collect();
        let dots = if short.len() < value.len() { "..." } else { "" };
        format!("{name}={short}{dots}")
    };
    let properties: Vec<_> = properties.iter().map(property).collect();
    if properties.is_empty() { "without properties".to_owned() } else { properties.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_beginning_of_every_property() {
        let split = Split::new().with("a", 1).with("plan", "x".repeat(100));
        assert_eq!(in_words(&split.properties), format!("a=1 plan={}...", "x".repeat(40)));
        assert_eq!(in_words(&BTreeMap::new()), "without properties");
    }

    #[test]
    fn a_property_that_is_not_what_is_asked_for_is_named() {
        let error = Split::new().with("part", "two").get::<u32>("part").unwrap_err();
        assert!(error.message().contains("\"part\" is \"two\""), "{error}");
        assert!(Split::new().get::<u32>("part").is_err());
    }
}
