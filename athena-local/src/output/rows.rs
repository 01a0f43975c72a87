//! Batches as text or Parquet.

use std::io::Write;

use anyhow::Context as _;
use arrow::{
    csv::writer::{Writer as CsvWriter, WriterBuilder},
    datatypes::SchemaRef,
    json::LineDelimitedWriter,
    record_batch::RecordBatch,
};
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};

use super::{Format, table::TableWriter};

/// Writes the batches of one result in one format.
pub enum RowWriter<W: Write + Send> {
    /// Aligned columns.
    Table(TableWriter<W>),
    /// Comma-separated values.
    Csv(Box<CsvWriter<W>>),
    /// JSON lines.
    Json(LineDelimitedWriter<W>),
    /// Parquet.
    Parquet(Box<ArrowWriter<W>>),
}

impl<W: Write + Send> std::fmt::Debug for RowWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Table(_) => "RowWriter(table)",
            Self::Csv(_) => "RowWriter(csv)",
            Self::Json(_) => "RowWriter(json)",
            Self::Parquet(_) => "RowWriter(parquet)",
        })
    }
}

impl<W: Write + Send> RowWriter<W> {
    /// A writer of rows of `schema` to `out`.
    ///
    /// # Errors
    ///
    /// If the format has no form for a column of `schema`.
    pub fn try_new(format: Format, schema: &SchemaRef, out: W) -> anyhow::Result<Self> {
        Ok(match format {
            Format::Table => Self::Table(TableWriter::new(SchemaRef::clone(schema), out)),
            Format::Csv => {
                let mut writer = WriterBuilder::new().with_header(true).build(out);
                // The header is there even if no row follows.
                writer.write(&RecordBatch::new_empty(SchemaRef::clone(schema)))?;
                Self::Csv(Box::new(writer))
            }
            Format::Json => Self::Json(LineDelimitedWriter::new(out)),
            Format::Parquet => {
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                let writer = ArrowWriter::try_new(out, SchemaRef::clone(schema), Some(properties))
                    .context("the result has no form as Parquet")?;
                Self::Parquet(Box::new(writer))
            }
        })
    }

    /// Adds the rows of `batch`.
    ///
    /// # Errors
    ///
    /// What the sink says, or that a value has no form.
    pub fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        match self {
            Self::Table(writer) => writer.write(batch),
            Self::Csv(writer) => Ok(writer.write(batch)?),
            Self::Json(writer) => Ok(writer.write(batch)?),
            Self::Parquet(writer) => Ok(writer.write(batch)?),
        }
    }

    /// Ends the result and gives back what it was written to.
    ///
    /// # Errors
    ///
    /// What the sink says.
    pub fn finish(self) -> anyhow::Result<W> {
        match self {
            Self::Table(writer) => writer.finish(),
            Self::Csv(writer) => Ok(writer.into_inner()),
            Self::Json(mut writer) => {
                writer.finish()?;
                Ok(writer.into_inner())
            }
            Self::Parquet(writer) => Ok(writer.into_inner()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{Int32Array, StringArray},
        datatypes::{DataType, Field, Schema},
    };

    use super::*;

    fn written(format: Format, batches: &[RecordBatch]) -> String {
        let fields = vec![Field::new("n", DataType::Int32, true), Field::new("text", DataType::Utf8, true)];
        let schema = Arc::new(Schema::new(fields));
        let mut writer = RowWriter::try_new(format, &schema, Vec::new()).unwrap();
        for batch in batches {
            writer.write(batch).unwrap();
        }
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    fn batch() -> RecordBatch {
        let fields = vec![Field::new("n", DataType::Int32, true), Field::new("text", DataType::Utf8, true)];
        let n = Int32Array::from(vec![Some(1), None]);
        let text = StringArray::from(vec![Some("a,b"), None]);
        RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![Arc::new(n), Arc::new(text)]).unwrap()
    }

    #[test]
    fn csv_has_one_header_however_many_batches_there_are() {
        assert_eq!(written(Format::Csv, &[]), "n,text\n");
        assert_eq!(written(Format::Csv, &[batch(), batch()]), "n,text\n1,\"a,b\"\n,\n1,\"a,b\"\n,\n");
    }

    #[test]
    fn json_is_one_object_a_line() {
        assert_eq!(written(Format::Json, &[batch()]), "{\"n\":1,\"text\":\"a,b\"}\n{}\n");
    }

    #[test]
    fn a_table_without_rows_still_has_its_columns() {
        assert_eq!(written(Format::Table, &[]), " n | text\n---+------\n");
        assert_eq!(written(Format::Table, &[batch()]), " n    | text\n------+------\n    1 | a,b\n null | null\n");
    }
}
