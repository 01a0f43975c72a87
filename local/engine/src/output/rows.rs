//! A writer of rows in any output format.

use std::io::Write;

use anyhow::Context as _;
use arrow::{datatypes::SchemaRef, json::LineDelimitedWriter, record_batch::RecordBatch};
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};

use super::{Format, csv::CsvWriter, json, table::TableWriter};

/// A writer of the batches of one result in one format.
pub enum RowWriter<W: Write + Send> {
    /// Aligned columns.
    Table(TableWriter<W>),
    /// Comma-separated values.
    Csv(CsvWriter<W>),
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
    /// Creates a writer of rows of `schema` to `out`. CSV writes its header.
    ///
    /// # Errors
    ///
    /// If the format does not support a type in `schema`, if two columns have the same name where
    /// the format needs distinct ones (JSON lines and Parquet), or if `out` fails.
    pub fn try_new(format: Format, schema: &SchemaRef, out: W) -> anyhow::Result<Self> {
        Ok(match format {
            Format::Table => Self::Table(TableWriter::new(SchemaRef::clone(schema), out)),
            Format::Csv => Self::Csv(CsvWriter::try_new(schema, out)?),
            Format::Json => Self::Json(json::writer(schema, out)?),
            Format::Parquet => {
                json::distinct_names(schema)?;
                let properties =
                    WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                let writer = ArrowWriter::try_new(out, SchemaRef::clone(schema), Some(properties))
                    .context("Parquet does not support a type of the result")?;
                Self::Parquet(Box::new(writer))
            }
        })
    }

    /// Escapes control characters in the names and values of a table, for a terminal: see
    /// [`escape_controls`](super::escape_controls). Changes no other format.
    #[must_use]
    pub fn for_terminal(self) -> Self {
        match self {
            Self::Table(writer) => Self::Table(writer.escaped()),
            Self::Csv(_) | Self::Json(_) | Self::Parquet(_) => self,
        }
    }

    /// Writes the rows of `batch`. They may stay buffered until [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// If the sink fails, or if a value cannot be formatted.
    pub fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        match self {
            Self::Table(writer) => writer.write(batch),
            Self::Csv(writer) => writer.write(batch),
            Self::Json(writer) => Ok(writer.write(batch)?),
            Self::Parquet(writer) => Ok(writer.write(batch)?),
        }
    }

    /// Writes the end of the result, flushes, and returns the sink.
    ///
    /// # Errors
    ///
    /// If the sink fails.
    pub fn finish(self) -> anyhow::Result<W> {
        match self {
            Self::Table(writer) => writer.finish(),
            Self::Csv(writer) => writer.finish(),
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
        array::{ArrayRef, Float64Array, Int32Array, ListArray, StringArray},
        datatypes::{DataType, Field, Int32Type, Schema},
    };

    use super::*;

    fn written(format: Format, batches: &[RecordBatch]) -> String {
        let fields =
            vec![Field::new("n", DataType::Int32, true), Field::new("text", DataType::Utf8, true)];
        let schema = Arc::new(Schema::new(fields));
        let mut writer = RowWriter::try_new(format, &schema, Vec::new()).unwrap();
        for batch in batches {
            writer.write(batch).unwrap();
        }
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    fn batch() -> RecordBatch {
        let fields =
            vec![Field::new("n", DataType::Int32, true), Field::new("text", DataType::Utf8, true)];
        let n = Int32Array::from(vec![Some(1), None]);
        let text = StringArray::from(vec![Some("a,b"), None]);
        RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![Arc::new(n), Arc::new(text)])
            .unwrap()
    }

    #[test]
    fn csv_has_one_header_for_any_number_of_batches() {
        let header = "\"n\",\"text\"\n";
        assert_eq!(written(Format::Csv, &[]), header);
        let rows = "\"1\",\"a,b\"\n,\n";
        assert_eq!(written(Format::Csv, &[batch(), batch()]), format!("{header}{rows}{rows}"));
    }

    #[test]
    fn csv_distinguishes_null_from_empty_text_and_formats_nested_values() {
        let text = StringArray::from(vec![Some(""), None, Some("say \"a\"")]);
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![Some(1), None]),
            None,
            Some(vec![]),
        ]);
        let batch = RecordBatch::try_from_iter([
            ("text", Arc::new(text) as ArrayRef),
            ("list", Arc::new(list)),
        ])
        .unwrap();
        let mut writer = RowWriter::try_new(Format::Csv, &batch.schema(), Vec::new()).unwrap();
        writer.write(&batch).unwrap();
        let written = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert_eq!(written, "\"text\",\"list\"\n\"\",\"[1, null]\"\n,\n\"say \"\"a\"\"\",\"[]\"\n");
    }

    #[test]
    fn json_is_one_object_per_line_with_all_columns() {
        let rows = "{\"n\":1,\"text\":\"a,b\"}\n{\"n\":null,\"text\":null}\n";
        assert_eq!(written(Format::Json, &[batch()]), rows);
    }

    #[test]
    fn json_distinguishes_non_finite_numbers_from_null() {
        let x = Float64Array::from(vec![
            Some(0.1),
            Some(1e300),
            Some(-0.0),
            Some(f64::NAN),
            Some(f64::NEG_INFINITY),
            None,
        ]);
        let batch = RecordBatch::try_from_iter([("x", Arc::new(x) as ArrayRef)]).unwrap();
        let mut writer = RowWriter::try_new(Format::Json, &batch.schema(), Vec::new()).unwrap();
        writer.write(&batch).unwrap();
        let written = String::from_utf8(writer.finish().unwrap()).unwrap();
        let values: Vec<&str> = written.lines().map(|line| &line[5..line.len() - 1]).collect();
        assert_eq!(values, ["0.1", "1e300", "-0.0", "\"NaN\"", "\"-Infinity\"", "null"]);
    }

    #[test]
    fn duplicate_column_names_are_rejected_where_one_would_be_lost() {
        let field = || Field::new("id", DataType::Int32, true);
        let schema = Arc::new(Schema::new(vec![field(), field()]));
        for (format, accepted) in [
            (Format::Table, true),
            (Format::Csv, true),
            (Format::Json, false),
            (Format::Parquet, false),
        ] {
            assert_eq!(
                RowWriter::try_new(format, &schema, Vec::new()).is_ok(),
                accepted,
                "{format:?}"
            );
        }
    }

    #[test]
    fn only_a_table_for_a_terminal_escapes_control_characters() {
        let text = "\u{1b}[31mred\u{7}\t\u{9b}é\u{7f}";
        let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
        let batch = RecordBatch::try_from_iter([("x\u{1b}c", column)]).unwrap();
        let written = |format, terminal: bool| {
            let mut writer = RowWriter::try_new(format, &batch.schema(), Vec::new()).unwrap();
            if terminal {
                writer = writer.for_terminal();
            }
            writer.write(&batch).unwrap();
            String::from_utf8(writer.finish().unwrap()).unwrap()
        };
        let table = written(Format::Table, true);
        assert_eq!(table.lines().next().unwrap().trim(), "x\\x1bc");
        assert_eq!(table.lines().nth(2).unwrap().trim(), "\\x1b[31mred\\x07\t\\x9bé\\x7f");
        assert!(written(Format::Table, false).contains(text));
        assert!(written(Format::Csv, true).contains(text));
        assert_eq!(written(Format::Json, true), written(Format::Json, false));
    }

    #[test]
    fn a_table_without_rows_has_a_header() {
        assert_eq!(written(Format::Table, &[]), " n | text\n---+------\n");
        assert_eq!(
            written(Format::Table, &[batch()]),
            " n    | text\n------+------\n    1 | a,b\n null | null\n"
        );
    }
}
