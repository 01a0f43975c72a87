//! Comma-separated values as Athena writes them: every value in quotes, and null as an empty field
//! without quotes.

use std::io::Write;

use arrow::{
    array::Array,
    datatypes::SchemaRef,
    record_batch::RecordBatch,
    util::display::{ArrayFormatter, FormatOptions},
};

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
        let options = FormatOptions::default().with_null("null").with_display_error(false);
        let formatters: Result<Vec<_>, _> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect();
        let formatters = formatters?;
        // A column of nulls has no validity bitmap.
        let nulls: Vec<_> = batch.columns().iter().map(Array::logical_nulls).collect();
        let mut line = String::new();
        for row in 0..batch.num_rows() {
            line.clear();
            for (index, (nulls, formatter)) in nulls.iter().zip(&formatters).enumerate() {
                let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
                let text = if is_null { None } else { Some(formatter.value(row).try_to_string()?) };
                push_value(&mut line, index, text.as_deref());
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
