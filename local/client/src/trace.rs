//! A record of the calls of one query, in order.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::FederationOperation;

/// The record of all calls of one query. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Trace(Arc<Mutex<TraceState>>);

#[derive(Debug, Default)]
struct TraceState {
    calls: Vec<CallRecord>,
    progress: QueryProgress,
}

/// One call to a function and its outcome.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// Catalog whose function was called.
    pub catalog: String,
    /// Operation of the request.
    pub operation: FederationOperation,
    /// Table, split or function that the request is about. May be empty.
    pub subject: String,
    /// Predicate, order and limit in the request, human-readable. Empty if there are none.
    pub pushed: String,
    /// Size of the request in bytes.
    pub request_bytes: usize,
    /// Size of the response in bytes, without spilled blocks.
    pub response_bytes: usize,
    /// Time from request to response, without fetching spilled blocks.
    pub elapsed: Duration,
    /// Outcome of the call.
    pub outcome: CallOutcome,
}

/// Outcome of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// A response without table rows, summarized as human-readable text.
    Response(String),
    /// Rows inside the response.
    Inline {
        /// Number of rows.
        rows: u64,
    },
    /// Rows in spilled objects.
    Spilled {
        /// Number of objects in the response.
        blocks: usize,
        /// Rows fetched so far.
        rows: u64,
        /// Bytes fetched so far.
        bytes: u64,
        /// Whether the objects are encrypted with a key of their split.
        encrypted: bool,
    },
    /// An error, as human-readable text.
    Failed(String),
}

/// Progress of a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueryProgress {
    /// Splits returned by the connectors.
    pub splits: u64,
    /// Splits read to the end.
    pub splits_done: u64,
    /// Rows received.
    pub rows: u64,
    /// Bytes received: responses and spilled objects.
    pub bytes: u64,
}

impl Trace {
    /// Returns all calls so far, in the order in which they ended.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.with(|state| state.calls.clone())
    }

    /// Returns the progress so far.
    pub fn progress(&self) -> QueryProgress {
        self.with(|state| state.progress)
    }

    /// Adds a call and returns its index.
    pub(super) fn add(&self, call: CallRecord) -> usize {
        self.with(|state| {
            state.progress.bytes += call.response_bytes as u64;
            state.calls.push(call);
            state.calls.len() - 1
        })
    }

    /// Sets the outcome of the call at `index`.
    pub(super) fn set_outcome(&self, index: usize, outcome: CallOutcome) {
        self.with(|state| {
            if let CallOutcome::Inline { rows } = outcome {
                state.progress.rows += rows;
            }
            if let Some(call) = state.calls.get_mut(index) {
                call.outcome = outcome;
            }
        });
    }

    /// Counts one fetched block of the call at `index`.
    pub(super) fn add_block(&self, index: usize, block_rows: usize, block_bytes: usize) {
        self.with(|state| {
            state.progress.rows += block_rows as u64;
            state.progress.bytes += block_bytes as u64;
            if let Some(CallRecord { outcome: CallOutcome::Spilled { rows, bytes, .. }, .. }) =
                state.calls.get_mut(index)
            {
                *rows += block_rows as u64;
                *bytes += block_bytes as u64;
            }
        });
    }

    /// Counts splits that are to be read.
    pub(super) fn add_splits(&self, count: usize) {
        self.with(|state| state.progress.splits += count as u64);
    }

    /// Counts a split that was read to its end.
    pub fn finish_split(&self) {
        self.with(|state| state.progress.splits_done += 1);
    }

    fn with<T>(&self, f: impl FnOnce(&mut TraceState) -> T) -> T {
        // Counters and strings are never half-written, so a panic elsewhere does not corrupt them.
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Formats a count: "1 split", "2 splits".
pub(super) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
