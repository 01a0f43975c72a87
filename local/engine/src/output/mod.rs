//! Output formats for rows: text, CSV, JSON lines and Parquet.

mod controls;
mod csv;
mod json;
mod rows;
mod table;
mod text;

pub use controls::escape_controls;
pub use rows::RowWriter;

/// An output format for rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Format {
    /// Aligned columns, human-readable.
    #[default]
    Table,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object per line.
    Json,
    /// A Parquet file; needs --output.
    Parquet,
}
