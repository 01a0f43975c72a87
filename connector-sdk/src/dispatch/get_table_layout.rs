//! The partitions of a table (section 7.4 of the protocol).

use std::sync::Arc;

use arrow::{
    compute::concat_batches,
    datatypes::{FieldRef, Fields, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use athena_protocol::{
    MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, RESPONSE_MARGIN_BYTES, Response, base64_len,
    block::{Framing, encoded_len},
    message::{GetTableLayoutRequest, GetTableLayoutResponse},
    timestamp_tz::pack_batch,
};
use futures::StreamExt;

use super::Call;
use crate::{
    Error, GetPartitions, RecordBatchStream, Result,
    residual::Residual,
    wire_type::{cast_batch, wire_schema},
};

impl Call<'_> {
    pub(super) async fn get_table_layout(
        &self,
        request: GetTableLayoutRequest,
    ) -> Result<Response> {
        let source = self.source(&request.constraints.query_passthrough_arguments)?;
        let columns = partition_fields(&request)?;
        let constraints =
            self.constraints(&source, request.constraints, &request.table_name).await?;
        let ask = GetPartitions {
            context: self.context(),
            table: request.table_name.clone(),
            schema: Arc::clone(&request.schema),
            partition_columns: request.partition_columns,
            constraints,
        };
        // Only what is said of the partition columns may remove a partition: another column of a
        // partition may bear the name of a column of the table and hold something else.
        let residual =
            Residual::try_new(&ask.constraints, &Arc::new(Schema::new(columns.clone())))?;
        let stream = source.get_partitions(ask).await?;
        let partitions = match gather(stream, &columns, &residual, self.version.framing()).await {
            Ok(partitions) => partitions,
            Err(error) => {
                return Err(self.blame(error, &source, &request.table_name, &columns).await);
            }
        };
        Ok(Response::GetTableLayout(GetTableLayoutResponse {
            catalog_name: request.catalog_name,
            table_name: request.table_name,
            partitions,
        }))
    }
}

/// The partition columns as fields, nullable as section 7.4 has them.
fn partition_fields(request: &GetTableLayoutRequest) -> Result<Fields> {
    let field = |name: &String| {
        let (_, field) = request.schema.fields().find(name).ok_or_else(|| {
            Error::invalid_input(format!(
                "partition column {name:?} is not among the columns of the table's schema"
            ))
        })?;
        Ok::<FieldRef, Error>(Arc::new(field.as_ref().clone().with_nullable(true)))
    };
    request.partition_columns.iter().map(field).collect()
}

/// All partitions that the predicate leaves, as one block, packed.
async fn gather(
    mut stream: RecordBatchStream,
    columns: &Fields,
    residual: &Residual,
    framing: Framing,
) -> Result<RecordBatch> {
    let mut target: Option<SchemaRef> = None;
    let mut parts = Vec::new();
    let mut bytes = 0;
    while let Some(batch) = stream.next().await.transpose()? {
        // A block needs at least one column. A table without partition columns whose connector has
        // nothing to add is one partition, however that was said.
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
    let partitions = concat_batches(first.schema_ref(), &parts)
        .map_err(|e| Error::internal("the partitions do not make one block").with_source(e))?;
    // The schema is in the margin.
    let bytes = encoded_len(&partitions, framing)?;
    if base64_len(bytes) + RESPONSE_MARGIN_BYTES > MAX_PAYLOAD_BYTES {
        return Err(too_large(partitions.num_rows(), bytes));
    }
    Ok(partitions)
}

fn too_large(rows: usize, bytes: usize) -> Error {
    Error::unsupported(format!(
        "the layout has {rows} partitions or more, of {bytes} bytes; it must fit into one answer of {MAX_PAYLOAD_BYTES} \
         bytes of JSON, and Athena has no pages for it. Return fewer and coarser partitions, or fewer columns with \
         them, and leave the detail to `get_splits`, which has pages"
    ))
}

/// The fixed partition of a table that has none.
async fn unpartitioned() -> Result<RecordBatch> {
    let mut stream = RecordBatchStream::unpartitioned();
    stream.next().await.expect("it is a stream of one batch")
}

/// The partition columns in the table's types, then the connector's own columns; the metadata is
/// the connector's.
fn target_schema(batch: &RecordBatch, columns: &Fields) -> Result<SchemaRef> {
    let own =
        batch.schema_ref().fields().iter().filter(|field| columns.find(field.name()).is_none());
    let own = wire_schema(&Schema::new(own.cloned().collect::<Fields>()))?;
    let fields: Fields = columns.iter().chain(own.fields()).cloned().collect();
    Ok(Arc::new(Schema::new_with_metadata(fields, batch.schema_ref().metadata().clone())))
}
