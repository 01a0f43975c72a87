//! The result of a run: its findings and its coverage.

use std::collections::BTreeMap;

use athena_protocol::TableName;
use bytes::Bytes;

use super::{Area, Kind};

/// Violation of the protocol or of an announcement, with a request that reproduces it.
///
/// A run has at most one finding for each pair of kind and table.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Kind of the violation.
    pub kind: Kind,
    /// Affected table; `None` for a finding that concerns no single table.
    pub table: Option<TableName>,
    /// Human-readable observation of the first occurrence, without row data.
    pub message: String,
    /// Request of the first occurrence, as sent: JSON, unless it was damaged on purpose.
    pub request: Bytes,
    /// Number of occurrences on this table.
    pub occurrences: u64,
}

/// Coverage of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Name of the table.
    pub table: TableName,
    /// Number of splits of a plan without a predicate.
    pub splits: usize,
    /// Number of splits whose rows were read and compared.
    pub splits_read: usize,
    /// Number of rows compared.
    pub rows: usize,
    /// Number of generated predicates, orders and limits that were judged.
    pub cases: u64,
    /// Rows that were not read, and why; empty if all were.
    pub skipped: String,
}

/// Result of a run.
///
/// # Examples
///
/// ```
/// use athena_conformance::suite::Report;
///
/// let report = Report::default();
/// assert!(report.is_clean());
/// println!("{}", report.to_text());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Source type in the function's response to a ping.
    pub source: String,
    /// Human-readable summary of the announced capabilities.
    pub announced: String,
    /// Seed of the run.
    pub seed: u64,
    /// Number of requests sent.
    pub requests: u64,
    /// Number of generated predicates, orders and limits that were judged.
    pub cases: u64,
    /// Number of cases that could not be judged: the function failed on a predicate that may fail.
    pub undecided: u64,
    /// Number of checks in each area.
    pub checks: BTreeMap<Area, u64>,
    /// Every checked table, in the order of the run.
    pub tables: Vec<Coverage>,
    /// Checks that were not run, and why.
    pub skipped: Vec<String>,
    /// Findings in the order of their first occurrence.
    pub findings: Vec<Finding>,
}

/// Single observation of a violation, not yet attributed to a table.
///
/// [`Report::add`] merges equal faults of one table into one [`Finding`].
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    pub(crate) request: Bytes,
}

impl Fault {
    pub(crate) fn new(kind: Kind, request: &Bytes, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), request: request.clone() }
    }
}

impl Report {
    /// Returns true if there are no findings.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Counts a check of an area.
    pub(crate) fn count_check(&mut self, area: Area) {
        *self.checks.entry(area).or_default() += 1;
    }

    /// Records a fault. A further occurrence of a known finding only increases its count.
    pub(crate) fn add(&mut self, table: Option<&TableName>, fault: Fault) {
        let Fault { kind, message, request } = fault;
        let known = self
            .findings
            .iter_mut()
            .find(|finding| finding.kind == kind && finding.table.as_ref() == table);
        if let Some(finding) = known {
            finding.occurrences += 1;
        } else {
            let table = table.cloned();
            self.findings.push(Finding { kind, table, message, request, occurrences: 1 });
        }
    }

    /// Returns the value of `result`, or records its fault.
    pub(crate) fn ok_or_record<T>(
        &mut self,
        table: Option<&TableName>,
        result: Result<T, Fault>,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(fault) => {
                self.add(table, fault);
                None
            }
        }
    }
}
