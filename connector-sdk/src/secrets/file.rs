//! Secrets in a file, for runs without an account.

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;

use super::{Secret, SecretStore};
use crate::{Error, ErrorKind, OrError, Result};

/// JSON object of secrets by name. A secret is a text, or an object, as Secrets Manager has them.
#[derive(Debug)]
pub(super) struct SecretFile(PathBuf);

impl SecretFile {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

#[async_trait]
impl SecretStore for SecretFile {
    /// Reads the file at each call, so that a change is a rotation.
    async fn fetch(&self, name: &str) -> Result<Secret> {
        let path = self.0.display();
        let text = std::fs::read_to_string(&self.0)
            .or_error(ErrorKind::NotFound, || format!("the file of secrets {path} cannot be read"))
            .map(Secret::new)?;
        let secrets: BTreeMap<String, serde_json::Value> = serde_json::from_str(text.expose())
            .or_error(ErrorKind::InvalidInput, || {
                format!("the file of secrets {path} is no JSON object of secrets by name")
            })?;
        match secrets.get(name) {
            Some(serde_json::Value::String(text)) => Ok(Secret::new(text)),
            Some(other) => Ok(Secret::new(other.to_string())),
            None => Err(Error::not_found(format!(
                "the file of secrets {path} has no secret {name:?}; it has {:?}",
                secrets.keys().collect::<Vec<_>>()
            ))),
        }
    }
}
