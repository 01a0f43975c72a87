//! CSV objects as record batches.

use std::sync::Arc;

use athena_connector_sdk::{
    BatchReader, Error, RecordBatchStream, Result,
    arrow::{
        csv::{
            ReaderBuilder,
            reader::{Decoder, Format},
        },
        datatypes::{DataType, Field, Schema, SchemaRef},
        error::ArrowError,
        record_batch::RecordBatch,
    },
    async_trait,
};

use bytes::{Buf, Bytes};
use futures::{Stream, StreamExt, stream::BoxStream};

use crate::visits;

/// Longest first line, in bytes.
const MAX_HEADER: usize = 1 << 20;

/// Reads the rows of the object whose text is `chunks` batch by batch.
///
/// Columns are found by the names in the first line, in any order; others are ignored. An object
/// without any text has no rows. Memory is bounded by a batch, whatever the size of the object.
///
/// # Errors
///
/// `InvalidResponse` for text that is not CSV, or a first line without a column of the table; `key`
/// names the object in the message. Any error of `chunks`.
pub fn batches(
    chunks: impl Stream<Item = Result<Bytes>> + Send + 'static,
    key: String,
) -> RecordBatchStream {
    let chunks = chunks.fuse().boxed();
    RecordBatchStream::from_reader(Object { chunks, chunk: Bytes::new(), decoder: None, key })
}

/// Object that is being read.
struct Object {
    chunks: BoxStream<'static, Result<Bytes>>,
    /// Text that is not decoded yet.
    chunk: Bytes,
    /// Decoder of the rows, once the first line is read.
    decoder: Option<Decoder>,
    key: String,
}

#[async_trait]
impl BatchReader for Object {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let mut decoder = match self.decoder.take() {
            Some(decoder) => decoder,
            None => match self.read_header().await? {
                Some(decoder) => decoder,
                None => return Ok(None),
            },
        };
        loop {
            let is_end = self.chunk.is_empty() && !self.fetch().await?;
            // At the end, the decoder is told so by an empty text.
            let taken = decoder.decode(&self.chunk).map_err(|error| invalid(&self.key, error))?;
            self.chunk.advance(taken);
            if taken == 0 || is_end {
                break;
            }
        }
        let batch = decoder.flush().map_err(|error| invalid(&self.key, error));
        self.decoder = Some(decoder);
        batch
    }
}

impl Object {
    /// Appends the next chunk that is not empty; returns whether there is one.
    async fn fetch(&mut self) -> Result<bool> {
        while let Some(chunk) = self.chunks.next().await.transpose()? {
            if !chunk.is_empty() {
                self.chunk = if self.chunk.is_empty() {
                    chunk
                } else {
                    [&self.chunk[..], &chunk].concat().into()
                };
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the first line, which remains in the text; `None` for an object without text.
    async fn read_header(&mut self) -> Result<Option<Decoder>> {
        while !self.chunk.contains(&b'\n') && self.fetch().await? {
            if self.chunk.len() > MAX_HEADER {
                return Err(Error::invalid_response(format!(
                    "object {:?} has a first line of more than {MAX_HEADER} bytes, expected the \
                     names of the columns",
                    self.key
                )));
            }
        }
        if self.chunk.is_empty() {
            return Ok(None);
        }
        let header = Format::default().with_header(true).infer_schema(&self.chunk[..], Some(0));
        let (header, _) = header.map_err(|error| invalid(&self.key, error))?;
        let (schema, projection) = columns_of(&header, &self.key)?;
        let builder = ReaderBuilder::new(schema).with_header(true).with_projection(projection);
        Ok(Some(builder.build_decoder()))
    }
}

fn invalid(key: &str, error: ArrowError) -> Error {
    Error::invalid_response(format!(
        "object {key:?} is not CSV with the columns of table {}.{}",
        visits::SCHEMA,
        visits::TABLE
    ))
    .with_source(error)
}

/// Returns the columns of an object with this first line, and the positions of those of the table.
fn columns_of(header: &Schema, key: &str) -> Result<(SchemaRef, Vec<usize>)> {
    let table = visits::csv_schema();
    let names: Vec<&str> = header.fields().iter().map(|field| field.name().as_str()).collect();
    let mut projection = Vec::new();
    for column in table.fields() {
        let mut positions = (0..names.len()).filter(|position| names[*position] == column.name());
        match (positions.next(), positions.next()) {
            (Some(position), None) => projection.push(position),
            (found, _) => {
                let times = if found.is_some() { "more than once" } else { "nowhere" };
                return Err(Error::invalid_response(format!(
                    "object {key:?} has column {:?} {times} in its first line; write the names of \
                     all columns there, each once",
                    column.name()
                )));
            }
        }
    }
    let fields = names.iter().map(|name| match table.field_with_name(name) {
        Ok(field) => field.clone(),
        Err(_) => Field::new(*name, DataType::Utf8, true),
    });
    Ok((Arc::new(Schema::new(fields.collect::<Vec<_>>())), projection))
}

#[cfg(test)]
mod tests {
    use athena_connector_sdk::{
        ErrorKind,
        arrow::{array::AsArray, compute::concat_batches, datatypes::Int64Type},
    };

    use std::fmt::Write;

    use futures::{TryStreamExt, stream};

    use super::*;
    use crate::day::Day;

    /// Reads an object that arrives in chunks of `size` bytes.
    fn batches_of(csv: &str, size: usize) -> Result<Vec<RecordBatch>> {
        let chunks: Vec<_> = csv.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
        let chunks = stream::iter(chunks.into_iter().map(Ok));
        futures::executor::block_on(batches(chunks, "x.csv".to_owned()).try_collect())
    }

    fn read(csv: &str) -> Result<RecordBatch> {
        let batches = batches_of(csv, 1_000)?;
        Ok(concat_batches(&batches[0].schema(), &batches).unwrap())
    }

    #[test]
    fn rows_are_the_same_whatever_the_chunks_in_which_they_arrive() {
        let mut csv = String::from("visit_id,customer_key,page,seconds,at\n");
        for id in 0..3_000 {
            let _ =
                write!(csv, "{id},,\"a \"\"quoted\"\"\n{id} \u{1F600}\",3,2024-01-02T01:02:00\n");
        }
        let whole = batches_of(&csv, usize::MAX).unwrap();
        assert!(whole.len() > 2, "rows come in batches");
        for size in [1, 7, 1_000, 65_536] {
            assert_eq!(batches_of(&csv, size).unwrap(), whole, "{size}");
        }
        let ids: usize = whole.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(ids, 3_000);
    }

    #[test]
    fn a_failed_chunk_and_a_cut_row_end_the_rows_with_an_error() {
        let csv = "visit_id,customer_key,page,seconds,at\n1,2,/x,3,2024-01-02T01:02:00\n2,";
        assert_eq!(batches_of(csv, 10).unwrap_err().kind(), ErrorKind::InvalidResponse);
        let lost = [Ok(Bytes::from(csv)), Err(Error::timeout("the connection was lost"))];
        let rows = batches(stream::iter(lost), "x.csv".to_owned()).try_collect::<Vec<_>>();
        assert_eq!(futures::executor::block_on(rows).unwrap_err().kind(), ErrorKind::Timeout);
        let endless = "x".repeat(MAX_HEADER + 1);
        assert_eq!(batches_of(&endless, 9_999).unwrap_err().kind(), ErrorKind::InvalidResponse);
    }

    #[test]
    fn the_rows_have_the_columns_of_the_table() {
        let rows = read(&visits::sample_csv(Day { year: 2024, month: 2, day: 3 })).unwrap();
        assert_eq!(rows.schema(), visits::csv_schema());
        assert_eq!(rows.num_rows(), 50);
        assert!(rows.column(1).null_count() > 0, "anonymous visitors have no key");
    }

    #[test]
    fn columns_are_found_by_name_in_any_order_beside_others() {
        let rows = read("page,more,at,visit_id,seconds,customer_key\n/x,9,,7,3,5\n").unwrap();
        let number = |index: usize| {
            let column = rows.column(index);
            column.as_primitive_opt::<Int64Type>().map(|column| column.value(0))
        };
        assert_eq!((number(0), number(1)), (Some(7), Some(5)));
        assert_eq!(rows.column(2).as_string::<i32>().value(0), "/x");
        assert_eq!(rows.num_columns(), 5);
    }

    #[test]
    fn an_object_without_the_names_of_all_columns_is_refused_and_an_empty_one_has_no_rows() {
        for (csv, problem) in [
            ("1,2,/x,3,2024-01-02T01:02:00\n", "\"visit_id\" nowhere"),
            ("visit_id,customer_key,page,at\n", "\"seconds\" nowhere"),
            ("visit_id,visit_id,customer_key,page,seconds,at\n", "\"visit_id\" more than once"),
        ] {
            let error = read(csv).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            assert!(error.message().contains(problem), "{error}");
        }
        assert_eq!(batches_of("", 1).unwrap(), []);
    }

    #[test]
    fn the_error_for_text_in_a_number_column_names_the_object() {
        let error = read("visit_id,customer_key,page,seconds,at\nseven,,,,\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("x.csv"), "{error}");
    }
}
