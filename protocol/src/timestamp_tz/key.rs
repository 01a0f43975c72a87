//! Time zone keys, their names, and the packing of single values.

use std::{borrow::Cow, fmt};

use super::names::{FIRST, NAMES, RENAMED};
use crate::error::{Error, Result};

/// Bits of the key in a packed value.
const KEY_BITS: u32 = 12;
/// Largest offset from UTC that has a key, in minutes.
const MAX_OFFSET: i16 = 14 * 60;

/// The number of a time zone on the wire: UTC, an offset in whole minutes, or a named zone.
///
/// Keys are Trino's: see appendix D of the protocol.
///
/// ```
/// use athena_protocol::timestamp_tz::TimeZoneKey;
///
/// let key = TimeZoneKey::from_name("GMT-7")?;
/// assert_eq!(key.name().as_deref(), Some("-07:00"));
/// assert_eq!(key, TimeZoneKey::from_name("Etc/GMT+7")?); // POSIX counts westwards.
/// # Ok::<(), athena_protocol::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeZoneKey(u16);

impl TimeZoneKey {
    /// Coordinated universal time.
    pub const UTC: Self = Self(0);

    /// Returns the number on the wire, from 0 to 4095. Not every number is assigned to a zone.
    pub fn number(self) -> u16 {
        self.0
    }

    /// Returns the key of the zone `name`, in any case and any spelling that peers accept: `utc`,
    /// `America/New_York`, `+05:30`, `GMT-7`, `Etc/GMT+7`.
    ///
    /// Keys are of 2017: a zone that was renamed since has the key of its older name, such as
    /// `Europe/Kyiv` that of `Europe/Kiev`, and a zone that was added since has none.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a zone without a key.
    pub fn from_name(name: &str) -> Result<Self> {
        let lower = name.to_ascii_lowercase();
        lookup(&lower).or_else(|| lookup(&normalize(&lower)?)).ok_or_else(|| {
            Error::invalid_input(format!(
                "time zone {name:?} has no key in Athena's protocol, expected a name such as \
                 \"Europe/Berlin\" or an offset such as \"+01:00\""
            ))
        })
    }

    /// Returns the canonical name of the zone; `None` for an unassigned number.
    pub fn name(self) -> Option<Cow<'static, str>> {
        if self == Self::UTC {
            return Some(Cow::Borrowed("UTC"));
        }
        if let Some(minutes) = self.offset() {
            let sign = if minutes < 0 { '-' } else { '+' };
            let minutes = minutes.abs();
            return Some(Cow::Owned(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)));
        }
        let name = NAMES.get(usize::from(self.0.checked_sub(FIRST)?))?;
        (!name.is_empty()).then_some(Cow::Borrowed(*name))
    }

    /// Returns the offset from UTC in minutes, unless the key is UTC or a named zone.
    fn offset(self) -> Option<i16> {
        // Offset zero has no key of its own: it is UTC.
        match i16::try_from(self.0).ok()? - MAX_OFFSET {
            distance @ 1..=MAX_OFFSET => Some(distance),
            distance if (1 - MAX_OFFSET..=0).contains(&distance) => Some(distance - 1),
            _ => None,
        }
    }

    fn from_offset(minutes: i16) -> Option<Self> {
        let key = match minutes {
            0 => return Some(Self::UTC),
            1..=MAX_OFFSET => minutes + MAX_OFFSET,
            _ if (-MAX_OFFSET..0).contains(&minutes) => minutes + MAX_OFFSET + 1,
            _ => return None,
        };
        u16::try_from(key).ok().map(Self)
    }
}

/// Writes the name, or the number if it is unassigned.
impl fmt::Display for TimeZoneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(&name),
            None => write!(f, "unassigned time zone key {}", self.0),
        }
    }
}

/// Returns the key of a canonical name in lower case.
fn lookup(lower: &str) -> Option<TimeZoneKey> {
    if lower == "utc" {
        return Some(TimeZoneKey::UTC);
    }
    if let Some(offset) = parse_offset(lower) {
        return TimeZoneKey::from_offset(offset);
    }
    let renamed = RENAMED.iter().find(|(new, _)| new.eq_ignore_ascii_case(lower));
    let lower = renamed.map_or(lower, |(_, old)| old);
    let index =
        NAMES.iter().position(|name| !name.is_empty() && name.eq_ignore_ascii_case(lower))?;
    u16::try_from(index).ok().map(|index| TimeZoneKey(FIRST + index))
}

/// Parses `+hh:mm` or `-hh:mm` to minutes; `None` for an offset of zero, which is UTC.
fn parse_offset(text: &str) -> Option<i16> {
    let (sign, digits) = signed(text)?;
    let (hours, minutes) = digits.split_once(':')?;
    let two_digits = |part: &str| (part.len() == 2).then(|| number(part)).flatten();
    let hours = two_digits(hours)?;
    let minutes = two_digits(minutes).filter(|minutes| *minutes < 60)?;
    Some(sign * (60 * hours + minutes)).filter(|offset| *offset != 0)
}

fn signed(text: &str) -> Option<(i16, &str)> {
    text.strip_prefix('+')
        .map(|rest| (1, rest))
        .or_else(|| text.strip_prefix('-').map(|rest| (-1, rest)))
}

fn number(digits: &str) -> Option<i16> {
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Normalizes an unknown name the way peers do before a second lookup.
fn normalize(lower: &str) -> Option<Cow<'_, str>> {
    const UTC: Cow<'_, str> = Cow::Borrowed("utc");
    let (name, etc) = match lower.strip_prefix("etc/") {
        Some(name) => (name, true),
        None => (lower, false),
    };
    if ["utc", "z", "ut", "uct", "gmt", "gmt0", "greenwich", "universal", "zulu"].contains(&name) {
        return Some(UTC);
    }
    let strip = |prefix| name.strip_prefix(prefix).filter(|rest: &&str| !rest.is_empty());
    let gmt = strip("gmt");
    let rest = gmt.or_else(|| strip("utc")).or_else(|| strip("ut")).unwrap_or(name);
    if ["+00:00", "-00:00"].contains(&rest) {
        return Some(UTC);
    }
    if rest.len() == 6 && rest.as_bytes()[3] == b':' {
        return Some(Cow::Borrowed(rest));
    }
    let (sign, hours) = signed(rest).filter(|(_, hours)| matches!(hours.len(), 1 | 2))?;
    let hours = number(hours)?;
    if hours == 0 {
        return Some(UTC);
    }
    // POSIX counts westwards: `Etc/GMT+7` is seven hours behind.
    let sign = if etc && gmt.is_some() { -sign } else { sign };
    Some(Cow::Owned(format!("{}{hours:02}:00", if sign < 0 { '-' } else { '+' })))
}

/// Packs an instant, `millis` since the Unix epoch in UTC, and its time zone into one value.
///
/// # Errors
///
/// `InvalidInput` if `millis` does not fit into 52 bits: about 71,000 years around 1970.
pub fn pack(millis: i64, key: TimeZoneKey) -> Result<i64> {
    let shifted = millis << KEY_BITS;
    if shifted >> KEY_BITS != millis {
        return Err(Error::invalid_input(
            "a timestamp with time zone is out of the range of Athena's protocol: its milliseconds \
             have 52 bits, which is about 71,000 years around 1970",
        ));
    }
    Ok(shifted | i64::from(key.0))
}

/// Unpacks `value` into milliseconds since the Unix epoch in UTC and the time zone.
///
/// Never fails: the key may be [unassigned](TimeZoneKey::name).
pub fn unpack(value: i64) -> (i64, TimeZoneKey) {
    let [low, high, ..] = value.to_le_bytes();
    (value >> KEY_BITS, TimeZoneKey(u16::from_le_bytes([low, high & 0x0F])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn key(name: &str) -> u16 {
        TimeZoneKey::from_name(name).unwrap().number()
    }

    #[test]
    fn examples_of_the_protocol_pack_and_unpack() {
        let noon = 1_709_294_400_000;
        for (name, number, packed) in [
            ("UTC", 0, 7_001_269_862_400_000),
            ("America/New_York", 1847, 7_001_269_862_401_847),
            ("+05:30", 1170, 7_001_269_862_401_170),
        ] {
            let zone = TimeZoneKey::from_name(name).unwrap();
            assert_eq!(zone.number(), number, "{name}");
            assert_eq!(pack(noon, zone).unwrap(), packed, "{name}");
            assert_eq!(unpack(packed), (noon, zone), "{name}");
        }
        let (millis, zone) = unpack(5_942_221_840_384_541);
        assert_eq!(
            (millis, zone.number(), zone.to_string()),
            (1_450_737_754_000, 541, "-05:00".to_owned())
        );
    }

    #[test]
    fn offsets_follow_the_formula() {
        for (name, number) in [("-14:00", 1), ("-00:01", 840), ("+00:01", 841), ("+14:00", 1680)] {
            assert_eq!(key(name), number, "{name}");
            assert_eq!(TimeZoneKey(number).name().unwrap(), name);
        }
    }

    #[test]
    fn every_assigned_key_round_trips_through_its_name() {
        let mut unassigned = Vec::new();
        for number in 0..=2228 {
            match TimeZoneKey(number).name() {
                Some(name) => {
                    assert_eq!(key(&name), number, "{name}");
                    assert_eq!(key(&name.to_uppercase()), number, "{name}");
                }
                None => unassigned.push(number),
            }
        }
        assert_eq!(unassigned, [2040, 2180, 2186, 2196]);
        assert!((2229..=4095).all(|number| TimeZoneKey(number).name().is_none()));
    }

    #[test]
    fn spellings_of_peers_are_accepted() {
        for name in [
            "utc",
            "Z",
            "UT",
            "UCT",
            "GMT",
            "GMT0",
            "GMT+0",
            "Etc/UTC",
            "Greenwich",
            "Zulu",
            "+00:00",
            "UTC-00:00",
        ] {
            assert_eq!(key(name), 0, "{name}");
        }
        for (name, same) in [
            ("UTC+7", "+07:00"),
            ("UT-7", "-07:00"),
            ("GMT+07", "+07:00"),
            ("+7", "+07:00"),
            ("Etc/GMT+7", "-07:00"),
            ("Etc/GMT-7", "+07:00"),
            ("Etc/UTC+7", "+07:00"),
            ("GMT+07:30", "+07:30"),
        ] {
            assert_eq!(key(name), key(same), "{name}");
        }
    }

    #[test]
    fn a_renamed_zone_has_the_key_of_its_older_name() {
        for (new, old, number) in [
            ("Europe/Kyiv", "Europe/Kiev", 2069),
            ("America/Nuuk", "America/Godthab", 1794),
            ("Pacific/Kanton", "Pacific/Enderbury", 2127),
        ] {
            assert_eq!((key(new), key(old)), (number, number), "{new}");
            assert_eq!(key(&new.to_lowercase()), number, "{new}");
            assert_eq!(TimeZoneKey(number).name().unwrap(), old);
        }
    }

    #[test]
    fn zones_without_a_key_are_rejected() {
        for name in [
            "UTC0",
            "UT0",
            "GMT7",
            "EST",
            "MST",
            "HST",
            "",
            "+14:01",
            "-15:00",
            "+5:30",
            "+05:60",
            "+é",
            "Mars/Olympus",
            "Asia/Qostanay",
            "America/Ciudad_Juarez",
            "America/Coyhaique",
            "+07:0é",
        ] {
            assert_eq!(
                TimeZoneKey::from_name(name).unwrap_err().kind(),
                ErrorKind::InvalidInput,
                "{name}"
            );
        }
    }

    #[test]
    fn instants_are_limited_to_52_bits() {
        let limit = 1 << 51;
        for millis in [-limit, -1, 0, limit - 1] {
            let zone = TimeZoneKey(4095);
            assert_eq!(unpack(pack(millis, zone).unwrap()), (millis, zone));
        }
        for millis in [-limit - 1, limit, i64::MIN, i64::MAX] {
            assert_eq!(pack(millis, TimeZoneKey::UTC).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }
}
