//! Reads that stop when their query has ended.

#[cfg(feature = "query-status")]
mod athena;

#[cfg(feature = "query-status")]
pub use athena::AthenaQueryStatus;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared, pending},
};

use crate::{ErrorKind, Result};

/// Time of reading before the first call.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// Longest time between two calls.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Source of the state of queries: see
/// [`Handler::with_query_status`](crate::Handler::with_query_status).
#[async_trait]
pub trait QueryStatus: Send + Sync + 'static {
    /// Returns whether the query has ended, because it was cancelled, failed or succeeded.
    ///
    /// # Errors
    ///
    /// `NotFound` or `InvalidInput` for a query that this account cannot see, `AccessDenied`
    /// without the permission.
    async fn has_ended(&self, query_id: &str) -> Result<bool>;
}

/// States of the queries that are being read.
pub(crate) struct QueryWatch {
    status: Arc<dyn QueryStatus>,
    queries: Mutex<HashMap<String, WeakShared<Ended>>>,
    first_wait: Duration,
    /// Whether the permission is missing, which does not change in the life of a process.
    is_denied: Arc<AtomicBool>,
}

/// Completes when a query has ended.
type Ended = BoxFuture<'static, ()>;

impl fmt::Debug for QueryWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryWatch").finish_non_exhaustive()
    }
}

impl QueryWatch {
    pub(crate) fn new(status: impl QueryStatus) -> Self {
        Self {
            status: Arc::new(status),
            queries: Mutex::default(),
            first_wait: FIRST_WAIT,
            is_denied: Arc::default(),
        }
    }

    /// Returns a future that completes when the query has ended, and never if it cannot be seen.
    ///
    /// All reads of a query in this process share one, so that there is one call at a time.
    pub(crate) fn ended(&self, query_id: &str) -> Shared<Ended> {
        let mut queries = self.queries.lock().unwrap_or_else(PoisonError::into_inner);
        queries.retain(|_, ended| ended.upgrade().is_some());
        if let Some(ended) = queries.get(query_id).and_then(WeakShared::upgrade) {
            return ended;
        }
        let status = Arc::clone(&self.status);
        let is_denied = Arc::clone(&self.is_denied);
        let ended = ended(status, query_id.to_owned(), is_denied, self.first_wait).boxed().shared();
        queries.extend(ended.downgrade().map(|weak| (query_id.to_owned(), weak)));
        ended
    }
}

async fn ended(
    status: Arc<dyn QueryStatus>,
    query_id: String,
    is_denied: Arc<AtomicBool>,
    first_wait: Duration,
) {
    let mut wait = first_wait;
    loop {
        tokio::time::sleep(wait).await;
        if is_denied.load(Ordering::Relaxed) {
            break;
        }
        match status.has_ended(&query_id).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) if error.kind() == ErrorKind::AccessDenied => {
                is_denied.store(true, Ordering::Relaxed);
                tracing::info!(%error, "the state of queries is not visible, and no longer asked for");
                break;
            }
            // A query of another account.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => {
                break;
            }
            Err(error) => tracing::debug!(%error, "the state of the query is unknown for now"),
        }
        wait = next_wait(wait);
    }
    pending::<()>().await;
}

fn next_wait(wait: Duration) -> Duration {
    (wait * 2).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::Error;

    /// State that is asked for: the query ends at the call `ends_at`, or each call fails.
    #[derive(Clone)]
    struct Calls {
        made: Arc<AtomicUsize>,
        ends_at: usize,
        failure: Option<ErrorKind>,
    }

    impl Calls {
        fn new(ends_at: usize, failure: Option<ErrorKind>) -> Self {
            Self { made: Arc::default(), ends_at, failure }
        }

        fn made(&self) -> usize {
            self.made.load(Ordering::Relaxed)
        }
    }

    #[async_trait]
    impl QueryStatus for Calls {
        async fn has_ended(&self, _: &str) -> Result<bool> {
            let call = self.made.fetch_add(1, Ordering::Relaxed) + 1;
            match self.failure {
                Some(kind) => Err(Error::new(kind, "the state cannot be read")),
                None => Ok(call >= self.ends_at),
            }
        }
    }

    fn watch(calls: &Calls) -> QueryWatch {
        QueryWatch { first_wait: Duration::from_millis(1), ..QueryWatch::new(calls.clone()) }
    }

    /// Reads of a query that is not seen to end.
    async fn is_endless(watch: &QueryWatch, query_id: &str) {
        let reading = tokio::time::timeout(Duration::from_millis(50), watch.ended(query_id));
        assert!(reading.await.is_err());
    }

    #[test]
    fn calls_slow_down_to_one_a_minute() {
        let waits = std::iter::successors(Some(FIRST_WAIT), |wait| Some(next_wait(*wait)));
        let seconds: Vec<_> = waits.take(5).map(|wait| wait.as_secs()).collect();
        assert_eq!(seconds, [10, 20, 40, 60, 60]);
    }

    #[tokio::test]
    async fn a_short_read_makes_no_call() {
        let calls = Calls::new(1, None);
        is_endless(&QueryWatch::new(calls.clone()), "q").await;
        assert_eq!(calls.made(), 0);
    }

    #[tokio::test]
    async fn reads_of_one_query_share_its_calls() {
        let calls = Calls::new(4, None);
        let watch = watch(&calls);
        let reads = (0..20).map(|_| watch.ended("q"));
        futures::future::join_all(reads).await;
        assert_eq!(calls.made(), 4);
        watch.ended("other").await;
        assert_eq!((calls.made(), watch.queries.lock().unwrap().len()), (5, 1));
    }

    #[tokio::test]
    async fn a_query_that_cannot_be_seen_is_asked_for_once_and_a_denial_ends_all_calls() {
        for (kind, of_both) in [(ErrorKind::NotFound, 2), (ErrorKind::AccessDenied, 1)] {
            let calls = Calls::new(1, Some(kind));
            let watch = watch(&calls);
            is_endless(&watch, "q").await;
            assert_eq!(calls.made(), 1, "{kind:?}");
            is_endless(&watch, "other").await;
            assert_eq!(calls.made(), of_both, "{kind:?}");
        }
    }

    #[tokio::test]
    async fn a_failed_call_is_followed_by_another() {
        let calls = Calls::new(1, Some(ErrorKind::Throttled));
        is_endless(&watch(&calls), "q").await;
        assert!(calls.made() > 1);
    }

    /// Table whose rows never come.
    #[cfg(feature = "testing")]
    struct Endless;

    #[cfg(feature = "testing")]
    #[async_trait]
    impl crate::Table for Endless {
        async fn definition(&self, _: crate::Context) -> Result<crate::TableDef> {
            use arrow::datatypes::{DataType, Field};
            Ok(crate::TableDef::new([Field::new("n", DataType::Int64, false)]))
        }

        async fn scan(&self, _: crate::Scan) -> Result<crate::RecordBatchStream> {
            Ok(crate::RecordBatchStream::new(futures::stream::pending()))
        }
    }

    #[cfg(feature = "testing")]
    #[tokio::test]
    async fn a_read_whose_query_has_ended_is_dropped() {
        let connector = crate::StaticConnector::new().table("s", "endless", Endless);
        let mut handler = crate::Handler::new(connector);
        handler.query_watch = Some(watch(&Calls::new(2, None)));
        let harness = crate::testing::Harness::new(handler);
        let error = harness.table("s", "endless").rows().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PartialFailure);
        assert!(error.message().contains("the query has ended"), "{error}");
    }
}
