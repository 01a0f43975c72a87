//! What was right and what was wrong, by message and version.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    ops::RangeInclusive,
};

/// Every version that there is.
pub(super) const VERSIONS: RangeInclusive<i32> = 2..=6;

/// By message and version: nothing, or what is wrong.
pub(super) type Verdicts = BTreeMap<(String, i32), Result<(), String>>;

/// Messages by versions under `title`: `ok`, `WRONG`, or `-` where the version does not have the
/// message.
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

/// What is wrong, line by line.
pub(super) fn wrong(verdicts: &Verdicts) -> String {
    let mut wrong = String::new();
    for ((message, version), verdict) in verdicts {
        if let Err(why) = verdict {
            let _ = writeln!(wrong, "{message} in version {version}: {why}");
        }
    }
    wrong
}
