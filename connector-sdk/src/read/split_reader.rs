//! Producer side of a read: batches of the connector, cast, filtered and limited.

use std::{ops::ControlFlow, sync::Arc};

use arrow::record_batch::RecordBatch;
use athena_protocol::timestamp_tz::pack_batch;
use futures::StreamExt;
use tokio::{sync::mpsc::Sender, task::spawn_blocking};

use super::{
    Columns,
    slices::{slice_by_bytes, slice_by_rows},
};
use crate::{
    Connector, Error, ReadRecords, Result,
    access::AccessFilter,
    compact::compact,
    deadline::TimeLimit,
    partition::PartitionValues,
    residual::{Residual, RowLimit},
    wire_type::cast_batch,
};

/// Reader of one split, which sends its rows through a channel.
pub(crate) struct SplitReader {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) request: ReadRecords,
    pub(crate) columns: Columns,
    /// Values of partition columns that batches may lack.
    pub(crate) partition: PartitionValues,
    /// Rows and columns that the caller may see.
    pub(crate) access: AccessFilter,
    /// Whether the source sees all conditions: those on masked columns are not offered.
    pub(crate) offers_all_conditions: bool,
    pub(crate) residual: Residual,
    pub(crate) limit: RowLimit,
    /// Whether the values of the partition exclude every row.
    pub(crate) is_excluded: bool,
}

impl SplitReader {
    /// Reads until the source ends, the limit is reached, or the receiver is dropped, and drops the
    /// source.
    pub(super) async fn run(mut self, sender: Sender<RecordBatch>) -> Result<()> {
        // `LIMIT 0` reads nothing.
        if !self.limit.is_satisfied() && !self.is_excluded {
            let mut stream = self.connector.read_records(self.request.clone()).await?;
            while let Some(batch) = stream.next().await.transpose()? {
                if self.process(batch, &sender).await?.is_break() {
                    break;
                }
                // A source that is always ready would otherwise monopolize its thread, and the
                // deadline could not end it.
                tokio::task::yield_now().await;
            }
        }
        let time_limit = self.request.context.time_limit;
        let limit = self.limit;
        let last = if limit.is_slow(None) {
            run_blocking(|| limit.finish()).await?
        } else {
            limit.finish()?
        };
        for batch in last {
            for rows in slice_by_rows(batch, self.columns.added_row_bytes()) {
                if send_selected(&self.columns, &rows, time_limit, &sender).await?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Casts, filters, limits and sends the rows of a batch. Breaks if no more rows are needed.
    async fn process(
        &mut self,
        batch: RecordBatch,
        sender: &Sender<RecordBatch>,
    ) -> Result<ControlFlow<()>> {
        let partition_bytes = self.partition.added_row_bytes(&batch);
        let added_row_bytes = partition_bytes.saturating_add(self.columns.added_row_bytes());
        // Slices wait until a block is full, and each would retain the memory of its whole batch.
        for rows in slice_by_rows(compact(batch)?, added_row_bytes) {
            let rows = self.partition.add_to(rows)?;
            for rows in slice_by_bytes(cast_batch(&rows, self.columns.read_schema())?) {
                let kept = self.residual.filter(&self.access.apply(&rows)?)?;
                if kept.num_rows() < rows.num_rows() && self.offers_all_conditions {
                    self.check_claims()?;
                }
                if let Some(passed) = self.apply_limit(kept).await?
                    && send_selected(
                        &self.columns,
                        &passed,
                        self.request.context.time_limit,
                        sender,
                    )
                    .await?
                    .is_break()
                {
                    return Ok(ControlFlow::Break(()));
                }
                if self.limit.is_satisfied() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Applies the limit or order, and returns the rows that are already known to be in the result.
    async fn apply_limit(&mut self, kept: RecordBatch) -> Result<Option<RecordBatch>> {
        if !self.limit.is_slow(Some(&kept)) {
            return self.limit.push(kept);
        }
        let mut limit = std::mem::take(&mut self.limit);
        let passed;
        (self.limit, passed) =
            run_blocking(move || limit.push(kept).map(|passed| (limit, passed))).await?;
        Ok(passed)
    }

    /// Reports that the predicate removed a row although the connector claimed that it pushes the
    /// whole predicate down exactly.
    ///
    /// # Errors
    ///
    /// `Internal` if the connector got the limit: rows beyond it would be missing.
    fn check_claims(&self) -> Result<()> {
        let claims = &self.request.claims;
        if claims.take_all_exact() && !claims.limit_given() {
            tracing::warn!(
                table = %self.request.table,
                "the connector claims that it pushes the whole predicate down exactly, but \
                 returned rows that the predicate excludes; they are removed, but a query with a \
                 limit will fail"
            );
        }
        if !claims.limit_given() {
            return Ok(());
        }
        Err(Error::internal(format!(
            "the connector claims that it pushes the whole predicate on {} down exactly, got the \
             limit, and returned a row that the predicate excludes, so rows beyond the limit would \
             be missing; return `Pushed::Superset` for conditions that the source does not \
             evaluate exactly as SQL does",
            self.request.table
        )))
    }
}

/// Sends the columns of the response. Breaks if the receiver is dropped.
async fn send_selected(
    columns: &Columns,
    batch: &RecordBatch,
    time_limit: TimeLimit,
    sender: &Sender<RecordBatch>,
) -> Result<ControlFlow<()>> {
    if batch.num_rows() == 0 {
        return Ok(ControlFlow::Continue(()));
    }
    let packed = pack_batch(&columns.select(batch, time_limit)?)?;
    Ok(match sender.send(packed).await {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    })
}

/// Runs slow work on a thread for blocking work, so that the deadline is noticed in time.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => {
            Err(Error::internal("the runtime ended while rows were being sorted")
                .with_source(error))
        }
    }
}
