//! From a connector's batches to an answer.
//!
//! ```text
//! connector -> slices -> cast -> residual -> limit/order -> select -> pack |channel| -> cut -> inline or spill
//!              ^ Rows, a task of its own                                    ^ Sink
//! ```
//!
//! The two sides run at the same time, [`AHEAD`] batches apart, so that filtering and encoding
//! overlap with the source. Dropping the sink's future aborts the task, and with it the source.

mod columns;
mod rows;
mod sink;
mod slices;
mod written_out;

pub(crate) use columns::{Columns, columns_of_constraints};
pub(crate) use rows::Rows;
pub(crate) use sink::{Limits, Outcome, Sink};

/// Batches that may wait between reading and encoding: enough to smooth out, few enough to bound
/// memory.
const AHEAD: usize = 2;
