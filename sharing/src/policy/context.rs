//! What is known about the circumstances of a request.

use std::collections::BTreeMap;

/// The context keys of a request. Names have no case, as in IAM.
///
/// A key that nobody spoke about is [`Unknown`](Value::Unknown), so that a condition on it is not
/// decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    keys: BTreeMap<String, Value>,
}

/// What is known of one context key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// AWS sends it, with these values; most keys have one.
    Present(Vec<String>),
    /// AWS does not send it.
    Absent,
    /// Whether AWS sends it, or with which value, cannot be told from outside.
    Unknown,
}

impl Context {
    /// The same context, in which AWS sends `key` with `values`.
    #[must_use]
    pub fn with<const N: usize>(self, key: &str, values: [&str; N]) -> Self {
        self.set(key, Value::Present(values.map(str::to_owned).into()))
    }

    /// The same context, in which AWS does not send `key`.
    #[must_use]
    pub fn without(self, key: &str) -> Self {
        self.set(key, Value::Absent)
    }

    /// The same context, in which nothing is known of `key`.
    #[must_use]
    pub fn with_unknown(self, key: &str) -> Self {
        self.set(key, Value::Unknown)
    }

    fn set(mut self, key: &str, value: Value) -> Self {
        self.keys.insert(key.to_ascii_lowercase(), value);
        self
    }

    /// What is known of `key`.
    pub fn get(&self, key: &str) -> &Value {
        self.keys.get(&key.to_ascii_lowercase()).unwrap_or(&Value::Unknown)
    }
}
