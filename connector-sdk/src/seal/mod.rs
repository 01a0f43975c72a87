//! Seals of splits and page tokens: proof that this function made them, for this query.
//!
//! Whoever may invoke a function can send it any split: one with another key range, of another
//! table, without its encryption key, or with the spill location of another query. A seal is a
//! message authentication code over all of that, with a key that callers do not have. It covers
//! decoded values, never JSON text: an engine may write members in another order or escape them
//! otherwise. It does not cover constraints, which an engine narrows while it reads.
//!
//! `docs/decisions/seals.md` has the limits of this.

mod key;
mod subject;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64_simd::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::OnceCell;

pub use key::SealKey;
pub(crate) use key::keyed_hash;
pub(crate) use subject::Subject;

use crate::{Context, Error, Result, Setting, Settings, audit};

/// Property of a split with its seal. Authors do not see it.
pub(crate) const SEAL_PROPERTY: &str = "$seal";

/// Upper bound of the bytes of a seal.
pub(crate) const MAX_SEAL_LEN: usize = 64;

/// Time for which a seal is valid. No query of Athena takes as long.
const LIFETIME: Duration = Duration::from_hours(24);
/// Time for which a seal of the former key is valid: that of queries that run while it changes.
const FORMER_LIFETIME: Duration = Duration::from_hours(1);

/// Difference between the clocks of two hosts that is not suspicious.
const MAX_CLOCK_SKEW: Duration = Duration::from_mins(5);

/// Bytes of the authentication code in a seal.
const CODE_LEN: usize = 16;
/// Bytes of the code of the query alone, which tells the owner why a seal is refused.
const QUERY_CODE_LEN: usize = 6;

type Code = Hmac<Sha256>;

/// Reason for which a seal is refused, for the owner's log. Callers get the same answer for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no seal, or it has another form.
    Unsealed,
    /// The seal is of this query, and something that it covers was changed.
    Edited,
    /// The seal is of another query, or of another key.
    Foreign,
    /// The seal is too old, or of the future.
    Expired,
}

impl Refusal {
    /// Returns the name in the owner's log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unsealed => "unsealed",
            Self::Edited => "edited",
            Self::Foreign => "foreign",
            Self::Expired => "expired",
        }
    }
}

/// Keys of the seals, created on first use.
#[derive(Debug, Default)]
pub(crate) struct Seals {
    keys: OnceCell<Option<SealKeys>>,
}

impl Seals {
    /// Returns the keys; `None` if seals are off.
    ///
    /// # Errors
    ///
    /// Those of KMS. A failure is not kept, so that a later request can succeed.
    pub(crate) async fn keys(&self, settings: &Settings) -> Result<Option<&SealKeys>> {
        let create = async || {
            let Some(current) = settings.seal.secret().await? else { return Ok(None) };
            let former = match &settings.seal_former {
                Some(former) => former.secret().await?,
                None => None,
            };
            Ok(Some(SealKeys::new(&current, former.as_deref())))
        };
        self.keys.get_or_try_init(create).await.map(Option::as_ref)
    }
}

/// Keys with which seals are made and checked.
pub(crate) struct SealKeys {
    current: Code,
    former: Option<Code>,
}

impl std::fmt::Debug for SealKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKeys(redacted)")
    }
}

impl SealKeys {
    fn new(current: &[u8], former: Option<&[u8]>) -> Self {
        let code = |key| Code::new_from_slice(key).expect("HMAC takes keys of any length");
        Self { current: code(current), former: former.map(code) }
    }

    /// Returns the seal of `subject`: seconds since 1970, its code, and that of its query.
    pub(crate) fn seal(&self, subject: &Subject<'_>) -> String {
        self.seal_at(subject, SystemTime::now())
    }

    fn seal_at(&self, subject: &Subject<'_>, now: SystemTime) -> String {
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let codes = Codes::new(&self.current, subject, seconds);
        let text = |code: &[u8]| URL_SAFE_NO_PAD.encode_to_string(code);
        format!("{seconds}.{}.{}", text(&codes.subject), text(&codes.query))
    }

    /// Checks the seal of `subject`, and notes a refusal for the audit line of `context`.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, with the same message for every [`Refusal`], which only the log has.
    pub(crate) fn check(
        &self,
        subject: &Subject<'_>,
        seal: Option<&str>,
        context: &Context,
    ) -> Result<()> {
        let Err(refusal) = self.verify(subject, seal, SystemTime::now()) else { return Ok(()) };
        context.counters.set_refusal(refusal);
        tracing::warn!(
            target: audit::TARGET,
            ?refusal,
            object = subject.name(),
            "refuses what is not sealed for this query"
        );
        Err(Error::invalid_input(format!(
            "the {} was not made by this function for this query, or it is too old: run the query \
             again. If another function makes the splits, give both the same {}",
            subject.name(),
            Setting::Seal.variable()
        )))
    }

    fn verify(
        &self,
        subject: &Subject<'_>,
        seal: Option<&str>,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let seal = seal.and_then(Seal::parse).ok_or(Refusal::Unsealed)?;
        let mut refusal = Refusal::Foreign;
        let former = self.former.iter().map(|key| (key, FORMER_LIFETIME));
        for (key, lifetime) in [(&self.current, LIFETIME)].into_iter().chain(former) {
            let codes = Codes::new(key, subject, seal.seconds);
            if codes.equals(&seal.codes) {
                let is_valid = is_current(seal.seconds, now, lifetime);
                return if is_valid { Ok(()) } else { Err(Refusal::Expired) };
            }
            if codes.query == seal.codes.query {
                refusal = Refusal::Edited;
            }
        }
        Err(refusal)
    }
}

/// Returns whether a seal of this time is valid: neither too old nor of the future.
fn is_current(seconds: u64, now: SystemTime, lifetime: Duration) -> bool {
    let Some(made) = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)) else { return false };
    match now.duration_since(made) {
        Ok(age) => age <= lifetime,
        Err(ahead) => ahead.duration() <= MAX_CLOCK_SKEW,
    }
}

/// Codes of one subject at one time.
struct Codes {
    subject: [u8; CODE_LEN],
    query: [u8; QUERY_CODE_LEN],
}

impl Codes {
    fn new(key: &Code, subject: &Subject<'_>, seconds: u64) -> Self {
        Self {
            subject: code(key, subject, seconds),
            query: code(key, &Subject::Query(subject.query_id()), seconds),
        }
    }

    /// Compares in constant time.
    fn equals(&self, other: &Self) -> bool {
        let ours = self.subject.iter().chain(&self.query);
        let theirs = other.subject.iter().chain(&other.query);
        ours.zip(theirs).fold(0, |difference, (our, their)| difference | (our ^ their)) == 0
    }
}

fn code<const LEN: usize>(key: &Code, subject: &Subject<'_>, seconds: u64) -> [u8; LEN] {
    let mut code = key.clone();
    code.update(&seconds.to_be_bytes());
    subject.write(&mut code);
    let bytes = code.finalize().into_bytes();
    std::array::from_fn(|index| bytes[index])
}

/// Seal in its parts.
struct Seal {
    seconds: u64,
    codes: Codes,
}

impl Seal {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        // Only the form that `seal` writes: no sign, no leading zero.
        let seconds = parts.next()?;
        let number: u64 =
            seconds.parse().ok().filter(|number: &u64| number.to_string() == seconds)?;
        let codes = Codes { subject: decode(parts.next()?)?, query: decode(parts.next()?)? };
        Some(Self { seconds: number, codes })
    }
}

fn decode<const LEN: usize>(text: &str) -> Option<[u8; LEN]> {
    let bytes: [u8; LEN] = URL_SAFE_NO_PAD.decode_to_vec(text).ok()?.try_into().ok()?;
    // Of several texts with the same bytes, only the canonical one is a seal.
    (URL_SAFE_NO_PAD.encode_to_string(bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests;
