//! Repeated attempts at an operation of the source.

use std::{
    future::Future,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

use crate::{Context, Error, ErrorKind, Result};

/// Time that is left for an error to be returned before the invocation ends.
const MARGIN: Duration = Duration::from_secs(1);

/// Number of attempts of [`retry`], and the delays between them.
///
/// The delay doubles from attempt to attempt. A random part of up to a half is taken off, so that
/// functions that failed together do not come back together.
///
/// ```
/// use std::time::Duration;
///
/// use athena_connector_sdk::Backoff;
///
/// let patient = Backoff::default().with_attempts(8).with_longest(Duration::from_secs(20));
/// assert_ne!(patient, Backoff::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    attempts: u32,
    first: Duration,
    longest: Duration,
}

/// Five attempts, with delays from 0.2 s to 5 s.
impl Default for Backoff {
    fn default() -> Self {
        Self { attempts: 5, first: Duration::from_millis(200), longest: Duration::from_secs(5) }
    }
}

impl Backoff {
    /// Sets the number of attempts, at least one.
    #[must_use]
    pub fn with_attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// Sets the delay after the first attempt.
    #[must_use]
    pub fn with_first(self, first: Duration) -> Self {
        Self { first, ..self }
    }

    /// Sets the longest delay, unless the source asks for a longer one.
    #[must_use]
    pub fn with_longest(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Returns the delay after attempt `attempt`, which counts from one. `random` decides what is
    /// taken off.
    fn delay(&self, attempt: u32, random: u64) -> Duration {
        let doubled = self.first.saturating_mul(1 << (attempt - 1).min(20));
        let longest = doubled.min(self.longest);
        // 2^32 steps are fine enough for a delay.
        let part = f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        longest.mul_f64(1.0 - part / 2.0)
    }
}

/// Attempts `operation` until it succeeds, fails for good, or too little time is left.
///
/// `Throttled`, `Unavailable` and `Timeout` are worth another attempt. It waits as long as the
/// source asks for ([`Error::retry_after`]), or else as `backoff` says. If the invocation would end
/// before, the last error is returned at once.
///
/// An operation is attempted as a whole, so it must yield nothing before it has succeeded: one
/// request for one page is an operation, a stream of pages is not. Then it is right whether or not
/// rows of earlier pages have left the function already.
///
/// ```
/// use athena_connector_sdk::{Backoff, Context, Error, retry};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
/// # runtime.expect("a runtime").block_on(async {
/// let mut answers = vec![Ok("a page"), Err(Error::throttled("slow down"))].into_iter().rev();
/// let request = || std::future::ready(answers.next().expect("an answer"));
/// assert_eq!(retry(&Context::default(), Backoff::default(), request).await?, "a page");
/// # Ok::<(), Error>(())
/// # })?;
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
///
/// The error of the last attempt.
pub async fn retry<T, Attempt>(
    context: &Context,
    backoff: Backoff,
    mut operation: impl FnMut() -> Attempt,
) -> Result<T>
where
    Attempt: Future<Output = Result<T>>,
{
    let mut attempt = 1;
    loop {
        let error = match operation().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let asked = error.retry_after();
        let delay = asked.unwrap_or_else(|| backoff.delay(attempt, random()));
        let in_time = context.remaining().is_none_or(|left| delay + MARGIN < left);
        if attempt >= backoff.attempts || !is_transient(&error) || !in_time {
            return Err(error);
        }
        tracing::debug!(attempt, ?delay, kind = ?error.kind(), "the source is asked again");
        tokio::time::sleep(delay).await;
        attempt += 1;
    }
}

fn is_transient(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::Timeout)
}

fn random() -> u64 {
    // The keys of each state are random.
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        time::{Instant, SystemTime},
    };

    use super::*;

    const QUICK: Backoff =
        Backoff { attempts: 4, first: Duration::from_millis(1), longest: Duration::from_millis(2) };

    async fn attempts(
        context: &Context,
        answer: impl Fn(u32) -> Result<u32>,
    ) -> (u32, Result<u32>) {
        let count = Cell::new(0);
        let result = retry(context, QUICK, async || {
            count.set(count.get() + 1);
            answer(count.get())
        });
        let result = result.await;
        (count.get(), result)
    }

    #[tokio::test]
    async fn an_operation_is_repeated_while_its_failure_can_pass() {
        let context = Context::default();
        let busy = |attempt| if attempt < 3 { Err(Error::throttled("busy")) } else { Ok(attempt) };
        assert_eq!(attempts(&context, busy).await.0, 3);
        let (count, result) = attempts(&context, |_| Err(Error::unavailable("down"))).await;
        assert_eq!((count, result.unwrap_err().kind()), (4, ErrorKind::Unavailable));
        let (count, _) = attempts(&context, |_| Err(Error::access_denied("no"))).await;
        assert_eq!(count, 1);
    }

    #[tokio::test]
    async fn the_source_decides_on_the_delay_and_the_deadline_on_the_end() {
        let waits = Duration::from_millis(60);
        let asks = |attempt| match attempt {
            1 => Err(Error::throttled("later").with_retry_after(waits)),
            other => Ok(other),
        };
        let began = Instant::now();
        assert_eq!(attempts(&Context::default(), asks).await.0, 2);
        assert!(began.elapsed() >= waits);
        let soon = Context::default().with_deadline(SystemTime::now() + Duration::from_secs(20));
        let long = |_| Err(Error::throttled("later").with_retry_after(Duration::from_secs(30)));
        let began = Instant::now();
        assert_eq!(attempts(&soon, long).await.0, 1);
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn delays_double_up_to_the_longest_and_at_least_a_half_remains() {
        let backoff = Backoff::default();
        for (attempt, whole) in [(1, 200), (2, 400), (3, 800), (6, 5_000), (60, 5_000)] {
            assert_eq!(backoff.delay(attempt, 0), Duration::from_millis(whole));
            assert_eq!(backoff.delay(attempt, u64::MAX), Duration::from_millis(whole / 2));
        }
    }
}
