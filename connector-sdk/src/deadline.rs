//! Failing in time to say why.

use std::{
    future::Future,
    time::{Duration, SystemTime},
};

use crate::{Error, Result, context::known};

/// The time by which an invocation must have failed by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// How much time there is, with the margin taken off; `None` where the runtime does not say.
    budget: Option<Duration>,
}

impl Deadline {
    /// The deadline of an invocation that the runtime ends at `end`.
    ///
    /// The margin is what an answer takes to get out. It is at most a tenth of the time there is,
    /// so that a short invocation is not refused because of it.
    pub(crate) fn new(end: Option<SystemTime>, margin: Duration) -> Self {
        let budget = known(end).map(|end| {
            let remaining = end.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO);
            remaining.saturating_sub(margin.min(remaining / 10))
        });
        Self { budget }
    }

    /// The outcome of `work`, or `Timeout` saying that `subject` was being worked on. `work` is
    /// dropped then, and with it everything that it reads.
    pub(crate) async fn race<T>(
        self,
        subject: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let Some(budget) = self.budget else { return work.await };
        match tokio::time::timeout(budget, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::timeout(format!(
                "{subject} was not done within {:.1} s; make its splits smaller, ask for less, or raise the function's \
                 timeout",
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
    async fn work_that_takes_too_long_is_a_timeout_that_names_it() {
        let deadline = ending_in(Duration::from_millis(20), Duration::from_secs(1));
        let error =
            deadline.race("reading s.t", std::future::pending::<Result<()>>()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.message().starts_with("reading s.t"), "{error}");
    }

    #[tokio::test]
    async fn the_epoch_is_not_a_deadline() {
        let deadline = Deadline::new(Some(SystemTime::UNIX_EPOCH), Duration::from_secs(1));
        assert!(deadline.budget.is_none());
        assert!(deadline.race("x", async { Ok(1) }).await.is_ok());
    }

    #[test]
    fn a_margin_takes_a_tenth_at_most() {
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
