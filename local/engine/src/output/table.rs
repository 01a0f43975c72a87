//! Human-readable tables in the style of psql.

use std::{fmt::Write as _, io::Write};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use super::{escape_controls, text::TextColumn};

/// Widest aligned column, in characters; a longer cell is written whole and shifts its line.
/// Formatting fails beyond 65,535.
const MAX_WIDTH: usize = 1_000;

/// Number of rows that determine the column widths. They are buffered in memory until then.
const ROWS_MEASURED: usize = 10_000;

/// A writer of aligned columns.
///
/// The first 10,000 rows determine the column widths. A wider value in a later row shifts the rest
/// of its line.
#[derive(Debug)]
pub struct TableWriter<W> {
    schema: SchemaRef,
    out: W,
    /// Rows buffered until the widths are known.
    buffered: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
    /// Whether control characters are escaped.
    escaped: bool,
}

impl<W: Write> TableWriter<W> {
    pub(super) fn new(schema: SchemaRef, out: W) -> Self {
        Self { schema, out, buffered: Vec::new(), widths: None, escaped: false }
    }

    pub(super) fn escaped(self) -> Self {
        Self { escaped: true, ..self }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let columns: Result<Vec<TextColumn<'_>>, _> =
            batch.columns().iter().map(|column| TextColumn::try_new(column.as_ref())).collect();
        let columns = columns?;
        for row in 0..batch.num_rows() {
            let mut cells = Vec::with_capacity(columns.len());
            for column in &columns {
                cells.push(self.cell(column.text(row)?.as_deref().unwrap_or("null")));
            }
            if self.widths.is_some() {
                self.line(&cells)?;
            } else {
                self.buffered.push(cells);
                if self.buffered.len() == ROWS_MEASURED {
                    self.begin()?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> anyhow::Result<W> {
        if self.widths.is_none() {
            self.begin()?;
        }
        self.out.flush()?;
        Ok(self.out)
    }

    /// Computes the widths, and writes the header and the buffered rows.
    fn begin(&mut self) -> anyhow::Result<()> {
        let names: Vec<String> =
            self.schema.fields().iter().map(|field| self.cell(field.name())).collect();
        let mut widths: Vec<usize> = names.iter().map(|name| name.chars().count()).collect();
        for row in &self.buffered {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for width in &mut widths {
            *width = (*width).min(MAX_WIDTH);
        }
        let header: Vec<String> =
            names.iter().zip(&widths).map(|(name, &width)| format!(" {name:width$} ")).collect();
        writeln!(self.out, "{}", header.join("|").trim_end())?;
        let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width + 2)).collect();
        writeln!(self.out, "{}", rule.join("+"))?;
        self.widths = Some(widths);
        for row in std::mem::take(&mut self.buffered) {
            self.line(&row)?;
        }
        Ok(())
    }

    fn cell(&self, text: &str) -> String {
        let line = one_line(text);
        if self.escaped { escape_controls(&line).into_owned() } else { line }
    }

    fn line(&mut self, cells: &[String]) -> anyhow::Result<()> {
        let widths = self.widths.as_deref().unwrap_or_default();
        let mut line = String::new();
        for (index, ((cell, &width), field)) in
            cells.iter().zip(widths).zip(self.schema.fields()).enumerate()
        {
            if index > 0 {
                line.push('|');
            }
            line.push(' ');
            if field.data_type().is_numeric() {
                write!(line, "{cell:>width$}")?;
            } else {
                write!(line, "{cell:width$}")?;
            }
            line.push(' ');
        }
        writeln!(self.out, "{}", line.trim_end())?;
        Ok(())
    }
}

/// Escapes line breaks, which would break the table.
fn one_line(text: &str) -> String {
    if text.contains(['\n', '\r']) {
        text.replace("\r\n", "\\n").replace(['\n', '\r'], "\\n")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;

    #[test]
    fn cells_of_any_length_are_written_whole() {
        let long = "x".repeat(70_000);
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", &long]));
        let batch = RecordBatch::try_from_iter([("t", texts)]).unwrap();
        let mut writer = TableWriter::new(batch.schema(), Vec::new());
        writer.write(&batch).unwrap();
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert!(text.contains(&long) && text.contains("\n a\n"), "{} bytes", text.len());
    }
}
