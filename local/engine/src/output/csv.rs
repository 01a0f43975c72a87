//! Comma-separated values as Athena writes them: every value in quotes, and null as an empty field
//! without quotes.

use std::io::Write;

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use super::text::TextColumn;

/// A writer of comma-separated values. Values of nested types have the same form as in a table.
#[derive(Debug)]
pub struct CsvWriter<W> {
    out: W,
}

impl<W: Write> CsvWriter<W> {
    /// Creates a writer and writes the header, which a result without rows has too.
    pub(super) fn try_new(schema: &SchemaRef, mut out: W) -> anyhow::Result<Self> {
        let mut line = String::new();
        for (index, field) in schema.fields().iter().enumerate() {
            push_value(&mut line, index, Some(field.name()));
        }
        writeln!(out, "{line}")?;
        Ok(Self { out })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let columns: Result<Vec<TextColumn<'_>>, _> =
            batch.columns().iter().map(|column| TextColumn::try_new(column.as_ref())).collect();
        let columns = columns?;
        let mut line = String::new();
        for row in 0..batch.num_rows() {
            line.clear();
            for (index, column) in columns.iter().enumerate() {
                push_value(&mut line, index, column.text(row)?.as_deref());
            }
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> anyhow::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn push_value(line: &mut String, index: usize, text: Option<&str>) {
    if index > 0 {
        line.push(',');
    }
    if let Some(text) = text {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    }
}
