//! Rows on their way out: formats, and holding them back until they are complete.

mod csv;
mod explain;
mod json;
mod progress;
mod rows;
mod say;
mod spool;
mod table;

pub use explain::explanation;
pub use progress::{ProgressLine, StatusLine};
pub use rows::RowWriter;
pub use say::say;
pub use spool::Spool;

/// The form in which rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns for people.
    #[default]
    Table,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line.
    Json,
    /// A Parquet file; needs --output.
    Parquet,
}
