//! Type names of Athena's SQL that differ from `DataFusion`, and timestamps with time zone.

use arrow::datatypes::{DataType, TimeUnit};
use athena_protocol::timestamp_tz::TimeZoneKey;
use datafusion::{
    error::Result,
    logical_expr::planner::TypePlanner,
    sql::sqlparser::ast::{DataType as SqlType, Ident, ObjectName, TimezoneInfo},
};

/// Name of the type of literals with a time zone. SQL cannot contain it, because of the space.
const WITH_ZONE: &str = "timestamp in zone";

/// Plans `TIMESTAMP` in microseconds, because nanoseconds have too small a range, and `VARBINARY`
/// as bytes.
#[derive(Debug)]
pub(crate) struct AthenaTypes;

impl TypePlanner for AthenaTypes {
    fn plan_type(&self, sql_type: &SqlType) -> Result<Option<DataType>> {
        let micros =
            |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        Ok(match sql_type {
            SqlType::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
                Some(micros(None))
            }
            SqlType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
                Some(micros(Some("UTC")))
            }
            SqlType::Custom(name, zone) if is_with_zone(name) => {
                Some(micros(zone.first().map(String::as_str)))
            }
            SqlType::Varbinary(_) | SqlType::Binary(_) => Some(DataType::Binary),
            // Foreign enum: every other type has the default meaning.
            _ => None,
        })
    }
}

/// Returns the type of a timestamp in `zone`, for [`AthenaTypes`].
pub(crate) fn timestamp_in_zone(zone: &str) -> SqlType {
    SqlType::Custom(ObjectName::from(vec![Ident::new(WITH_ZONE)]), vec![zone.to_owned()])
}

fn is_with_zone(name: &ObjectName) -> bool {
    matches!(name.0.as_slice(), [part] if part.as_ident().is_some_and(|i| i.value == WITH_ZONE))
}

/// Splits off the zone of a timestamp literal, such as `2024-01-01 10:00 Europe/Paris`. Returns the
/// literal with hours, minutes, seconds and zone, and the zone, or `None` without a zone.
///
/// # Errors
///
/// If the zone does not exist.
pub(crate) fn time_zone_of_literal(text: &str) -> anyhow::Result<Option<(String, String)>> {
    let text = text.trim();
    // The date has two hyphens, and a time only digits, colons and a point.
    let date_end = text.find([' ', 'T']).unwrap_or(text.len());
    let (date, rest) = text.split_at(date_end);
    let rest = rest.strip_prefix('T').unwrap_or(rest).trim_start();
    let time_end =
        rest.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(time_end);
    let zone = zone.trim();
    if zone.is_empty() {
        return Ok(None);
    }
    let name = canonical_zone(zone).ok_or_else(|| {
        anyhow::anyhow!("time zone {zone:?} of TIMESTAMP '{text}' does not exist")
    })?;
    let time = match time.matches(':').count() {
        0 if time.is_empty() => "00:00:00".to_owned(),
        1 => format!("{time}:00"),
        _ => time.to_owned(),
    };
    Ok(Some((format!("{date} {time} {name}"), name)))
}

/// Returns the name of a zone in Arrow: `UTC` for its synonyms, and offsets as `+01:00`.
fn canonical_zone(zone: &str) -> Option<String> {
    if matches!(zone.to_ascii_uppercase().as_str(), "UTC" | "Z" | "GMT" | "UT") {
        return Some("UTC".to_owned());
    }
    if let Some(offset) = zone.strip_prefix(['+', '-']) {
        let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "0"));
        let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
        let in_range = hours <= 14 && minutes < 60;
        return in_range.then(|| format!("{}{hours:02}:{minutes:02}", &zone[..1]));
    }
    // Arrow and Trino both have to know the zone.
    let key = TimeZoneKey::from_name(zone).ok()?;
    let name = key.name()?.into_owned();
    name.parse::<arrow::array::timezone::Tz>().ok().map(|_| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_has_the_zone_after_its_time() {
        for (text, expected) in [
            ("2024-01-01 10:00:00", None),
            ("2024-01-01", None),
            ("2024-01-01T10:00:00", None),
            ("2024-01-01 10:00 UTC", Some(("2024-01-01 10:00:00 UTC", "UTC"))),
            ("2024-01-01 10:00:00.5+1:30", Some(("2024-01-01 10:00:00.5 +01:30", "+01:30"))),
            ("2024-01-01 -08:00", Some(("2024-01-01 00:00:00 -08:00", "-08:00"))),
            (
                "2024-01-01 10:00:00 America/New_York",
                Some(("2024-01-01 10:00:00 America/New_York", "America/New_York")),
            ),
        ] {
            let split = time_zone_of_literal(text).unwrap();
            let split = split.as_ref().map(|(text, zone)| (text.as_str(), zone.as_str()));
            assert_eq!(split, expected, "{text}");
        }
        let error = time_zone_of_literal("2024-01-01 10:00 Mars/Olympus").unwrap_err();
        assert!(error.to_string().contains("\"Mars/Olympus\""), "{error}");
    }
}
