//! Output of the command: progress, explanations, and rows held back until they are complete.

mod explain;
mod progress;
mod say;
mod spool;

pub(crate) use explain::explanation;
pub(crate) use progress::{ProgressLine, StatusLine};
pub(crate) use say::{for_terminal, say};
pub(crate) use spool::Spool;
