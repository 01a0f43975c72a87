//! Pipeline from the batches of a connector to a response.
//!
//! ```text
//! connector -> slice -> cast -> residual -> limit/order -> select -> pack | cut -> inline or spill
//!              ^ SplitReader, in its own task                      channel ^ Sink
//! ```
//!
//! Both sides run concurrently, [`CHANNEL_CAPACITY`] batches apart, so that filtering and encoding
//! overlap with the source. Dropping the sink's future aborts the task, and with it the source.

mod columns;
mod expanded_size;
mod partition_conditions;
mod sink;
mod slices;
mod split_reader;

pub(crate) use columns::{Columns, constraint_columns};
pub(crate) use partition_conditions::{Decided, decide};
pub(crate) use sink::{Limits, ReadOutcome, Sink};
pub(crate) use split_reader::SplitReader;

/// Number of batches that may wait between reading and encoding: enough to smooth the flow, few
/// enough to bound memory.
const CHANNEL_CAPACITY: usize = 2;
