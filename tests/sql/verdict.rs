//! Verdicts, and the list of known differences.

use std::{collections::BTreeMap, fmt, fmt::Write as _};

use crate::{answer::Answer, compare::same_rows, corpus::Statement, type_name::simplified};

/// Comparison of an answer with Trino's. The first is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// The same rows and types, or both refuse.
    Equal,
    /// The same rows, and another type.
    Type,
    /// The engine refuses, and tells why.
    Refused,
    /// The engine fails with an error that helps nobody.
    Obscure,
    /// Trino refuses.
    Lenient,
    /// Other rows.
    Different,
}

const ALL: [Verdict; 6] = [
    Verdict::Equal,
    Verdict::Type,
    Verdict::Different,
    Verdict::Lenient,
    Verdict::Refused,
    Verdict::Obscure,
];

/// Parts of messages that tell a user nothing.
const OBSCURE: [&str; 10] = [
    "internal error",
    "panick",
    "caused by a bug",
    "unreachable",
    "logical expression",
    "Unsupported ast node",
    "Dot access not supported",
    "Cast error: Format error",
    "Arrow error",
    "Arrow type",
];

impl Verdict {
    pub(crate) fn of(statement: &Statement, theirs: &Answer, ours: &Answer) -> Self {
        match (theirs, ours) {
            (Answer::Error(_), Answer::Error(_)) => Self::Equal,
            (Answer::Error(_), Answer::Rows { .. }) => Self::Lenient,
            (Answer::Rows { .. }, Answer::Error(error)) => {
                let lower = error.to_lowercase();
                if OBSCURE.iter().any(|part| lower.contains(&part.to_lowercase())) {
                    Self::Obscure
                } else {
                    Self::Refused
                }
            }
            (
                Answer::Rows { columns: their_columns, rows: their_rows },
                Answer::Rows { columns, rows },
            ) => {
                let types: Vec<String> = their_columns.iter().map(|(_, t)| simplified(t)).collect();
                let is_same = if statement.only_shape {
                    columns.len() == types.len() && rows.is_empty() == their_rows.is_empty()
                } else {
                    same_rows(their_rows, rows, &types, statement.is_ordered)
                };
                let same_columns = their_columns.len() == columns.len()
                    && columns.iter().zip(their_columns).zip(&types).all(
                        |(((name, data_type), (their_name, _)), their_type)| {
                            name == their_name && data_type == their_type
                        },
                    );
                match (is_same, same_columns) {
                    (false, _) => Self::Different,
                    (true, false) => Self::Type,
                    (true, true) => Self::Equal,
                }
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "equal",
            Self::Type => "type",
            Self::Refused => "refused",
            Self::Obscure => "obscure",
            Self::Lenient => "lenient",
            Self::Different => "different",
        })
    }
}

/// Counts the verdicts.
pub(crate) fn summary<'a>(verdicts: impl Iterator<Item = &'a Verdict>) -> String {
    let mut counts = BTreeMap::<Verdict, usize>::new();
    for verdict in verdicts {
        *counts.entry(*verdict).or_default() += 1;
    }
    let count = |verdict| counts.get(&verdict).copied().unwrap_or_default();
    let mut line = format!("sql: {} statements", counts.values().sum::<usize>());
    for verdict in ALL {
        let _ = write!(line, ", {} {verdict}", count(verdict));
    }
    line
}

/// Verdict and cause of a known difference.
pub(crate) type Known = BTreeMap<String, (String, String)>;

/// Parses lines of `ID<tab>VERDICT<tab>CAUSE`.
pub(crate) fn read(list: &str) -> Known {
    let mut known = Known::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split('\t').map(str::to_owned);
        if let (Some(id), Some(verdict), Some(cause)) = (parts.next(), parts.next(), parts.next()) {
            known.insert(id, (verdict, cause));
        }
    }
    known
}

/// Writes the differences, each with its cause in `known`.
pub(crate) fn write(verdicts: &BTreeMap<String, Verdict>, known: &Known) -> String {
    let mut list = "# statement\tverdict\tcause\n".to_owned();
    for (id, verdict) in verdicts {
        if *verdict != Verdict::Equal {
            let cause = known.get(id).map_or("not known", |(_, cause)| cause.as_str());
            let _ = writeln!(list, "{id}\t{verdict}\t{cause}");
        }
    }
    list
}

/// Describes the statements whose verdict is not as listed.
pub(crate) fn changed(verdicts: &BTreeMap<String, Verdict>, known: &Known) -> Vec<String> {
    let equal = "equal".to_owned();
    let mut lines = Vec::new();
    for (id, verdict) in verdicts {
        let expected = known.get(id).map_or(&equal, |(verdict, _)| verdict);
        if *expected != verdict.to_string() {
            lines.push(format!("{id}: {verdict}, expected {expected}"));
        }
    }
    lines
}
