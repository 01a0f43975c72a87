//! Deadline of an invocation.

use std::{
    future::Future,
    time::{Duration, Instant, SystemTime},
};

use crate::{Error, Result, context::known_deadline};

/// Time after which work that does not yield must give up.
///
/// [`Deadline::race`] can only drop work that yields. A predicate of 6 MB can take seconds for one
/// batch: its evaluation checks the time between its parts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TimeLimit(Option<Instant>);

impl TimeLimit {
    /// Checks that the time has not come.
    ///
    /// # Errors
    ///
    /// `Timeout`.
    pub(crate) fn check(self) -> Result<()> {
        match self.0 {
            Some(end) if Instant::now() >= end => Err(Error::timeout(
                "the predicate was not evaluated before the deadline; simplify it, make splits \
                 smaller, or raise the timeout of the function",
            )),
            Some(_) | None => Ok(()),
        }
    }
}

/// Time limit after which an invocation fails by itself, while it can still report the reason.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// Time until then, with the margin subtracted; `None` if the runtime reports no deadline.
    budget: Option<Duration>,
}

impl Deadline {
    /// Creates the deadline of an invocation that the runtime ends at `end`.
    ///
    /// The margin is the time that an error needs to get out. It is capped at a tenth of the
    /// remaining time, so that a short invocation is not rejected because of it.
    pub(crate) fn new(end: Option<SystemTime>, margin: Duration) -> Self {
        let budget = known_deadline(end).map(|end| {
            let remaining = end.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO);
            remaining.saturating_sub(margin.min(remaining / 10))
        });
        Self { budget }
    }

    /// Returns the time limit that begins now.
    pub(crate) fn time_limit(self) -> TimeLimit {
        TimeLimit(self.budget.and_then(|budget| Instant::now().checked_add(budget)))
    }

    /// Runs `work` until it completes or the deadline passes, and then drops it and everything that
    /// it reads.
    ///
    /// # Errors
    ///
    /// Any error of `work`, or `Timeout`, which names `operation`.
    pub(crate) async fn race<T>(
        self,
        operation: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let Some(budget) = self.budget else { return work.await };
        match tokio::time::timeout(budget, work).await {
            Ok(result) => result,
            Err(_) => Err(Error::timeout(format!(
                "{operation} did not complete within {:.1} s; make splits smaller, select less, or \
                 raise the timeout of the function",
                budget.as_secs_f64()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn ending_in(time: Duration, margin: Duration) -> Deadline {
        Deadline::new(Some(SystemTime::now() + time), margin)
    }

    #[tokio::test]
    async fn work_beyond_the_deadline_is_a_timeout_that_names_the_operation() {
        let deadline = ending_in(Duration::from_millis(20), Duration::from_secs(1));
        let error =
            deadline.race("reading s.t", std::future::pending::<Result<()>>()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.message().starts_with("reading s.t"), "{error}");
    }

    #[test]
    fn a_time_limit_passes_at_the_deadline() {
        assert!(TimeLimit::default().check().is_ok());
        let margin = Duration::from_secs(1);
        assert!(ending_in(Duration::from_mins(1), margin).time_limit().check().is_ok());
        let error = ending_in(Duration::ZERO, margin).time_limit().check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
    }

    #[tokio::test]
    async fn the_epoch_is_not_a_deadline() {
        let deadline = Deadline::new(Some(SystemTime::UNIX_EPOCH), Duration::from_secs(1));
        assert!(deadline.budget.is_none());
        assert!(deadline.race("x", async { Ok(1) }).await.is_ok());
    }

    #[test]
    fn the_margin_is_at_most_a_tenth_of_the_time() {
        let budget = ending_in(Duration::from_secs(1), Duration::from_secs(30)).budget.unwrap();
        assert!(
            budget > Duration::from_millis(800) && budget <= Duration::from_millis(900),
            "{budget:?}"
        );
        let budget = ending_in(Duration::from_mins(1), Duration::from_secs(1)).budget.unwrap();
        assert!(
            budget > Duration::from_secs(58) && budget <= Duration::from_secs(59),
            "{budget:?}"
        );
    }
}
