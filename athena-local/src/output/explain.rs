//! What happened between the engine and its connectors, in words.

use std::{fmt::Write as _, time::Duration};

use athena_client::{Call, Outcome, Trace};

/// The calls of `trace` in their order, one a line, what was pushed down under each, and a sum.
pub(crate) fn explanation(trace: &Trace) -> String {
    let calls = trace.calls();
    let mut text = String::new();
    // The same predicate goes along with every message of a scan; once is enough.
    let mut last_pushed = String::new();
    for (index, call) in calls.iter().enumerate() {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{:>3}. {}", index + 1, line(call));
        if !call.pushed.is_empty() && call.pushed != last_pushed {
            let _ = writeln!(text, "     pushed down: {}", call.pushed);
            last_pushed.clone_from(&call.pushed);
        }
    }
    let _ = write!(text, "{}", sum(trace, &calls));
    text
}

fn line(call: &Call) -> String {
    let subject =
        if call.subject.is_empty() { String::new() } else { format!(" {}", call.subject) };
    let outcome = match &call.outcome {
        Outcome::Answer(words) => words.clone(),
        Outcome::Inline { rows } => format!("{} inline", plural(*rows, "row")),
        Outcome::Spilled { blocks, rows, bytes, .. } => {
            let blocks = plural(*blocks as u64, "block");
            format!("{} in {blocks} spilled, {}", plural(*rows, "row"), size(*bytes))
        }
        Outcome::Failed(why) => format!("FAILED: {why}"),
    };
    format!(
        "{}.{}{subject} -> {outcome} ({} out, {} in, {})",
        call.catalog,
        call.operation,
        size(call.request_bytes as u64),
        size(call.response_bytes as u64),
        millis(call.elapsed)
    )
}

fn sum(trace: &Trace, calls: &[Call]) -> String {
    let progress = trace.progress();
    let spilled: u64 = calls
        .iter()
        .map(|call| match call.outcome {
            Outcome::Spilled { bytes, .. } => bytes,
            Outcome::Answer(_) | Outcome::Inline { .. } | Outcome::Failed(_) => 0,
        })
        .sum();
    let time: Duration = calls.iter().map(|call| call.elapsed).sum();
    format!(
        "     {}, {} read, {} received ({} of it spilled), {} in functions\n",
        plural(calls.len() as u64, "message"),
        plural(progress.rows, "row"),
        size(progress.bytes),
        size(spilled),
        millis(time)
    )
}

pub(super) fn plural(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{} {thing}s", thousands(count)) }
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", thousands(bytes / 1_000_000), bytes % 1_000_000 / 100_000),
    }
}

fn millis(time: Duration) -> String {
    let micros = time.as_micros();
    if micros < 10_000 {
        format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
    } else {
        format!("{} ms", time.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_sizes_are_short() {
        assert_eq!(plural(1, "row"), "1 row");
        assert_eq!(plural(6_001_215, "row"), "6,001,215 rows");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_250), "1.2 kB");
        assert_eq!(size(16_000_000), "16.0 MB");
    }
}
