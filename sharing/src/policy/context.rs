//! The condition context of a request.

use std::collections::BTreeMap;

/// Condition keys of a request, by case-insensitive name.
///
/// A key that was never set is [`Unknown`](Value::Unknown), so that a condition on it stays
/// undecided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    keys: BTreeMap<String, Value>,
}

/// The value of a condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// The request has the key, with these values; most keys have exactly one.
    Present(Vec<String>),
    /// The request does not have the key.
    Absent,
    /// Presence or value cannot be determined from outside AWS.
    Unknown,
}

impl Context {
    /// Sets `key` to `values`.
    #[must_use]
    pub fn with<const N: usize>(self, key: &str, values: [&str; N]) -> Self {
        self.set(key, Value::Present(values.map(str::to_owned).into()))
    }

    /// Marks `key` as absent from the request.
    #[must_use]
    pub fn without(self, key: &str) -> Self {
        self.set(key, Value::Absent)
    }

    /// Marks `key` as unknown.
    #[must_use]
    pub fn with_unknown(self, key: &str) -> Self {
        self.set(key, Value::Unknown)
    }

    fn set(mut self, key: &str, value: Value) -> Self {
        self.keys.insert(key.to_ascii_lowercase(), value);
        self
    }

    /// Returns the value of `key`.
    pub fn get(&self, key: &str) -> &Value {
        self.keys.get(&key.to_ascii_lowercase()).unwrap_or(&Value::Unknown)
    }
}
