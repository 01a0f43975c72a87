//! What was said between the engine and its connectors, in order.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::Operation;

/// The record of all calls of one query. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Trace(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    calls: Vec<Call>,
    progress: Progress,
}

/// One call to a function, and what became of it.
#[derive(Debug, Clone)]
pub struct Call {
    /// Catalog whose function was called.
    pub catalog: String,
    /// What was asked.
    pub operation: Operation,
    /// About what: a table, a split, a function. May be empty.
    pub subject: String,
    /// Predicate, order and limit that were sent, in words; empty where nothing was.
    pub pushed: String,
    /// Size of the request in bytes.
    pub request_bytes: usize,
    /// Size of the answer in bytes, without what was spilled.
    pub response_bytes: usize,
    /// From sending to receiving; fetching what was spilled is not in it.
    pub elapsed: Duration,
    /// What came back.
    pub outcome: Outcome,
}

/// What a call brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer without rows of a table, summed up in words.
    Answer(String),
    /// Rows inside the answer.
    Inline {
        /// How many.
        rows: u64,
    },
    /// Rows in objects.
    Spilled {
        /// Objects named by the answer.
        blocks: usize,
        /// Rows fetched so far.
        rows: u64,
        /// Bytes fetched so far.
        bytes: u64,
        /// Whether they are sealed with a key of their split.
        sealed: bool,
    },
    /// No answer: why.
    Failed(String),
}

/// How far the reading has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Splits that the connectors have told of.
    pub splits: u64,
    /// Splits that were read to the end.
    pub splits_done: u64,
    /// Rows received.
    pub rows: u64,
    /// Bytes received: answers and spilled objects.
    pub bytes: u64,
}

impl Trace {
    /// All calls so far, in the order in which they ended.
    pub fn calls(&self) -> Vec<Call> {
        self.with(|record| record.calls.clone())
    }

    /// How far the reading has come.
    pub fn progress(&self) -> Progress {
        self.with(|record| record.progress)
    }

    /// Adds a call and returns its place.
    pub(super) fn add(&self, call: Call) -> usize {
        self.with(|record| {
            record.progress.bytes += call.response_bytes as u64;
            record.calls.push(call);
            record.calls.len() - 1
        })
    }

    /// Says what the call at `place` brought.
    pub(super) fn set_outcome(&self, place: usize, outcome: Outcome) {
        self.with(|record| {
            if let Outcome::Inline { rows } = outcome {
                record.progress.rows += rows;
            }
            if let Some(call) = record.calls.get_mut(place) {
                call.outcome = outcome;
            }
        });
    }

    /// Counts one fetched block of the call at `place`.
    pub(super) fn add_block(&self, place: usize, block_rows: usize, block_bytes: usize) {
        self.with(|record| {
            record.progress.rows += block_rows as u64;
            record.progress.bytes += block_bytes as u64;
            if let Some(Call { outcome: Outcome::Spilled { rows, bytes, .. }, .. }) =
                record.calls.get_mut(place)
            {
                *rows += block_rows as u64;
                *bytes += block_bytes as u64;
            }
        });
    }

    /// Counts splits that are to be read.
    pub(crate) fn add_splits(&self, count: usize) {
        self.with(|record| record.progress.splits += count as u64);
    }

    /// Counts a split that was read to its end.
    pub fn finish_split(&self) {
        self.with(|record| record.progress.splits_done += 1);
    }

    fn with<T>(&self, f: impl FnOnce(&mut Record) -> T) -> T {
        // Numbers and texts have no half-written state, so a panic elsewhere does not spoil them.
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
