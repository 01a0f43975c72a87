//! Values that must not be printed.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Credential that is redacted in `Debug` output and wiped from memory when dropped.
///
/// It has no `Display`. The `String` given to [`new`](Self::new) becomes the secret without a copy;
/// a `&str` is copied, and the caller keeps the original.
///
/// ```
/// # use athena_connector_sdk::Secret;
/// let password = Secret::new("tiger");
/// assert_eq!(format!("{password:?}"), "Secret(redacted)");
/// assert_eq!(password.expose(), "tiger");
/// ```
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Creates a secret from its value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Appends `text`.
    pub(super) fn push(&mut self, text: &str) {
        // A string that grows leaves its former bytes behind, so a longer one is made instead.
        let mut longer = String::with_capacity(self.0.len() + text.len());
        longer.push_str(&self.0);
        longer.push_str(text);
        *self = Self(longer);
    }

    /// Returns the value. Pass it to the source only, never to a log or an error.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}
