//! Equality of recorded values and values of the engine.

use serde_json::Value;

/// Returns whether two results have the same rows, in the same order if it counts.
pub(crate) fn same_rows(
    theirs: &[Vec<Value>],
    ours: &[Vec<Value>],
    types: &[String],
    is_ordered: bool,
) -> bool {
    let same = |theirs: &[Value], ours: &[Value]| {
        theirs.len() == ours.len()
            && theirs.iter().zip(ours).zip(types).all(|((a, b), name)| same(a, b, name))
    };
    if theirs.len() != ours.len() {
        return false;
    }
    if is_ordered {
        return theirs.iter().zip(ours).all(|(theirs, ours)| same(theirs, ours));
    }
    let mut left: Vec<&Vec<Value>> = ours.iter().collect();
    theirs.iter().all(|row| {
        let found = left.iter().position(|other| same(row, other));
        found.map(|index| left.swap_remove(index)).is_some()
    })
}

/// Returns whether two values are equal. `name` is the type that Trino returned.
fn same(theirs: &Value, ours: &Value, name: &str) -> bool {
    match (theirs, ours) {
        (Value::Array(theirs), Value::Array(ours)) => {
            theirs.len() == ours.len() && theirs.iter().zip(ours).all(|(a, b)| same(a, b, name))
        }
        (Value::Object(theirs), Value::Object(ours)) => {
            theirs.len() == ours.len()
                && theirs.iter().all(|(k, a)| ours.get(k).is_some_and(|b| same(a, b, name)))
        }
        (Value::Number(theirs), Value::Number(ours)) => {
            if theirs.is_i64() && ours.is_i64() {
                return theirs.as_i64() == ours.as_i64();
            }
            let (theirs, ours) = (theirs.as_f64().unwrap_or(0.0), ours.as_f64().unwrap_or(0.0));
            (theirs - ours).abs() <= 1e-12 * theirs.abs().max(ours.abs())
        }
        (Value::String(theirs), Value::String(ours)) if is_decimal(name) => {
            without_zeros(theirs) == without_zeros(ours)
        }
        (Value::String(theirs), Value::String(ours)) if name.contains("time") => {
            same_time(theirs, ours)
        }
        (Value::String(theirs), Value::String(ours)) if name.starts_with("interval") => {
            let meaning = recorded_interval(theirs);
            meaning.is_some() && meaning == engine_interval(ours)
        }
        // A number may have been returned as another type, which the verdict tells.
        (Value::Number(number), Value::String(text))
        | (Value::String(text), Value::Number(number)) => {
            !name.contains("varchar") && text.parse::<f64>().ok() == number.as_f64()
        }
        _ => theirs == ours,
    }
}

fn is_decimal(name: &str) -> bool {
    name.contains("decimal")
}

/// Removes zeros at the end of a fraction.
fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// Compares times up to zeros at the end of their fractions, and their zones up to synonyms.
fn same_time(theirs: &str, ours: &str) -> bool {
    let parts = |text: &str| {
        let mut parts: Vec<String> = text.split(' ').map(str::to_owned).collect();
        for part in &mut parts {
            if part.contains(':') && part.contains('.') {
                *part = without_zeros(part).to_owned();
            }
            if matches!(part.as_str(), "+00:00" | "Z") {
                "UTC".clone_into(part);
            }
        }
        parts
    };
    let (theirs, mut ours) = (parts(theirs), parts(ours));
    // A date where Trino has a timestamp, which the verdict tells.
    if ours.len() == 1 && theirs.len() > 1 {
        ours.push("00:00:00".to_owned());
    }
    theirs == ours
}

/// Returns the months and milliseconds of Trino's `1-2` or `1 02:03:04.000`.
fn recorded_interval(interval: &str) -> Option<(i64, i64)> {
    let (sign, interval) = match interval.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, interval),
    };
    let number = |text: &str| text.parse::<i64>().ok();
    let Some((days, time)) = interval.split_once(' ') else {
        let (years, months) = interval.split_once('-')?;
        return Some((sign * (number(years)? * 12 + number(months)?), 0));
    };
    let parts: Vec<&str> = time.split([':', '.']).collect();
    let [hours, minutes, seconds, millis] = parts.as_slice() else { return None };
    let minutes = (number(days)? * 24 + number(hours)?) * 60 + number(minutes)?;
    Some((0, sign * ((minutes * 60 + number(seconds)?) * 1_000 + number(millis)?)))
}

/// Returns the months and milliseconds of the engine's `1 days 2 hours 3 mins 4.000000000 secs`.
fn engine_interval(interval: &str) -> Option<(i64, i64)> {
    let (mut months, mut millis) = (0.0, 0.0);
    let words: Vec<&str> = interval.split_whitespace().collect();
    for pair in words.chunks(2) {
        let [number, unit] = pair else { return None };
        let number: f64 = number.parse().ok()?;
        match unit.trim_end_matches('s') {
            "year" => months += number * 12.0,
            "mon" => months += number,
            "day" => millis += number * 86_400_000.0,
            "hour" => millis += number * 3_600_000.0,
            "min" => millis += number * 60_000.0,
            "sec" => millis += number * 1_000.0,
            _ => return None,
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "intervals of the statements are small")]
    Some((months.round() as i64, millis.round() as i64))
}
