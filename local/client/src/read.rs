//! The rows of one split, wherever the connector put them.

use std::{fmt, sync::Arc};

use crate::schema_mismatch;
use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::{
    Constraints, Error, Request, Response, Result, Split, TableName,
    message::{ReadRecordsRequest, RemoteReadRecordsResponse},
};
use athena_spill::SpillReader;
use futures::stream::{self, BoxStream, StreamExt};

use super::{
    FederatedClient, Operation, Outcome, under_schema::under_schema, words::constraints_in_words,
};

/// What is wanted of every split of a table.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The table.
    pub table: TableName,
    /// Columns wanted, in this order, with the table's schema metadata.
    pub schema: SchemaRef,
    /// What the query asks for.
    pub constraints: Constraints,
}

/// "sf1.lineitem, split part=3", without anything that could be a secret.
struct SplitOfTable<'a>(&'a TableName, &'a Split);

impl fmt::Display for SplitOfTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(table, split) = self;
        write!(f, "{table}, split")?;
        if split.properties.is_empty() {
            return f.write_str(" without properties");
        }
        for (index, (name, value)) in split.properties.iter().enumerate() {
            // Some connectors put whole plans into a property; the beginning tells them apart.
            let short: String = value.chars().take(40).collect();
            let dots = if short.len() < value.len() { "..." } else { "" };
            write!(f, "{}{name}={short}{dots}", if index == 0 { " " } else { ", " })?;
        }
        Ok(())
    }
}

impl FederatedClient {
    /// The rows of `split`: one batch if they came inline, else one a spilled block, fetched some
    /// ahead.
    ///
    /// Dropping the stream stops the fetches.
    pub async fn read_records(
        &self,
        scan: &Scan,
        split: Split,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let subject = SplitOfTable(&scan.table, &split).to_string();
        let request = Request::ReadRecords(ReadRecordsRequest {
            identity: Some(self.identity()),
            query_id: self.query_id.to_string(),
            catalog_name: self.catalog().to_owned(),
            table_name: scan.table.clone(),
            schema: Arc::clone(&scan.schema),
            split,
            constraints: scan.constraints.clone(),
            max_block_size: self.shared.options.max_block_size,
            max_inline_block_size: self.shared.options.max_inline_block_size,
        });
        let (response, place) =
            self.call(&request, &subject, &constraints_in_words(&scan.constraints)).await?;
        match response {
            Response::ReadRecords(answer) => {
                let rows = answer.records.num_rows() as u64;
                self.trace().set_outcome(place, Outcome::Inline { rows });
                self.check_schema(&subject, &scan.schema, &answer.records.schema())?;
                let batch = self.fit(&subject, &answer.records, &scan.schema)?;
                Ok(stream::iter([Ok(batch)]).boxed())
            }
            Response::RemoteReadRecords(answer) => {
                self.spilled(subject, Arc::clone(&scan.schema), place, answer)
            }
            other => {
                let expected = "ReadRecordsResponse or RemoteReadRecordsResponse";
                Err(self.wrong_type(Operation::ReadRecords, &subject, &other, expected))
            }
        }
    }

    fn spilled(
        &self,
        subject: String,
        schema: SchemaRef,
        place: usize,
        answer: RemoteReadRecordsResponse,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let blocks = answer.remote_blocks.len();
        let sealed = answer.encryption_key.is_some();
        self.trace().set_outcome(place, Outcome::Spilled { blocks, rows: 0, bytes: 0, sealed });
        self.check_schema(&subject, &schema, &answer.schema)?;
        let Some(store) = &self.shared.store else {
            let text = "it spilled its rows, and no object store is configured to read them from";
            return Err(Error::unsupported(self.site(Operation::ReadRecords, &subject, text)));
        };
        let reader = SpillReader::new(Arc::clone(store), self.shared.options.blocks_ahead);
        let client = self.clone();
        let batches = reader.read(answer).map(move |block| {
            let (batch, bytes) = block.map_err(|error| {
                let text = "a spilled block of it cannot be read";
                Error::new(error.kind(), client.site(Operation::ReadRecords, &subject, text))
                    .with_source(error)
            })?;
            client.trace().add_block(place, batch.num_rows(), bytes);
            client.fit(&subject, &batch, &schema)
        });
        Ok(batches.boxed())
    }

    fn check_schema(&self, subject: &str, expected: &SchemaRef, got: &SchemaRef) -> Result<()> {
        match schema_mismatch(expected, got) {
            None => Ok(()),
            Some(text) => {
                Err(Error::invalid_response(self.site(Operation::ReadRecords, &subject, &text)))
            }
        }
    }

    fn fit(&self, subject: &str, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
        under_schema(batch, schema).map_err(|text| {
            Error::invalid_response(self.site(Operation::ReadRecords, &subject, &text))
        })
    }
}
