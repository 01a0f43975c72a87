//! Explanation of a query: its calls to connectors, as text.

use std::{fmt::Write as _, time::Duration};

use athena_client::{CallOutcome, CallRecord, Trace};

/// Formats the calls of `trace`, one per line and in order, with their pushed-down constraints, and
/// a summary.
pub(crate) fn explanation(trace: &Trace) -> String {
    let calls = trace.calls();
    let mut text = String::new();
    // All messages of a scan carry the same constraints, which are printed once.
    let mut last_pushed = String::new();
    for (index, call) in calls.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:>3}. {}", index + 1, line(call));
        if !call.pushed.is_empty() && call.pushed != last_pushed {
            let _ = writeln!(text, "     pushed down: {}", call.pushed);
            last_pushed.clone_from(&call.pushed);
        }
    }
    let _ = write!(text, "{}", summary(trace, &calls));
    text
}

fn line(call: &CallRecord) -> String {
    let subject =
        if call.subject.is_empty() { String::new() } else { format!(" {}", call.subject) };
    let outcome = match &call.outcome {
        CallOutcome::Response(summary) => summary.clone(),
        CallOutcome::Inline { rows } => format!("{} inline", plural(*rows, "row")),
        CallOutcome::Spilled { blocks, rows, bytes, .. } => {
            let blocks = plural(*blocks as u64, "block");
            format!("{} in {blocks} spilled, {}", plural(*rows, "row"), size(*bytes))
        }
        CallOutcome::Failed(error) => format!("FAILED: {error}"),
    };
    format!(
        "{}.{}{subject} -> {outcome} ({} sent, {} received, {})",
        call.catalog,
        call.operation,
        size(call.request_bytes as u64),
        size(call.response_bytes as u64),
        millis(call.elapsed)
    )
}

fn summary(trace: &Trace, calls: &[CallRecord]) -> String {
    let progress = trace.progress();
    let spilled: u64 = calls
        .iter()
        .map(|call| match call.outcome {
            CallOutcome::Spilled { bytes, .. } => bytes,
            CallOutcome::Response(_) | CallOutcome::Inline { .. } | CallOutcome::Failed(_) => 0,
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

pub(super) fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{} {noun}s", thousands(count)) }
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
    fn counts_have_thousands_separators_and_sizes_have_units() {
        assert_eq!(plural(1, "row"), "1 row");
        assert_eq!(plural(6_001_215, "row"), "6,001,215 rows");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_250), "1.2 kB");
        assert_eq!(size(16_000_000), "16.0 MB");
    }
}
