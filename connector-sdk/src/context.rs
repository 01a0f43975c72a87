//! What a connector may know about the invocation it serves.

use std::time::{Duration, SystemTime};

use athena_protocol::FederatedIdentity;

/// The invocation that a request came in. Cheap to clone.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Context {
    /// Query that asks; metadata requests may come without.
    pub query_id: Option<String>,
    /// Catalog that the function is registered as.
    pub catalog_name: String,
    pub(crate) identity: Option<FederatedIdentity>,
    pub(crate) deadline: Option<SystemTime>,
}

impl Context {
    /// How long the invocation may still take; `None` where the runtime does not say.
    ///
    /// A deadline of the epoch, which some local runtimes send, is unknown rather than past.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO))
    }

    /// Who the caller says asks. Nothing proves it but a deployment that lets only Athena invoke the function.
    pub fn claimed_identity(&self) -> Option<&FederatedIdentity> {
        self.identity.as_ref()
    }
}
