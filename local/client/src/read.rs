//! Reading the rows of one split, inline or spilled.

use std::{fmt, sync::Arc};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::{
    Constraints, Error, Request, Response, Result, Split, TableName,
    message::{ReadRecordsRequest, RemoteReadRecordsResponse},
};
use athena_spill::SpillReader;
use futures::stream::{self, BoxStream, StreamExt};

use super::{
    CallOutcome, FederatedClient, FederationOperation, constraints_to_sql,
    schema_check::{apply_schema, schema_mismatch},
};

/// Maximum size of a spilled object that Athena reads, in bytes.
const MAX_OBJECT: usize = 16_000_000;

/// The parts of a `ReadRecords` request that all splits of a read share.
#[derive(Debug, Clone)]
pub struct TableRead {
    /// Table to read.
    pub table: TableName,
    /// Requested columns, in this order, with the table's schema metadata.
    pub schema: SchemaRef,
    /// Constraints of the query on the table.
    pub constraints: Constraints,
}

/// Displays a split as "sf1.lineitem, split part=3": table and properties, without keys and the
/// seal of connectors of this workspace.
struct SplitOfTable<'a>(&'a TableName, &'a Split);

impl fmt::Display for SplitOfTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(table, split) = self;
        write!(f, "{table}, split")?;
        let properties = || split.properties.iter().filter(|(name, _)| *name != "$seal");
        if properties().next().is_none() {
            return f.write_str(" without properties");
        }
        for (index, (name, value)) in properties().enumerate() {
            // Some connectors put a whole plan into a property; its beginning identifies the split.
            let short: String = value.chars().take(40).collect();
            let dots = if short.len() < value.len() { "..." } else { "" };
            write!(f, "{}{name}={short}{dots}", if index == 0 { " " } else { ", " })?;
        }
        Ok(())
    }
}

impl FederatedClient {
    /// Reads the rows of `split`.
    ///
    /// Yields one batch if the rows are inline, otherwise one per spilled block, in the order of
    /// the response. Up to [`ClientOptions::blocks_ahead`](crate::ClientOptions::blocks_ahead)
    /// blocks are fetched in advance. Batches have the requested schema. Dropping the stream stops
    /// the fetches.
    ///
    /// # Errors
    ///
    /// `InvalidResponse` for rows of another schema or an object of more than 16,000,000 bytes,
    /// `Unsupported` for spilled rows if the client has no object store. Errors of fetching a block
    /// keep the kind of the store's error.
    pub async fn read_records(
        &self,
        read: &TableRead,
        split: Split,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let subject = SplitOfTable(&read.table, &split).to_string();
        let request = Request::ReadRecords(ReadRecordsRequest {
            identity: Some(self.identity()),
            query_id: self.query_id.to_string(),
            catalog_name: self.catalog().to_owned(),
            table_name: read.table.clone(),
            schema: Arc::clone(&read.schema),
            split,
            constraints: read.constraints.clone(),
            max_block_size: self.shared.options.max_block_size,
            max_inline_block_size: self.shared.options.max_inline_block_size,
        });
        let (response, index) =
            self.call(&request, &subject, &constraints_to_sql(&read.constraints)).await?;
        match response {
            Response::ReadRecords(response) => {
                let rows = response.records.num_rows() as u64;
                self.trace().set_outcome(index, CallOutcome::Inline { rows });
                self.check_schema(&subject, &read.schema, &response.records.schema())?;
                let batch = self.fit(&subject, &response.records, &read.schema)?;
                Ok(stream::iter([Ok(batch)]).boxed())
            }
            Response::RemoteReadRecords(response) => {
                self.spilled(subject, Arc::clone(&read.schema), index, response)
            }
            other => {
                let expected = "ReadRecordsResponse or RemoteReadRecordsResponse";
                Err(self.wrong_type(FederationOperation::ReadRecords, &subject, &other, expected))
            }
        }
    }

    fn spilled(
        &self,
        subject: String,
        schema: SchemaRef,
        index: usize,
        response: RemoteReadRecordsResponse,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let blocks = response.remote_blocks.len();
        let encrypted = response.encryption_key.is_some();
        self.trace()
            .set_outcome(index, CallOutcome::Spilled { blocks, rows: 0, bytes: 0, encrypted });
        self.check_schema(&subject, &schema, &response.schema)?;
        let Some(store) = &self.shared.store else {
            let text = "its rows are spilled, but no object store is configured";
            return Err(Error::unsupported(self.site(
                FederationOperation::ReadRecords,
                &subject,
                text,
            )));
        };
        let reader = SpillReader::new(Arc::clone(store), self.shared.options.blocks_ahead);
        let client = self.clone();
        let mut warned = false;
        let batches = reader.read(response).map(move |block| {
            let (batch, bytes) = block.map_err(|error| {
                let text = "a spilled block cannot be read";
                Error::new(
                    error.kind(),
                    client.site(FederationOperation::ReadRecords, &subject, text),
                )
                .with_source(error)
            })?;
            client.trace().add_block(index, batch.num_rows(), bytes);
            client.check_block_size(&subject, bytes, &mut warned)?;
            client.fit(&subject, &batch, &schema)
        });
        Ok(batches.boxed())
    }

    /// Refuses an object that Athena refuses, and warns once about one above the requested size,
    /// which it accepts: a connector of the Java SDK exceeds it by the rows of one callback.
    fn check_block_size(&self, subject: &str, bytes: usize, warned: &mut bool) -> Result<()> {
        let requested = self.shared.options.max_block_size;
        if bytes > MAX_OBJECT {
            let text = format!(
                "a spilled object has {bytes} bytes, and Athena reads at most {MAX_OBJECT}: \
                 write smaller blocks"
            );
            return Err(Error::invalid_response(self.site(
                FederationOperation::ReadRecords,
                &subject,
                &text,
            )));
        }
        if bytes as u64 > requested && !std::mem::replace(warned, true) {
            tracing::warn!(
                function = self.catalog(),
                subject,
                bytes,
                requested,
                "a spilled object exceeds the requested block size"
            );
        }
        Ok(())
    }

    fn check_schema(&self, subject: &str, expected: &SchemaRef, got: &SchemaRef) -> Result<()> {
        match schema_mismatch(expected, got) {
            None => Ok(()),
            Some(text) => Err(Error::invalid_response(self.site(
                FederationOperation::ReadRecords,
                &subject,
                &text,
            ))),
        }
    }

    fn fit(&self, subject: &str, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
        apply_schema(batch, schema).map_err(|text| {
            Error::invalid_response(self.site(FederationOperation::ReadRecords, &subject, &text))
        })
    }
}
