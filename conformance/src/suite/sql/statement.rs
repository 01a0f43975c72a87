//! Statements on one table: a predicate, an order and a limit, and the rows, counts or groups that
//! are selected.

use std::fmt::Write as _;

use arrow::datatypes::DataType;
use athena_protocol::{Constraints, predicate::Direction};

use super::{
    super::{baseline::TableUnderTest, judgement::constrained_columns},
    condition::condition,
    literal::identifier,
};
use crate::generate::Rng;

/// Output of a statement. Columns are indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Output {
    /// Every column, as `*`.
    All,
    /// Some columns.
    Columns(Vec<usize>),
    /// `count(*)` without a column.
    Count,
    /// Aggregates of a column.
    Aggregates(usize),
    /// The number of rows for each value of a column.
    Groups(usize),
}

/// Aggregate function of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Count,
    CountDistinct,
    Min,
    Max,
}

impl Aggregate {
    /// Returns the functions whose result on a column of a type does not depend on the engine.
    pub(super) fn of(data_type: &DataType, is_scalar: bool) -> &'static [Self] {
        match data_type {
            // Neither the order of NaN nor the number of distinct zeros is the same everywhere.
            DataType::Float32 | DataType::Float64 => &[Self::Count],
            _ if !is_scalar => &[Self::Count],
            _ => &[Self::Count, Self::CountDistinct, Self::Min, Self::Max],
        }
    }

    fn to_sql(self, column: &str) -> String {
        match self {
            Self::Count => format!("count({column})"),
            Self::CountDistinct => format!("count(DISTINCT {column})"),
            Self::Min => format!("min({column})"),
            Self::Max => format!("max({column})"),
        }
    }
}

/// Statement on one table.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) output: Output,
    /// Predicate, order and limit.
    pub(super) constraints: Constraints,
}

impl Statement {
    /// Creates a statement with a random output. An order puts its columns into the output, so that
    /// it can be seen.
    pub(super) fn draw(
        table: &TableUnderTest<'_>,
        constraints: Constraints,
        rng: &mut Rng,
    ) -> Self {
        let is_limited = constraints.limit.is_some() || !constraints.order_by.is_empty();
        let output = match rng.below(10) {
            0 | 1 if !is_limited => Output::Count,
            2 if !is_limited => Output::Aggregates(rng.below(table.names.len())),
            3 if !is_limited => Output::group(table, rng.below(table.names.len())),
            4 | 5 => Output::All,
            _ => Output::Columns(columns(table, &constraints, rng)),
        };
        Self { output, constraints }
    }

    /// Writes the statement; `None` if a constant has no literal.
    pub(super) fn to_sql(&self, table: &TableUnderTest<'_>) -> Option<String> {
        let name = |column: usize| identifier(&table.names[column]);
        let (select, group) = match &self.output {
            Output::All => ("*".to_owned(), None),
            Output::Columns(columns) => {
                let names: Vec<String> = columns.iter().map(|column| name(*column)).collect();
                (names.join(", "), None)
            }
            Output::Count => ("count(*)".to_owned(), None),
            Output::Aggregates(column) => {
                let functions = Output::aggregates(table, *column).iter();
                let calls: Vec<String> =
                    functions.map(|function| function.to_sql(&name(*column))).collect();
                (calls.join(", "), None)
            }
            Output::Groups(column) => (format!("{}, count(*)", name(*column)), Some(name(*column))),
        };
        let from = &table.name();
        let mut sql = format!(
            "SELECT {select} FROM {}.{}",
            identifier(&from.schema),
            identifier(&from.table)
        );
        let condition = condition(&self.constraints)?;
        if !condition.is_empty() {
            let _ = write!(sql, " WHERE {condition}");
        }
        if let Some(group) = group {
            let _ = write!(sql, " GROUP BY {group}");
        }
        let keys = self.constraints.order_by.iter().map(|field| {
            let column = identifier(field.column_name.as_deref()?);
            Some(format!("{column} {}", direction(field.direction)))
        });
        let keys: Vec<String> = keys.collect::<Option<_>>()?;
        if !keys.is_empty() {
            let _ = write!(sql, " ORDER BY {}", keys.join(", "));
        }
        if let Some(limit) = self.constraints.limit {
            let _ = write!(sql, " LIMIT {limit}");
        }
        Some(sql)
    }
}

impl Output {
    /// Returns the column that is aggregated or grouped.
    pub(super) fn aggregated(&self) -> Option<usize> {
        match self {
            Self::Aggregates(column) | Self::Groups(column) => Some(*column),
            Self::All | Self::Columns(_) | Self::Count => None,
        }
    }

    /// Returns the groups of a column, or its aggregates if its groups depend on the engine.
    pub(super) fn group(table: &TableUnderTest<'_>, column: usize) -> Self {
        match Self::aggregates(table, column) {
            [Aggregate::Count] => Self::Aggregates(column),
            _ => Self::Groups(column),
        }
    }

    /// Returns the aggregate functions of a column.
    pub(super) fn aggregates(table: &TableUnderTest<'_>, column: usize) -> &'static [Aggregate] {
        let pool = &table.pools[column];
        Aggregate::of(&pool.data_type, pool.is_scalar())
    }
}

/// Chooses columns in any order: those of the order, and others with or without those of the
/// predicate.
fn columns(table: &TableUnderTest<'_>, constraints: &Constraints, rng: &mut Rng) -> Vec<usize> {
    let order = Constraints { order_by: constraints.order_by.clone(), ..Constraints::default() };
    let needed = if rng.chance(50) { constrained_columns(constraints) } else { Vec::new() };
    let mut needed: Vec<&str> = [needed, constrained_columns(&order)].concat();
    needed.dedup();
    let is_needed = |column: &usize| needed.contains(&table.names[*column].as_str());
    let mut columns: Vec<usize> = table.all_columns().into_iter().filter(is_needed).collect();
    for _ in 0..=rng.below(3) {
        let column = rng.below(table.names.len());
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    rng.shuffle(&mut columns);
    columns
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::AscNullsFirst => "ASC NULLS FIRST",
        Direction::AscNullsLast => "ASC NULLS LAST",
        Direction::DescNullsFirst => "DESC NULLS FIRST",
        Direction::DescNullsLast => "DESC NULLS LAST",
    }
}
