//! Normalization of equivalent values.

use serde_json::{Map, Value};

/// Normalizes canonical JSON so that equivalent values are equal.
pub(crate) fn meaning(value: &Value) -> Value {
    let Value::Object(members) = value else {
        return match value {
            Value::Array(elements) => elements.iter().map(meaning).collect(),
            // The manifest lacks the backslash in the escape of a lone surrogate.
            Value::String(text) => text.replace('\u{FFFD}', "uFFFD").into(),
            _ => value.clone(),
        };
    };
    let mut members: Map<String, Value> =
        members.iter().map(|(name, value)| (name.clone(), meaning(value))).collect();
    // A negative limit means none, and every block exceeds a negative size, as it does zero.
    for (name, normal) in [("limit", -1), ("maxBlockSize", 0), ("maxInlineBlockSize", 0)] {
        if members.get(name).and_then(Value::as_i64).is_some_and(|number| number < 0) {
            members.insert(name.to_owned(), normal.into());
        }
    }
    let sets: &[&str] = match members.get("@type").and_then(Value::as_str) {
        Some("GetTableResponse" | "GetTableLayoutRequest") => &["partitionColumns"],
        Some("GetSplitsResponse") => &["splits"],
        _ => &[],
    };
    for name in sets {
        if let Some(Value::Array(elements)) = members.get_mut(*name) {
            elements.sort_by_key(ToString::to_string);
            elements.dedup();
        }
    }
    if let Some(wider) = members.get("type").and_then(Value::as_str).and_then(next_integer) {
        members.insert("type".to_owned(), wider.into());
    }
    if let Some(Value::Array(ranges)) = members.get_mut("ranges") {
        merge_closed_ranges(ranges);
    }
    Value::Object(members)
}

/// Merges ranges of integers with inclusive ends, as Java does when it reads ranges.
///
/// The ranges that Java writes are already merged.
fn merge_closed_ranges(ranges: &mut Vec<Value>) {
    let end = |range: &Value, name: &str| {
        (range[name]["bound"] == "EXACTLY").then(|| range[name]["value"].as_i64()).flatten()
    };
    if ranges.iter().any(|range| end(range, "low").is_none() || end(range, "high").is_none()) {
        return;
    }
    ranges.sort_by_key(|range| end(range, "low"));
    ranges.dedup_by(|next, kept| {
        let overlap = end(next, "low") <= end(kept, "high");
        if overlap && end(next, "high") > end(kept, "high") {
            kept["high"] = next["high"].clone();
        }
        overlap
    });
}

/// Returns the narrowest Arrow integer for a width that only Java has.
fn next_integer(name: &str) -> Option<String> {
    let (sign, width) = name.split_at(name.find(|c: char| c.is_ascii_digit())?);
    let width: u32 = width.parse().ok().filter(|width| (1..=64).contains(width))?;
    matches!(sign, "int" | "uint").then(|| format!("{sign}{}", width.next_power_of_two().max(8)))
}
