//! What a connector may know about the invocation it serves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

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
    pub(crate) counters: Arc<Counters>,
}

/// How far an invocation has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Rows read, filtered and limited so far.
    pub rows: u64,
    /// Encoded bytes handed to the object store so far.
    pub bytes: u64,
    /// Blocks handed to the object store so far.
    pub blocks: u64,
}

impl Progress {
    /// Whether nothing has left the process yet, so that [`Throttled`](crate::ErrorKind::Throttled)
    /// is safe to return: Athena slows down and asks again. After the first block it may fail the
    /// query instead, so a connector that is asked to slow down in the middle of a read waits and
    /// tries again itself.
    pub fn is_retry_safe(&self) -> bool {
        self.blocks == 0
    }
}

/// The counts behind [`Progress`], shared by all clones of a context.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    rows: AtomicU64,
    bytes: AtomicU64,
    blocks: AtomicU64,
}

impl Counters {
    pub(crate) fn add_rows(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_block(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.blocks.fetch_add(1, Ordering::Relaxed);
    }
}

impl Context {
    /// The context of the query `query_id`, for unit tests of connectors.
    #[must_use]
    pub fn with_query_id(mut self, query_id: impl Into<String>) -> Self {
        self.query_id = Some(query_id.into());
        self
    }

    /// The context of a caller that says it is `identity`, for unit tests of connectors.
    #[must_use]
    pub fn with_identity(mut self, identity: FederatedIdentity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// The context of an invocation that ends at `deadline`, for unit tests of connectors.
    #[must_use]
    pub fn with_deadline(mut self, deadline: SystemTime) -> Self {
        self.deadline = known(Some(deadline));
        self
    }

    /// How long the invocation may still take; `None` where the runtime does not say.
    ///
    /// A deadline of the epoch, which some local runtimes send, is unknown rather than past.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO))
    }

    /// How far the invocation has come. Cheap enough to ask for every batch.
    pub fn progress(&self) -> Progress {
        Progress {
            rows: self.counters.rows.load(Ordering::Relaxed),
            bytes: self.counters.bytes.load(Ordering::Relaxed),
            blocks: self.counters.blocks.load(Ordering::Relaxed),
        }
    }

    /// Who the caller says asks. Nothing proves it but a deployment that lets only Athena invoke
    /// the function.
    pub fn claimed_identity(&self) -> Option<&FederatedIdentity> {
        self.identity.as_ref()
    }
}

/// The deadline, unless it is one that a runtime sends when it knows none.
pub(crate) fn known(deadline: Option<SystemTime>) -> Option<SystemTime> {
    deadline.filter(|deadline| *deadline > SystemTime::UNIX_EPOCH)
}
