//! What a run found, and what it looked at.

use std::collections::BTreeMap;

use athena_protocol::TableName;
use bytes::Bytes;

use super::{Area, Kind};

/// Something that is wrong, with the request that shows it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What is wrong.
    pub kind: Kind,
    /// The table that shows it; `None` for what is no table's.
    pub table: Option<TableName>,
    /// What was seen, for people.
    pub sentence: String,
    /// The request after which it was seen, as it was sent: JSON, unless it was damaged on purpose.
    pub request: Bytes,
    /// How often it was seen on this table. Sentence and request are the first ones.
    pub times: u64,
}

/// What was looked at of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The table.
    pub table: TableName,
    /// Splits that there are without a predicate.
    pub splits: usize,
    /// Splits whose rows were read and compared.
    pub splits_read: usize,
    /// Rows that were compared.
    pub rows: usize,
    /// Cases of predicates, orders and limits.
    pub cases: u64,
    /// What was left out, and why; empty if nothing was.
    pub left_out: String,
}

/// The outcome of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What the function calls its source.
    pub source: String,
    /// What it announced, in words.
    pub announced: String,
    /// The seed of the run.
    pub seed: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// Cases of predicates, orders and limits that were judged.
    pub cases: u64,
    /// Cases without a judgement: the function failed on a predicate that may fail.
    pub undecided: u64,
    /// How many times each area was looked at.
    pub checks: BTreeMap<Area, u64>,
    /// Every table that was looked at.
    pub tables: Vec<Coverage>,
    /// What was not looked at, and why.
    pub left_out: Vec<String>,
    /// What is wrong, in the order in which it was found.
    pub findings: Vec<Finding>,
}

/// Something wrong, before it is known of which table.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) sentence: String,
    pub(crate) request: Bytes,
}

impl Fault {
    pub(crate) fn new(kind: Kind, request: &Bytes, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into(), request: request.clone() }
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Writes down that an area was looked at.
    pub(crate) fn checked(&mut self, area: Area) {
        *self.checks.entry(area).or_default() += 1;
    }

    /// Writes down a fault. One that is known already counts, and keeps its first request.
    pub(crate) fn add(&mut self, table: Option<&TableName>, fault: Fault) {
        let Fault { kind, sentence, request } = fault;
        let known = self
            .findings
            .iter_mut()
            .find(|finding| finding.kind == kind && finding.table.as_ref() == table);
        match known {
            Some(finding) => finding.times += 1,
            None => {
                self.findings.push(Finding {
                    kind,
                    table: table.cloned(),
                    sentence,
                    request,
                    times: 1,
                });
            }
        }
    }

    /// What an operation brought; its fault is written down.
    pub(crate) fn take<T>(
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
