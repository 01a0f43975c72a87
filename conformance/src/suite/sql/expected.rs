//! The rows that a statement has to return, computed from the rows of the table.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::datatypes::DataType;
use athena_protocol::predicate::Direction;

use super::{
    super::{Kind, baseline::TableUnderTest, difference::difference, limits::cmp_rows},
    result_rows::comparable,
    statement::{Aggregate, Output, Statement},
};
use crate::oracle::{Cell, Predicate, Row, Verdict, order_by_cmp};

/// Result of a statement.
#[derive(Debug)]
pub(super) enum Expected {
    Rows(ExpectedRows),
    /// Rows of aggregates, in any order.
    Values {
        rows: Vec<Row>,
        types: Vec<DataType>,
    },
    /// The oracle cannot tell.
    Unknown,
}

/// Rows of a statement that returns rows of the table.
#[derive(Debug)]
pub(super) struct ExpectedRows {
    types: Vec<DataType>,
    groups: HashMap<Vec<u8>, Group>,
    /// Number of rows that pass, and of those that may pass.
    passing: usize,
    may_pass: usize,
    limit: Option<usize>,
    order: Option<Order>,
}

/// Rows that are equal in the columns of a statement.
#[derive(Debug, Default)]
struct Group {
    all: usize,
    passing: usize,
    may_pass: usize,
}

/// Order of the rows.
#[derive(Debug)]
struct Order {
    /// Positions in the output, with their directions.
    keys: Vec<(usize, Direction)>,
    /// Keys of the rows that pass, in order.
    sorted: Vec<Row>,
}

impl Expected {
    /// Computes the result of `statement` on the rows of `table`.
    pub(super) fn new(statement: &Statement, table: &TableUnderTest<'_>) -> Self {
        let predicate = Predicate::new(&statement.constraints, &table.names);
        let rows = table.splits.iter().flat_map(|split| &split.rows);
        let judged: Vec<(&Row, Verdict)> = rows.map(|row| (row, predicate.judge(row))).collect();
        let column_type = |column: usize| table.pools[column].data_type.clone();
        let columns = match &statement.output {
            Output::All => table.all_columns(),
            Output::Columns(columns) => columns.clone(),
            aggregate => {
                if judged.iter().any(|(_, verdict)| *verdict == Verdict::Either) {
                    return Self::Unknown;
                }
                let passing = judged.iter().filter(|(_, verdict)| *verdict == Verdict::Keep);
                let passing: Vec<&Row> = passing.map(|(row, _)| *row).collect();
                return match aggregate {
                    Output::Aggregates(column) => {
                        let functions = Output::aggregates(table, *column);
                        let values = passing.iter().map(|row| &row[*column]);
                        Self::aggregates(
                            functions,
                            &values.collect::<Vec<_>>(),
                            &column_type(*column),
                        )
                    }
                    Output::Groups(column) => {
                        Self::groups(passing.iter().map(|row| &row[*column]), column_type(*column))
                    }
                    _ => Self::Values {
                        rows: vec![[count(passing.len())].into()],
                        types: vec![DataType::Int64],
                    },
                };
            }
        };
        Self::Rows(ExpectedRows::new(statement, table, &judged, &columns))
    }

    fn aggregates(functions: &[Aggregate], values: &[&Cell], data_type: &DataType) -> Self {
        let values: Vec<&Cell> = values.iter().copied().filter(|cell| !cell.is_null()).collect();
        let or_null =
            |cell: Option<&&Cell>| cell.map_or(Cell::Null, |cell| comparable(cell).into_owned());
        let evaluate = |function: &Aggregate| match function {
            Aggregate::Count => count(values.len()),
            Aggregate::CountDistinct => {
                count(values.iter().map(|cell| key([*cell])).collect::<HashSet<_>>().len())
            }
            Aggregate::Min => {
                or_null(values.iter().min_by(|left, right| order_by_cmp(left, right)))
            }
            Aggregate::Max => {
                or_null(values.iter().max_by(|left, right| order_by_cmp(left, right)))
            }
        };
        let data_type = |function: &Aggregate| match function {
            Aggregate::Count | Aggregate::CountDistinct => DataType::Int64,
            Aggregate::Min | Aggregate::Max => data_type.clone(),
        };
        Self::Values {
            rows: vec![functions.iter().map(evaluate).collect()],
            types: functions.iter().map(data_type).collect(),
        }
    }

    fn groups<'a>(values: impl Iterator<Item = &'a Cell>, data_type: DataType) -> Self {
        let mut groups: HashMap<Vec<u8>, (&Cell, usize)> = HashMap::new();
        for cell in values {
            groups.entry(key([cell])).or_insert((cell, 0)).1 += 1;
        }
        let row =
            |(cell, rows): (&Cell, usize)| [comparable(cell).into_owned(), count(rows)].into();
        let rows = groups.into_values().map(row).collect();
        Self::Values { rows, types: vec![data_type, DataType::Int64] }
    }

    /// Returns the types of the columns in the protocol; `None` if the result is unknown.
    pub(super) fn types(&self) -> Option<&[DataType]> {
        match self {
            Self::Rows(rows) => Some(&rows.types),
            Self::Values { types, .. } => Some(types),
            Self::Unknown => None,
        }
    }

    /// Describes the faults of the rows that an engine returned.
    pub(super) fn compare(&self, rows: &[Row]) -> Vec<(Kind, String)> {
        match self {
            Self::Rows(expected) => expected.compare(rows),
            Self::Values { rows: expected, .. } => difference(expected, rows)
                .map(|difference| (Kind::SqlAggregateWrong, difference))
                .into_iter()
                .collect(),
            Self::Unknown => Vec::new(),
        }
    }
}

impl ExpectedRows {
    fn new(
        statement: &Statement,
        table: &TableUnderTest<'_>,
        judged: &[(&Row, Verdict)],
        columns: &[usize],
    ) -> Self {
        let mut groups: HashMap<Vec<u8>, Group> = HashMap::new();
        let mut passing = Vec::new();
        let mut may_pass = 0;
        for (row, verdict) in judged {
            let group = groups.entry(key(columns.iter().map(|column| &row[*column]))).or_default();
            group.all += 1;
            if *verdict != Verdict::Drop {
                group.may_pass += 1;
                may_pass += 1;
            }
            if *verdict == Verdict::Keep {
                group.passing += 1;
                passing.push(*row);
            }
        }
        // With an undecided row, the first rows of the order are undecided too.
        let order = (passing.len() == may_pass)
            .then(|| Order::new(statement, table, &passing, columns))
            .flatten();
        let limit = statement.constraints.limit;
        Self {
            types: columns.iter().map(|column| table.pools[*column].data_type.clone()).collect(),
            groups,
            passing: passing.len(),
            may_pass,
            limit: limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
            order,
        }
    }

    fn compare(&self, rows: &[Row]) -> Vec<(Kind, String)> {
        let mut returned: HashMap<Vec<u8>, usize> = HashMap::new();
        for row in rows {
            *returned.entry(key(row.iter())).or_default() += 1;
        }
        let none = Group::default();
        let excess = |most: fn(&Group) -> usize| -> usize {
            let beyond = |(key, count): (&Vec<u8>, &usize)| {
                count.saturating_sub(most(self.groups.get(key).unwrap_or(&none)))
            };
            returned.iter().map(beyond).sum()
        };
        let (total, passing) = (rows.len(), self.passing);
        let foreign = excess(|group| group.all);
        if foreign > 0 {
            let message = format!("{foreign} of {total} rows are not in the table");
            return vec![(Kind::SqlValuesDiffer, message)];
        }
        let mut faults = BTreeMap::new();
        let kept = excess(|group| group.may_pass);
        if kept > 0 {
            faults.insert(Kind::SqlRowsKept, format!("{kept} of {total} rows do not pass"));
        }
        let missing = |(key, group): (&Vec<u8>, &Group)| {
            group.passing.saturating_sub(returned.get(key).copied().unwrap_or_default())
        };
        match self.limit {
            None => {
                let missing: usize = self.groups.iter().map(missing).sum();
                if missing > 0 {
                    let message = format!("{missing} of {passing} rows that pass are missing");
                    faults.insert(Kind::SqlRowsLost, message);
                }
            }
            Some(limit) if total < limit.min(passing) || total > limit.min(self.may_pass) => {
                let message = format!("{total} rows for LIMIT {limit}, and {passing} pass");
                faults.insert(Kind::SqlLimitWrong, message);
            }
            Some(_) => {}
        }
        if faults.is_empty()
            && let Some(message) = self.order.as_ref().and_then(|order| order.compare(rows))
        {
            faults.insert(Kind::SqlOrderWrong, message);
        }
        faults.into_iter().collect()
    }
}

impl Order {
    /// Sorts the keys of the rows that pass; `None` without an order.
    fn new(
        statement: &Statement,
        table: &TableUnderTest<'_>,
        passing: &[&Row],
        columns: &[usize],
    ) -> Option<Self> {
        let mut keys = Vec::new();
        for field in &statement.constraints.order_by {
            let name = field.column_name.as_ref()?;
            let is_key = |column: &usize| table.names[*column] == *name;
            keys.push((columns.iter().position(is_key)?, field.direction));
        }
        let key = |row: &&Row| keys.iter().map(|(at, _)| row[columns[*at]].clone()).collect();
        let mut sorted: Vec<Row> = passing.iter().map(key).collect();
        let by_position: Vec<_> =
            keys.iter().map(|(_, direction)| *direction).enumerate().collect();
        sorted.sort_by(|left, right| cmp_rows(&by_position, left, right));
        (!keys.is_empty()).then_some(Self { keys, sorted })
    }

    /// Describes the first row that is not at its place. Rows with equal keys may change places.
    fn compare(&self, rows: &[Row]) -> Option<String> {
        let by_position: Vec<_> =
            self.keys.iter().map(|(_, direction)| *direction).enumerate().collect();
        let key = |row: &Row| -> Row { self.keys.iter().map(|(at, _)| row[*at].clone()).collect() };
        let is_wrong =
            |(row, expected): (&Row, &Row)| cmp_rows(&by_position, &key(row), expected).is_ne();
        let at = rows.iter().zip(&self.sorted).position(is_wrong)?;
        Some(format!("row {} of {} is not the one of the order", at + 1, rows.len()))
    }
}

/// Returns bytes that identify values, as [`Cell::write_key`] does, in the form of an engine.
fn key<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Vec<u8> {
    let mut key = Vec::new();
    cells.into_iter().for_each(|cell| comparable(cell).write_key(&mut key));
    key
}

fn count(rows: usize) -> Cell {
    Cell::Int(i64::try_from(rows).unwrap_or(i64::MAX))
}
