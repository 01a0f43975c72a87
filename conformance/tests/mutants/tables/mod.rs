//! Tables of the honest connectors, and the splits in which they are read.

mod events;
mod numbers;
mod texts;

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{ArrayRef, RecordBatch},
    datatypes::{Field, Schema},
};

/// Table of an honest connector.
#[derive(Debug, Clone)]
pub(crate) struct SourceTable {
    pub(crate) name: &'static str,
    /// All rows, split by split.
    pub(crate) rows: RecordBatch,
    /// Numbers of rows of the splits.
    pub(crate) splits: Vec<usize>,
    pub(crate) partitions: Option<Partitions>,
}

/// Partitions of a table, each of which has the same number of consecutive splits.
#[derive(Debug, Clone)]
pub(crate) struct Partitions {
    pub(crate) columns: &'static [&'static str],
    /// A row for each partition.
    pub(crate) values: RecordBatch,
    pub(crate) splits: usize,
}

impl SourceTable {
    /// Creates a table that is not partitioned.
    fn new(name: &'static str, rows: RecordBatch, splits: &[usize]) -> Self {
        assert_eq!(splits.iter().sum::<usize>(), rows.num_rows(), "the splits of {name}");
        Self { name, rows, splits: splits.to_vec(), partitions: None }
    }

    /// Returns the rows of the split with this number.
    pub(crate) fn split(&self, number: usize) -> RecordBatch {
        self.rows.slice(self.splits[..number].iter().sum(), self.splits[number])
    }
}

/// Source of an honest connector: a schema with some tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Source {
    /// Numbers of all types and scales.
    Numbers,
    /// Text, bytes, booleans, dates and times, and a table with duplicates.
    Texts,
    /// A partitioned table with nested columns, and a table of many splits.
    Events,
}

impl Source {
    pub(crate) const ALL: [Self; 3] = [Self::Numbers, Self::Texts, Self::Events];

    /// Returns the name of the schema.
    pub(crate) fn schema(self) -> &'static str {
        match self {
            Self::Numbers => "numbers",
            Self::Texts => "texts",
            Self::Events => "events",
        }
    }

    pub(crate) fn tables(self) -> Vec<SourceTable> {
        match self {
            Self::Numbers => numbers::tables(),
            Self::Texts => texts::tables(),
            Self::Events => events::tables(),
        }
    }
}

/// Creates rows of columns; only `id` is not nullable.
fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let field = |(name, column): &(&str, ArrayRef)| {
        Field::new(*name, column.data_type().clone(), *name != "id")
    };
    let fields: Vec<Field> = columns.iter().map(field).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, HashMap::new()));
    RecordBatch::try_new(schema, columns.into_iter().map(|(_, column)| column).collect())
        .expect("columns of one length")
}

/// Repeats the values of `pool` and a null in steps of `step`, which is coprime to their number.
fn cycle<T: Clone, A: FromIterator<Option<T>>>(pool: &[T], step: usize, rows: usize) -> A {
    (0..rows).map(|row| pool.get(row * step % (pool.len() + 1)).cloned()).collect()
}
