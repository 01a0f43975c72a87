//! Reading: the connector's batches, cast, filtered, limited, as they travel.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use athena_protocol::timestamp_tz::pack_batch;
use futures::StreamExt;
use tokio::{sync::mpsc::Sender, task::spawn_blocking};

use super::{
    Columns,
    slices::{by_bytes, by_rows},
};
use crate::{
    Connector, Error, ReadRecords, Result,
    partition::PartitionValues,
    residual::{Residual, RowLimit},
    unshared::unshared,
    wire_type::cast_batch,
};

/// The rows of one split, to be sent through a channel.
pub(crate) struct Rows {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) request: ReadRecords,
    pub(crate) columns: Columns,
    /// What the split says of columns that batches may lack.
    pub(crate) partition: PartitionValues,
    pub(crate) residual: Residual,
    pub(crate) limit: RowLimit,
}

/// Whether anyone wants more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    More,
    Enough,
}

impl Rows {
    /// Reads until the source ends, the limit is full, or nobody listens. The source is dropped
    /// then.
    pub(super) async fn send(mut self, sender: Sender<RecordBatch>) -> Result<()> {
        // `LIMIT 0` reads nothing.
        if !self.limit.is_satisfied() {
            let mut stream = self.connector.read_records(self.request.clone()).await?;
            while let Some(batch) = stream.next().await.transpose()? {
                if self.take(batch, &sender).await? == Demand::Enough {
                    break;
                }
                // A source that is always ready would keep its thread to itself, deadline or not.
                tokio::task::yield_now().await;
            }
        }
        let limit = self.limit;
        let last = if limit.is_slow(None) {
            blocking(|| limit.finish()).await?
        } else {
            limit.finish()?
        };
        for batch in last {
            for rows in by_rows(batch, self.columns.row_len()) {
                if forward(&self.columns, &rows, &sender).await? == Demand::Enough {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn take(&mut self, batch: RecordBatch, sender: &Sender<RecordBatch>) -> Result<Demand> {
        // Slices of large batches wait for a block to be full, and each would keep all of its
        // batch.
        let more = self.partition.row_len(&batch).saturating_add(self.columns.row_len());
        for rows in by_rows(unshared(batch)?, more) {
            let rows = self.partition.fill(rows)?;
            for rows in by_bytes(cast_batch(&rows, self.columns.read())?) {
                let kept = self.residual.filter(&rows)?;
                if kept.num_rows() < rows.num_rows() {
                    self.check_claims()?;
                }
                if let Some(passed) = self.limit(kept).await?
                    && forward(&self.columns, &passed, sender).await? == Demand::Enough
                {
                    return Ok(Demand::Enough);
                }
                if self.limit.is_satisfied() {
                    return Ok(Demand::Enough);
                }
            }
        }
        Ok(Demand::More)
    }

    /// What of `kept` is part of the result already.
    async fn limit(&mut self, kept: RecordBatch) -> Result<Option<RecordBatch>> {
        if !self.limit.is_slow(Some(&kept)) {
            return self.limit.push(kept);
        }
        let mut limit = std::mem::take(&mut self.limit);
        let passed;
        (self.limit, passed) =
            blocking(move || limit.push(kept).map(|passed| (limit, passed))).await?;
        Ok(passed)
    }

    /// Says that a row was removed which an exact push-down would not have yielded, where one was
    /// claimed.
    fn check_claims(&self) -> Result<()> {
        let claims = &self.request.claims;
        if claims.take_all_exact() && !claims.limit_given() {
            tracing::warn!(
                table = %self.request.table,
                "the connector says that it pushes the whole predicate down exactly, and returned rows that the predicate excludes; \
                 they are removed, but a query with a limit will fail"
            );
        }
        if !claims.limit_given() {
            return Ok(());
        }
        Err(Error::internal(format!(
            "the connector said that it pushes the whole predicate on {} down exactly, was given the limit, and returned \
             a row that the predicate excludes: rows behind the limit would be missing. Return `Pushed::Superset` for \
             what the source does not do exactly as SQL does",
            self.request.table
        )))
    }
}

async fn forward(
    columns: &Columns,
    batch: &RecordBatch,
    sender: &Sender<RecordBatch>,
) -> Result<Demand> {
    if batch.num_rows() == 0 {
        return Ok(Demand::More);
    }
    let packed = pack_batch(&columns.select(batch)?)?;
    Ok(if sender.send(packed).await.is_ok() { Demand::More } else { Demand::Enough })
}

/// Does what takes long on a thread of its own, so that the deadline is met in time.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => {
            Err(Error::internal("the runtime ended while rows were being ordered")
                .with_source(error))
        }
    }
}
