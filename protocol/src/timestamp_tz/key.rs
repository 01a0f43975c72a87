//! Time zone keys, their names, and single values.

use std::{borrow::Cow, fmt};

use super::names::{FIRST, NAMES};
use crate::error::{Error, Result};

/// How many bits of a packed value the key has.
const KEY_BITS: u32 = 12;
/// The furthest offset from UTC that has a key, in minutes.
const MAX_OFFSET: i16 = 14 * 60;

/// The number by which the wire knows a time zone: UTC, an offset of whole minutes, or a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneKey(u16);

impl ZoneKey {
    /// Coordinated universal time.
    pub const UTC: Self = Self(0);

    /// The number that travels, from 0 to 4095. Not every number is assigned to a zone.
    pub fn number(self) -> u16 {
        self.0
    }

    /// The key of the zone that is called `name`, in any case and any of the spellings that peers
    /// accept: `utc`, `America/New_York`, `+05:30`, `GMT-7`, `Etc/GMT+7`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a zone without a key.
    pub fn from_name(name: &str) -> Result<Self> {
        let lower = name.to_ascii_lowercase();
        lookup(&lower).or_else(|| lookup(&normalise(&lower)?)).ok_or_else(|| {
            Error::invalid_input(format!(
                "time zone {name:?} has no key in Athena's protocol, expected a name such as \"Europe/Berlin\" or an \
                 offset such as \"+01:00\""
            ))
        })
    }

    /// The name of the zone, `None` for a number that is not assigned.
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

    /// The offset from UTC in minutes, if the key stands for one.
    fn offset(self) -> Option<i16> {
        // Zero has no key among the offsets: it is UTC.
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

/// Writes the name, or the number where there is none.
impl fmt::Display for ZoneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(&name),
            None => write!(f, "unassigned time zone key {}", self.0),
        }
    }
}

/// The key of exactly this name, in lower case.
fn lookup(lower: &str) -> Option<ZoneKey> {
    if lower == "utc" {
        return Some(ZoneKey::UTC);
    }
    if let Some(offset) = parse_offset(lower) {
        return ZoneKey::from_offset(offset);
    }
    let index =
        NAMES.iter().position(|name| !name.is_empty() && name.eq_ignore_ascii_case(lower))?;
    u16::try_from(index).ok().map(|index| ZoneKey(FIRST + index))
}

/// The minutes of `+hh:mm` or `-hh:mm`; an offset of zero is written in other ways.
fn parse_offset(text: &str) -> Option<i16> {
    let (sign, digits) = signed(text)?;
    let (hours, minutes) = digits.split_once(':')?;
    let two_digits = |part: &str| (part.len() == 2).then(|| number(part)).flatten();
    let (hours, minutes) =
        (two_digits(hours)?, two_digits(minutes).filter(|minutes| *minutes < 60)?);
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

/// What peers make of a name that they do not know, before they look again.
fn normalise(lower: &str) -> Option<Cow<'_, str>> {
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

/// One value as it travels: `millis` since the epoch in UTC, seen in the zone of `key`.
///
/// # Errors
///
/// `InvalidInput` beyond 52 bits of milliseconds: some 71,000 years before or after 1970.
pub fn pack(millis: i64, key: ZoneKey) -> Result<i64> {
    let shifted = millis << KEY_BITS;
    if shifted >> KEY_BITS != millis {
        return Err(Error::invalid_input(
            "an instant with a time zone is too far from 1970 for Athena's protocol, which has 52 bits for its \
             milliseconds: bring it within 71,000 years",
        ));
    }
    Ok(shifted | i64::from(key.0))
}

/// The milliseconds since the epoch in UTC, and the zone that they are seen in.
pub fn unpack(value: i64) -> (i64, ZoneKey) {
    let [low, high, ..] = value.to_le_bytes();
    (value >> KEY_BITS, ZoneKey(u16::from_le_bytes([low, high & 0x0F])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn key(name: &str) -> u16 {
        ZoneKey::from_name(name).unwrap().number()
    }

    #[test]
    fn the_examples_of_the_protocol_hold() {
        let noon = 1_709_294_400_000;
        for (name, number, packed) in [
            ("UTC", 0, 7_001_269_862_400_000),
            ("America/New_York", 1847, 7_001_269_862_401_847),
            ("+05:30", 1170, 7_001_269_862_401_170),
        ] {
            let zone = ZoneKey::from_name(name).unwrap();
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
            assert_eq!(ZoneKey(number).name().unwrap(), name);
        }
    }

    #[test]
    fn every_key_has_a_name_that_leads_back_to_it() {
        let mut unassigned = Vec::new();
        for number in 0..=2228 {
            match ZoneKey(number).name() {
                Some(name) => {
                    assert_eq!(key(&name), number, "{name}");
                    assert_eq!(key(&name.to_uppercase()), number, "{name}");
                }
                None => unassigned.push(number),
            }
        }
        assert_eq!(unassigned, [2040, 2180, 2186, 2196]);
        assert!((2229..=4095).all(|number| ZoneKey(number).name().is_none()));
    }

    #[test]
    fn names_are_those_of_the_protocol() {
        let protocol = include_str!("../../../docs/protocol.md");
        let (_, appendix) = protocol.split_once("### D. Time zone keys\n").unwrap();
        let (appendix, _) = appendix.split_once("\n### ").unwrap();
        let listed: Vec<(u16, &str)> = appendix
            .split_whitespace()
            .filter_map(|entry| entry.split_once('='))
            .filter_map(|(number, name)| Some((number.parse().ok()?, name)))
            .collect();
        let ours: Vec<(u16, &str)> =
            (FIRST..).zip(NAMES).filter(|(_, name)| !name.is_empty()).collect();
        assert_eq!(listed, ours);
    }

    #[test]
    fn peers_spellings_are_understood() {
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
    fn zones_without_a_key_are_refused() {
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
            "+07:0é",
        ] {
            assert_eq!(
                ZoneKey::from_name(name).unwrap_err().kind(),
                ErrorKind::InvalidInput,
                "{name}"
            );
        }
    }

    #[test]
    fn instants_have_52_bits() {
        let limit = 1 << 51;
        for millis in [-limit, -1, 0, limit - 1] {
            let zone = ZoneKey(4095);
            assert_eq!(unpack(pack(millis, zone).unwrap()), (millis, zone));
        }
        for millis in [-limit - 1, limit, i64::MIN, i64::MAX] {
            assert_eq!(pack(millis, ZoneKey::UTC).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }
}
