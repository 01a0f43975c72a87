//! Streams of record batches.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};

use arrow::{
    array::{ArrayRef, Int32Array},
    datatypes::Schema,
    record_batch::{RecordBatch, RecordBatchOptions},
};
use async_trait::async_trait;
use futures::{Stream, StreamExt, stream, stream::BoxStream};
use tokio::sync::Semaphore;

use crate::{Error, Result};

/// Stream of record batches, in any order and of any size.
///
/// All batches have the same schema. A stream may have no batches, and a batch no rows. An error
/// ends the stream and fails the request: the SDK polls no further, and Athena gets no rows.
/// Dropping the stream cancels the read behind it.
///
/// A batch should hold a few MB: the SDK slices larger ones, but all of a batch stays in memory
/// until its last row is encoded.
///
/// # Examples
///
/// One batch, an asynchronous source, and a blocking one:
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::{array::{ArrayRef, Int64Array}, record_batch::RecordBatch};
/// use athena_connector_sdk::{Error, RecordBatchStream, Result, arrow};
/// use futures::StreamExt as _;
///
/// fn batch(start: i64) -> Result<RecordBatch> {
///     let n: ArrayRef = Arc::new(Int64Array::from_iter_values(start..start + 100));
///     Ok(RecordBatch::try_from_iter([("n", n)])?)
/// }
///
/// let one = RecordBatchStream::from(batch(0)?);
///
/// let pages = futures::stream::iter([0, 100, 200]).then(async |start| batch(start));
/// let asynchronous = RecordBatchStream::new(pages);
///
/// let blocking = RecordBatchStream::from_blocking([0, 100, 200].map(batch)).with_prefetch(2);
/// # use futures::TryStreamExt as _;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # for (stream, rows) in [(one, 100), (asynchronous, 300), (blocking, 300)] {
/// #     let batches: Vec<_> = runtime.block_on(stream.try_collect())?;
/// #     assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows);
/// # }
/// # Ok::<(), Error>(())
/// ```
pub struct RecordBatchStream {
    source: Source,
}

enum Source {
    Stream(BoxStream<'static, Result<RecordBatch>>),
    /// Not started, so that the number of batches to prefetch can still be set.
    Blocking {
        prefetch: usize,
        start: Box<dyn FnOnce(usize) -> BoxStream<'static, Result<RecordBatch>> + Send>,
    },
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

impl Stream for RecordBatchStream {
    type Item = Result<RecordBatch>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        if let Source::Blocking { .. } = self.source {
            // Polled again only if the start panics.
            let failed = stream::iter([Err(Error::internal("the source could not be started"))]);
            let unstarted = mem::replace(&mut self.source, Source::Stream(failed.boxed()));
            if let Source::Blocking { prefetch, start } = unstarted {
                self.source = Source::Stream(start(prefetch));
            }
        }
        match &mut self.source {
            Source::Stream(stream) => stream.poll_next_unpin(context),
            Source::Blocking { .. } => unreachable!("a polled stream is started"),
        }
    }
}

/// Source that is read batch by batch, such as a list that is requested page by page.
///
/// ```
/// use std::sync::Arc;
///
/// use athena_connector_sdk::{
///     BatchReader, RecordBatchStream, Result,
///     arrow::{
///         array::{ArrayRef, Int64Array},
///         record_batch::RecordBatch,
///     },
///     async_trait,
/// };
///
/// /// Pages of ten numbers.
/// struct Pages {
///     next: Option<i64>,
/// }
///
/// #[async_trait]
/// impl BatchReader for Pages {
///     async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
///         let Some(start) = self.next else { return Ok(None) };
///         self.next = (start < 20).then_some(start + 10);
///         let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(start..start + 10));
///         Ok(Some(RecordBatch::try_from_iter([("id", ids)])?))
///     }
/// }
///
/// # use futures::TryStreamExt as _;
/// let stream = RecordBatchStream::from_reader(Pages { next: Some(0) });
/// # let batches: Vec<_> = futures::executor::block_on(stream.try_collect())?;
/// # assert_eq!(batches.len(), 3);
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
#[async_trait]
pub trait BatchReader: Send + 'static {
    /// Reads the next batch, which may be empty; `None` after the last one. Not called after `None`
    /// or an error.
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>>;
}

impl RecordBatchStream {
    /// Creates a stream from an asynchronous source, polled at the pace at which the SDK encodes.
    pub fn new(stream: impl Stream<Item = Result<RecordBatch>> + Send + 'static) -> Self {
        Self { source: Source::Stream(stream.boxed()) }
    }

    /// Creates a stream of the batches of `reader`, each read when the SDK needs it.
    pub fn from_reader(reader: impl BatchReader) -> Self {
        Self::new(stream::try_unfold(reader, async |mut reader| {
            Ok(reader.next_batch().await?.map(|batch| (batch, reader)))
        }))
    }

    /// Creates a stream of no batches.
    pub fn empty() -> Self {
        Self::new(stream::empty())
    }

    /// Creates a stream of one batch of `rows` rows and no columns, for a query that requests no
    /// columns, such as `count(*)`.
    pub fn row_count_only(rows: usize) -> Self {
        batch_without_columns(rows).into()
    }

    /// Creates the single partition of a table without partition columns: one row, whose column
    /// `partitionId` has the value 1.
    #[expect(clippy::missing_panics_doc, reason = "one column always makes a batch")]
    pub fn unpartitioned() -> Self {
        let id: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        let batch = RecordBatch::try_from_iter_with_nullable([("partitionId", id, true)])
            .expect("one column makes a batch");
        batch.into()
    }

    /// Creates a stream from a blocking iterator, which runs on a thread for blocking work, one
    /// batch ahead of the reader.
    ///
    /// The iterator starts when the stream is first polled, within a Tokio runtime, and ends after
    /// its first error. Dropping the stream stops it at its next batch.
    ///
    /// # Panics
    ///
    /// Polling the stream panics if the iterator does, or outside of a Tokio runtime.
    pub fn from_blocking<I, E>(batches: I) -> Self
    where
        I: IntoIterator<Item = Result<RecordBatch, E>> + Send + 'static,
        E: Into<Error> + Send + 'static,
    {
        Self {
            source: Source::Blocking {
                prefetch: 1,
                start: Box::new(|n| read_on_thread(batches, n)),
            },
        }
    }

    /// Sets the number of batches that a stream of [`from_blocking`](Self::from_blocking) reads
    /// ahead; 0 counts as 1. Does nothing for other streams, which read nothing ahead.
    ///
    /// The memory of the function must hold this many batches in addition to those that the SDK
    /// works on.
    #[must_use]
    pub fn with_prefetch(mut self, batches: usize) -> Self {
        if let Source::Blocking { prefetch, .. } = &mut self.source {
            *prefetch = batches.clamp(1, Semaphore::MAX_PERMITS);
        }
        self
    }
}

/// Creates a batch of `rows` rows and no columns.
pub(crate) fn batch_without_columns(rows: usize) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options)
        .expect("no columns fit any row count")
}

fn read_on_thread<I, E>(batches: I, prefetch: usize) -> BoxStream<'static, Result<RecordBatch>>
where
    I: IntoIterator<Item = Result<RecordBatch, E>> + Send + 'static,
    E: Into<Error> + Send + 'static,
{
    let (sender, receiver) = tokio::sync::mpsc::channel(prefetch);
    let reading = tokio::task::spawn_blocking(move || {
        for batch in batches {
            let failed = batch.is_err();
            if sender.blocking_send(batch.map_err(Into::into)).is_err() || failed {
                break;
            }
        }
    });
    let state = (receiver, Some(reading));
    stream::unfold(state, |(mut receiver, reading)| async move {
        if let Some(batch) = receiver.recv().await {
            return Some((batch, (receiver, reading)));
        }
        // The channel also closes when the thread panics. Without this check, rows would be missing
        // without an error.
        match reading?.await {
            Ok(()) => None,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => {
                let error = Error::internal("the thread that reads the source ended early")
                    .with_source(error);
                Some((Err(error), (receiver, None)))
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_blocking_source_that_panics_midway_panics_the_stream() {
        let batches = (0..2).map(|number| -> Result<RecordBatch> {
            assert!(number < 1, "the source broke");
            Ok(RecordBatch::new_empty(Arc::new(Schema::empty())))
        });
        let mut stream = RecordBatchStream::from_blocking(batches).with_prefetch(2);
        assert!(stream.next().await.expect("the first batch").is_ok());
        assert!(std::panic::AssertUnwindSafe(stream.next()).catch_unwind().await.is_err());
    }
}
