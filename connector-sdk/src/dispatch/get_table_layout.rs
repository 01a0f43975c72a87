//! `GetTableLayout`: the partitions of a table (section 7.4 of the protocol).

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    compute::concat_batches,
    datatypes::{Fields, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use athena_protocol::{
    MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, RESPONSE_MARGIN_BYTES, Response, base64_len,
    block::{Framing, encoded_len},
    message::{GetTableLayoutRequest, GetTableLayoutResponse},
    timestamp_tz::pack_batch,
};
use futures::StreamExt;

use super::Dispatch;
use crate::{
    Connector, Error, ErrorKind, GetPartitions, RecordBatchStream, Result, TableName,
    column_index::ColumnIndex,
    residual::Residual,
    wire_type::{cast_batch, wire_schema},
};

impl Dispatch<'_> {
    pub(super) async fn get_table_layout(
        &self,
        request: GetTableLayoutRequest,
    ) -> Result<Response> {
        let arguments = &request.constraints.query_passthrough_arguments;
        let access = self.access(&request.table_name, !arguments.is_empty())?;
        let source = self.source(arguments)?;
        let columns = partition_fields(&request)?;
        let constraints =
            self.constraints(&source, request.constraints, &request.table_name).await?;
        let constraints = access.source_constraints(constraints);
        // Only the partition columns may exclude a partition: another column of a partition may
        // have the name of a column of the table and hold something else.
        let residual = Residual::try_new(&constraints, &Arc::new(Schema::new(columns.clone())))?
            .with_time_limit(self.context.time_limit);
        let stream = source
            .get_partitions(GetPartitions {
                context: self.context(),
                table: request.table_name.clone(),
                schema: Arc::clone(&request.schema),
                partition_columns: request.partition_columns,
                constraints,
            })
            .await?;
        let framing = self.version.framing();
        let partitions = match collect_partitions(stream, &columns, &residual, framing).await {
            Ok(partitions) => partitions,
            Err(error) => {
                let table = &request.table_name;
                let error = self.classify_schema_error(error, &source, table, &columns).await;
                return Err(self.classify_partition_error(error, &source, table, &columns).await);
            }
        };
        Ok(Response::GetTableLayout(GetTableLayoutResponse {
            catalog_name: request.catalog_name,
            table_name: request.table_name,
            partitions,
        }))
    }
}

impl Dispatch<'_> {
    /// Turns an `Internal` error into `InvalidInput` if the request names a partition column that
    /// the table does not have as one.
    async fn classify_partition_error(
        &self,
        error: Error,
        source: &Arc<dyn Connector>,
        table: &TableName,
        requested: &Fields,
    ) -> Error {
        if error.kind() != ErrorKind::Internal {
            return error;
        }
        let Ok(definition) = self.definition(source, table).await else { return error };
        let known: BTreeSet<&String> = definition.partition_columns.iter().collect();
        match requested.iter().find(|field| !known.contains(field.name())) {
            Some(field) => Error::invalid_input(format!(
                "column {:?} is not a partition column of table {table}; describe the table again",
                field.name()
            ))
            .with_source(error),
            None => error,
        }
    }
}

/// Returns the fields of the partition columns, nullable as in section 7.4 of the protocol.
fn partition_fields(request: &GetTableLayoutRequest) -> Result<Fields> {
    let columns = ColumnIndex::new(request.schema.fields());
    let mut names = BTreeSet::new();
    let mut fields = Vec::with_capacity(request.partition_columns.len());
    for name in &request.partition_columns {
        let (_, field) = columns.find(name).ok_or_else(|| {
            Error::invalid_input(format!(
                "partition column {name:?} is not a column of the table's schema"
            ))
        })?;
        if !names.insert(name) {
            return Err(Error::invalid_input(format!(
                "partition column {name:?} is in the request twice"
            )));
        }
        fields.push(field.as_ref().clone().with_nullable(true));
    }
    Ok(fields.into())
}

/// Collects the partitions that pass the predicate into one block, with packed timestamps.
///
/// # Errors
///
/// `Unsupported` if they do not fit into one response.
async fn collect_partitions(
    mut stream: RecordBatchStream,
    columns: &Fields,
    residual: &Residual,
    framing: Framing,
) -> Result<RecordBatch> {
    let mut target: Option<SchemaRef> = None;
    let mut parts = Vec::new();
    let mut bytes = 0;
    while let Some(batch) = stream.next().await.transpose()? {
        // A block needs at least one column. A table without partition columns is one partition,
        // whatever number of rows without columns the connector returns.
        let batch = match (batch.num_columns(), batch.num_rows()) {
            (0, 0) => continue,
            (0, _) if columns.is_empty() && parts.is_empty() => unpartitioned().await?,
            (0, _) if columns.is_empty() => continue,
            (_, _) => batch,
        };
        let target = match &target {
            Some(target) => Arc::clone(target),
            None => Arc::clone(target.insert(target_schema(&batch, columns)?)),
        };
        let kept = pack_batch(&residual.filter(&cast_batch(&batch, &target)?)?)?;
        if kept.num_rows() > 0 {
            bytes += encoded_len(&kept, framing)?;
            parts.push(kept);
        }
        if bytes > MAX_INLINE_BYTES {
            let rows: usize = parts.iter().map(RecordBatch::num_rows).sum();
            return Err(too_large(rows, bytes));
        }
    }
    let target = match target {
        Some(target) => target,
        None if columns.is_empty() => unpartitioned().await?.schema(),
        None => Arc::new(Schema::new(columns.clone())),
    };
    let Some(first) = parts.first() else { return pack_batch(&RecordBatch::new_empty(target)) };
    let partitions = concat_batches(first.schema_ref(), &parts).map_err(|e| {
        Error::internal("the partitions cannot be combined into one block").with_source(e)
    })?;
    // The margin includes the schema.
    let bytes = encoded_len(&partitions, framing)?;
    if base64_len(bytes) + RESPONSE_MARGIN_BYTES > MAX_PAYLOAD_BYTES {
        return Err(too_large(partitions.num_rows(), bytes));
    }
    Ok(partitions)
}

fn too_large(rows: usize, bytes: usize) -> Error {
    Error::unsupported(format!(
        "the layout has at least {rows} partitions of {bytes} bytes, and must fit into one \
         response of {MAX_PAYLOAD_BYTES} bytes of JSON without pages; return fewer and coarser \
         partitions, or fewer columns, and move the detail to `get_splits`, which has pages"
    ))
}

/// Returns the single partition of a table without partition columns.
async fn unpartitioned() -> Result<RecordBatch> {
    let mut stream = RecordBatchStream::unpartitioned();
    stream.next().await.expect("the stream has one batch")
}

/// Returns the schema of the response: the partition columns in the table's types, then the
/// connector's own columns, with the connector's metadata.
fn target_schema(batch: &RecordBatch, columns: &Fields) -> Result<SchemaRef> {
    let own =
        batch.schema_ref().fields().iter().filter(|field| columns.find(field.name()).is_none());
    let own = wire_schema(&Schema::new(own.cloned().collect::<Fields>()))?;
    let fields: Fields = columns.iter().chain(own.fields()).cloned().collect();
    Ok(Arc::new(Schema::new_with_metadata(fields, batch.schema_ref().metadata().clone())))
}
