//! Differences between two reads of the same rows.

use std::collections::HashMap;

use crate::oracle::{Cell, key_of};

/// Describes the difference of two multisets of rows by its counts; `None` if they are equal.
pub(crate) fn difference<'a, R: AsRef<[Cell]> + 'a>(
    expected: impl IntoIterator<Item = &'a R>,
    got: &[impl AsRef<[Cell]>],
) -> Option<String> {
    let mut counts: HashMap<Vec<u8>, i64> = HashMap::new();
    let mut total = 0;
    for row in expected {
        total += 1;
        *counts.entry(key_of(row.as_ref())).or_default() += 1;
    }
    for row in got {
        *counts.entry(key_of(row.as_ref())).or_default() -= 1;
    }
    let missing: i64 = counts.values().filter(|count| **count > 0).sum();
    let extra: i64 = -counts.values().filter(|count| **count < 0).sum::<i64>();
    (missing > 0 || extra > 0)
        .then(|| format!("{missing} of {total} rows are missing, {extra} rows are new"))
}
