//! The result of a run: its findings and its coverage.

use std::collections::BTreeMap;

use athena_protocol::{
    Constraints, TableName,
    predicate::{Expression, Range, ValueSet},
};
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
    /// Request of the first occurrence, as sent: JSON, unless it was damaged on purpose. The
    /// statement, if the area of the kind is [`Area::Sql`].
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
    /// Number of predicates, orders and limits that were judged.
    pub cases: u64,
    /// Number of cases with a limit.
    pub limits: u64,
    /// Cases of each column, in the order of the table.
    pub columns: Vec<ColumnCoverage>,
    /// Number of SQL statements that were judged.
    pub statements: u64,
    /// SQL statements of each column, in the order of the table.
    pub sql_columns: Vec<ColumnCoverage>,
    /// Rows that were not read, and why; empty if all were.
    pub skipped: String,
}

/// Number of cases or statements that asked for a column in each way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnCoverage {
    /// Name of the column.
    pub column: String,
    /// Equalities with one value.
    pub equalities: u64,
    /// Ranges, closed and open.
    pub ranges: u64,
    /// Lists of several values, and of all values but some.
    pub lists: u64,
    /// Tests for null, alone or next to values.
    pub null_tests: u64,
    /// Cases with a condition on another column too.
    pub pairs: u64,
    /// Expressions.
    pub expressions: u64,
    /// Orders, with a limit unless they are in SQL.
    pub orders: u64,
    /// Aggregates and groups, in SQL.
    pub aggregates: u64,
}

impl ColumnCoverage {
    pub(crate) fn new(column: &str) -> Self {
        Self { column: column.to_owned(), ..Self::default() }
    }

    fn count_set(&mut self, set: &ValueSet) {
        let is_null_test = match set {
            ValueSet::AllOrNone(_) => true,
            ValueSet::SortedRange(set) => set.ranges.iter().all(Range::is_all),
            ValueSet::Equatable(set) => set.values.is_empty(),
        };
        self.null_tests += u64::from(is_null_test || set.null_allowed());
        if is_null_test {
            return;
        }
        let is_point = |range: &Range| range.low == range.high;
        let counter = match set {
            ValueSet::Equatable(list) if list.inclusive && list.values.len() == 1 => {
                &mut self.equalities
            }
            ValueSet::SortedRange(set) if set.ranges.iter().all(is_point) => {
                if set.ranges.len() == 1 { &mut self.equalities } else { &mut self.lists }
            }
            ValueSet::SortedRange(_) => &mut self.ranges,
            ValueSet::Equatable(_) | ValueSet::AllOrNone(_) => &mut self.lists,
        };
        *counter += 1;
    }
}

impl Coverage {
    /// Counts the parts of a case.
    pub(crate) fn count(&mut self, constraints: &Constraints) {
        self.limits += u64::from(constraints.limit.is_some());
        count_columns(&mut self.columns, constraints);
    }

    /// Counts the parts of a statement, which aggregates the column `aggregated`.
    pub(crate) fn count_statement(&mut self, constraints: &Constraints, aggregated: Option<usize>) {
        self.statements += 1;
        count_columns(&mut self.sql_columns, constraints);
        if let Some(column) = aggregated {
            self.sql_columns[column].aggregates += 1;
        }
    }
}

fn count_columns(columns: &mut [ColumnCoverage], constraints: &Constraints) {
    for column in columns {
        let name = column.column.clone();
        let set = constraints.summary.get(&name);
        if let Some(set) = set {
            column.count_set(set);
            column.pairs += u64::from(constraints.summary.len() > 1);
        }
        let mut used = constraints.expressions.iter().flat_map(Expression::columns);
        column.expressions += u64::from(used.any(|used| used == name));
        let mut keys = constraints.order_by.iter();
        column.orders += u64::from(keys.any(|field| field.column_name.as_ref() == Some(&name)));
    }
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
    /// Number of SQL statements that were judged, each with every kind of pushdown.
    pub statements: u64,
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, Int64Array},
        datatypes::DataType,
    };
    use athena_protocol::predicate::{
        Bound, Direction, EquatableValueSet, Marker, OrderByField, SortedRangeSet,
    };

    use super::*;

    fn value() -> ArrayRef {
        Arc::new(Int64Array::from(vec![7]))
    }

    fn ranges(ranges: Vec<Range>, null_allowed: bool) -> ValueSet {
        ValueSet::SortedRange(SortedRangeSet { data_type: DataType::Int64, ranges, null_allowed })
    }

    #[test]
    fn a_set_is_counted_by_its_form() {
        let at_most = Range {
            low: Marker::lower_unbounded(DataType::Int64),
            high: Marker::new(Bound::Exactly, value()),
        };
        let list = EquatableValueSet { values: value(), inclusive: false, null_allowed: false };
        let counts = |set: &ValueSet| {
            let mut column = ColumnCoverage::new("n");
            column.count_set(set);
            [column.equalities, column.ranges, column.lists, column.null_tests]
        };
        let point = Range::equal(value());
        for (set, expected) in [
            (ranges(vec![point.clone()], false), [1, 0, 0, 0]),
            (ranges(vec![point.clone()], true), [1, 0, 0, 1]),
            (ranges(vec![at_most], false), [0, 1, 0, 0]),
            (ranges(vec![point.clone(), point], false), [0, 0, 1, 0]),
            (ValueSet::Equatable(list), [0, 0, 1, 0]),
            (ranges(vec![], true), [0, 0, 0, 1]),
            (ranges(vec![Range::all(DataType::Int64)], false), [0, 0, 0, 1]),
        ] {
            assert_eq!(counts(&set), expected, "{set:?}");
        }
    }

    #[test]
    fn a_case_counts_for_each_of_its_columns() {
        let mut coverage = Coverage {
            table: TableName::new("s", "t"),
            splits: 1,
            splits_read: 1,
            rows: 1,
            cases: 0,
            limits: 0,
            columns: ["a", "b", "c"].map(ColumnCoverage::new).to_vec(),
            statements: 0,
            sql_columns: Vec::new(),
            skipped: String::new(),
        };
        let set = || ranges(vec![Range::equal(value())], false);
        let key =
            OrderByField { column_name: Some("c".to_owned()), direction: Direction::AscNullsLast };
        coverage.count(&Constraints {
            summary: [("a".to_owned(), set()), ("b".to_owned(), set())].into(),
            order_by: vec![key],
            limit: Some(1),
            ..Constraints::default()
        });
        let pairs: Vec<u64> = coverage.columns.iter().map(|column| column.pairs).collect();
        let orders: Vec<u64> = coverage.columns.iter().map(|column| column.orders).collect();
        assert_eq!((pairs, orders, coverage.limits), (vec![1, 1, 0], vec![0, 0, 1], 1));
    }
}
