//! Secrets, by name.

mod cache;
mod file;
#[cfg(feature = "secrets-manager")]
mod manager;
mod secret;

pub use cache::{SecretStore, Secrets};
pub use secret::Secret;
