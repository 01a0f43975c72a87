//! Results by message and version.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    ops::RangeInclusive,
};

/// All serde versions.
pub(super) const VERSIONS: RangeInclusive<i32> = 2..=6;

/// Result by message and version.
pub(super) type Verdicts = BTreeMap<(String, i32), Result<(), String>>;

/// Formats the results as a table under `title`: `ok`, `WRONG`, or `-` if the version does not have
/// the message.
pub(super) fn table(title: &str, verdicts: &Verdicts) -> String {
    let mut table = format!("{title:28}");
    for version in VERSIONS {
        let _ = write!(table, " {:>5}", format!("v{version}"));
    }
    for case in verdicts.keys().map(|(case, _)| case).collect::<BTreeSet<_>>() {
        let _ = write!(table, "\n{case:28}");
        for version in VERSIONS {
            let cell = match verdicts.get(&(case.clone(), version)) {
                None => "-",
                Some(Ok(())) => "ok",
                Some(Err(_)) => "WRONG",
            };
            let _ = write!(table, " {cell:>5}");
        }
    }
    table
}

/// Returns a line for each failure.
pub(super) fn wrong(verdicts: &Verdicts) -> String {
    let mut wrong = String::new();
    for ((message, version), verdict) in verdicts {
        if let Err(reason) = verdict {
            let _ = writeln!(wrong, "{message} in version {version}: {reason}");
        }
    }
    wrong
}
