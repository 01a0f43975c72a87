//! Invocation context of a request.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use athena_protocol::FederatedIdentity;

use crate::{Access, deadline::TimeLimit, seal::Refusal};

/// Context of the invocation that a request belongs to. Cheap to clone.
///
/// Build one only to unit test a connector:
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use athena_connector_sdk::Context;
///
/// let context = Context::default()
///     .with_query_id("8f6c0f3e-7a41-4a5e-9a3e-5d5f0a7f2b10")
///     .with_deadline(SystemTime::now() + Duration::from_secs(60));
/// assert!(context.remaining() <= Some(Duration::from_secs(60)));
/// assert!(context.progress().is_retry_safe());
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Context {
    /// Id of the query; `None` for metadata requests outside of a query.
    pub query_id: Option<String>,
    /// Name of the data source under which the function is registered.
    pub catalog_name: String,
    pub(crate) identity: Option<FederatedIdentity>,
    pub(crate) deadline: Option<SystemTime>,
    pub(crate) time_limit: TimeLimit,
    pub(crate) counters: Arc<Counters>,
}

/// Progress of one invocation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Rows read so far that passed the predicate and the limit.
    pub rows: u64,
    /// Encoded bytes handed to the object store so far.
    pub bytes: u64,
    /// Blocks handed to the object store so far.
    pub blocks: u64,
}

impl Progress {
    /// Returns whether Athena can safely repeat the request, because no block has left the process.
    ///
    /// While it is `true`, [`Throttled`](crate::ErrorKind::Throttled) makes Athena slow down and
    /// retry. After the first block it may fail the query instead, so a connector that is throttled
    /// in the middle of a read waits and retries by itself.
    pub fn is_retry_safe(&self) -> bool {
        self.blocks == 0
    }
}

/// Counters behind [`Progress`], shared by all clones of a context.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    rows: AtomicU64,
    bytes: AtomicU64,
    blocks: AtomicU64,
    /// Restrictions of the caller, for the owner's log.
    access: OnceLock<String>,
    /// Reason for which a seal was refused, for the owner's log.
    refusal: OnceLock<Refusal>,
    /// Whether the spill bucket refused an upload, or its check.
    spill_failed: AtomicBool,
}

impl Counters {
    pub(crate) fn set_access(&self, access: &Access) {
        self.access.get_or_init(|| access.to_string());
    }

    pub(crate) fn access(&self) -> Option<&str> {
        self.access.get().map(String::as_str)
    }

    pub(crate) fn set_spill_failed(&self) {
        self.spill_failed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn spill_failed(&self) -> bool {
        self.spill_failed.load(Ordering::Relaxed)
    }

    pub(crate) fn set_refusal(&self, refusal: Refusal) {
        self.refusal.get_or_init(|| refusal);
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get().copied()
    }

    pub(crate) fn add_rows(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_block(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.blocks.fetch_add(1, Ordering::Relaxed);
    }
}

impl Context {
    /// Sets the query id.
    #[must_use]
    pub fn with_query_id(mut self, query_id: impl Into<String>) -> Self {
        self.query_id = Some(query_id.into());
        self
    }

    /// Sets the claimed identity of the caller.
    #[must_use]
    pub fn with_identity(mut self, identity: FederatedIdentity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Sets the end of the invocation. The Unix epoch means that it is unknown.
    #[must_use]
    pub fn with_deadline(mut self, deadline: SystemTime) -> Self {
        self.deadline = known_deadline(Some(deadline));
        self
    }

    /// Returns the time left until the runtime ends the invocation, zero if none is left.
    ///
    /// `None` if the runtime does not report a deadline. The Unix epoch, which some local runtimes
    /// send, counts as not reported.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO))
    }

    /// Returns the progress of the invocation. Cheap enough to call for every batch.
    pub fn progress(&self) -> Progress {
        Progress {
            rows: self.counters.rows.load(Ordering::Relaxed),
            bytes: self.counters.bytes.load(Ordering::Relaxed),
            blocks: self.counters.blocks.load(Ordering::Relaxed),
        }
    }

    /// Returns the identity that the request claims, if any.
    ///
    /// The claim is not authenticated. It can be trusted only in a deployment where only Athena
    /// may invoke the function.
    pub fn claimed_identity(&self) -> Option<&FederatedIdentity> {
        self.identity.as_ref()
    }
}

/// Returns the deadline unless it is the Unix epoch, which stands for an unknown one.
pub(crate) fn known_deadline(deadline: Option<SystemTime>) -> Option<SystemTime> {
    deadline.filter(|deadline| *deadline > SystemTime::UNIX_EPOCH)
}
