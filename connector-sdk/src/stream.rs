//! Record batches that are produced as they are read.

use std::{fmt, sync::Arc};

use arrow::{
    array::{ArrayRef, Int32Array},
    record_batch::RecordBatch,
};
use futures::{Stream, StreamExt, stream::BoxStream};

use crate::{Error, Result};

/// A stream of record batches. Dropping it cancels the read behind it.
pub struct RecordBatchStream {
    pub(crate) batches: BoxStream<'static, Result<RecordBatch>>,
}

impl fmt::Debug for RecordBatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordBatchStream")
    }
}

impl From<RecordBatch> for RecordBatchStream {
    fn from(batch: RecordBatch) -> Self {
        Self::new(futures::stream::iter([Ok(batch)]))
    }
}

impl RecordBatchStream {
    /// The batches of `stream`.
    pub fn new(stream: impl Stream<Item = Result<RecordBatch>> + Send + 'static) -> Self {
        Self { batches: stream.boxed() }
    }

    /// No batches.
    pub fn empty() -> Self {
        Self::new(futures::stream::empty())
    }

    /// The single partition of a table without partition columns: column `partitionId`, one row,
    /// value 1.
    #[expect(clippy::missing_panics_doc, reason = "one column always makes a batch")]
    pub fn unpartitioned() -> Self {
        let id: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        let batch = RecordBatch::try_from_iter_with_nullable([("partitionId", id, true)])
            .expect("one column makes a batch");
        batch.into()
    }

    /// The batches of a blocking iterator, run on a thread for blocking work, `ahead` batches ahead
    /// of the reader.
    ///
    /// Dropping the stream stops the iterator at its next batch. If the iterator panics, so does
    /// the stream.
    pub fn blocking<I, E>(ahead: usize, batches: I) -> Self
    where
        I: IntoIterator<Item = Result<RecordBatch, E>> + Send + 'static,
        E: Into<Error> + Send + 'static,
    {
        let (sender, receiver) = tokio::sync::mpsc::channel(ahead.max(1));
        let reading = tokio::task::spawn_blocking(move || {
            for batch in batches {
                let failed = batch.is_err();
                if sender.blocking_send(batch.map_err(Into::into)).is_err() || failed {
                    break;
                }
            }
        });
        Self::new(futures::stream::unfold(
            (receiver, Some(reading)),
            |(mut receiver, reading)| async move {
                if let Some(batch) = receiver.recv().await {
                    return Some((batch, (receiver, reading)));
                }
                // The end of the batches, or of a thread that could not go on: rows would be
                // missing without a word.
                match reading?.await {
                    Ok(()) => None,
                    Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    Err(error) => {
                        let error = Error::internal("the thread that reads the source ended early")
                            .with_source(error);
                        Some((Err(error), (receiver, None)))
                    }
                }
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_source_that_panics_midway_does_not_end_as_if_it_had_no_more_rows() {
        let batches = (0..2).map(|number| -> Result<RecordBatch> {
            assert!(number < 1, "the source broke");
            Ok(RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty())))
        });
        let mut stream = RecordBatchStream::blocking(2, batches).batches;
        assert!(stream.next().await.expect("the first batch").is_ok());
        assert!(std::panic::AssertUnwindSafe(stream.next()).catch_unwind().await.is_err());
    }
}
