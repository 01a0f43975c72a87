//! Tables of the benchmark connector.

use std::{ops::Range, sync::Arc};

use athena_connector_sdk::{
    Error, Result,
    arrow::{
        array::{ArrayRef, BooleanArray},
        compute::filter_record_batch,
        datatypes::{Field, Schema, SchemaRef},
        record_batch::{RecordBatch, RecordBatchOptions},
    },
};

use crate::{
    checksum::Checksum,
    column::{Column, Values},
    text::Text,
};

/// Table of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BenchTable {
    /// Sixteen columns of every common type, about 189 bytes per row.
    Wide16,
    /// Three columns, about 29 bytes per row.
    Narrow3,
    /// A number and a text of two million letters per row.
    Huge2,
}

impl BenchTable {
    /// All tables.
    pub const ALL: [Self; 3] = [Self::Wide16, Self::Narrow3, Self::Huge2];

    /// Returns the name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wide16 => "wide16",
            Self::Narrow3 => "narrow3",
            Self::Huge2 => "huge2",
        }
    }

    /// Returns the number of rows in all listed splits.
    pub fn rows(self) -> u64 {
        match self {
            Self::Wide16 | Self::Narrow3 => 1_000_000,
            Self::Huge2 => 1_000,
        }
    }

    /// Returns the columns, all nullable.
    pub fn fields(self) -> Vec<Field> {
        self.columns()
            .iter()
            .map(|column| Field::new(column.name, column.data_type(), true))
            .collect()
    }

    /// Generates the rows `rows` with the columns `projection`, batch by batch.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for an unknown column.
    pub fn read(
        self,
        projection: &SchemaRef,
        rows: Range<u64>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + Send + use<>> {
        let projection = Projection::new(self, projection)?;
        // A few megabytes at most, so that the values of a batch are still cached when they are
        // encoded.
        let step: u64 = if self == Self::Huge2 { 1 } else { 8_192 };
        let mut start = rows.start;
        Ok(std::iter::from_fn(move || {
            (start < rows.end).then(|| {
                let batch = start..rows.end.min(start.saturating_add(step));
                start = batch.end;
                projection.batch(batch)
            })
        }))
    }

    /// Generates the rows `rows` with all columns, as one batch.
    ///
    /// # Errors
    ///
    /// `Internal` if they exceed the capacity of a batch.
    pub fn batch(self, rows: Range<u64>) -> Result<RecordBatch> {
        Projection::new(self, &Arc::new(Schema::new(self.fields())))?.batch(rows)
    }

    /// Returns the checksum of the rows `rows`, with all columns.
    ///
    /// # Errors
    ///
    /// Not expected: checksums are defined for every column type.
    pub fn checksum(self, rows: Range<u64>) -> Result<Checksum> {
        self.filtered_checksum(rows, |_| None)
    }

    /// Returns the checksum of the rows that `predicate` selects in each batch; of all rows where
    /// it returns `None`.
    ///
    /// # Errors
    ///
    /// `Internal` if the selection does not match the batch.
    pub fn filtered_checksum(
        self,
        rows: Range<u64>,
        predicate: impl Fn(&RecordBatch) -> Option<BooleanArray>,
    ) -> Result<Checksum> {
        let mut sum = Checksum::default();
        for batch in self.read(&Arc::new(Schema::new(self.fields())), rows)? {
            let batch = batch?;
            match predicate(&batch) {
                None => sum.add(&batch)?,
                Some(selected) => {
                    sum.add(&filter_record_batch(&batch, &selected).map_err(|error| {
                        Error::internal("the selection does not match the batch").with_source(error)
                    })?)?;
                }
            }
        }
        Ok(sum)
    }

    fn columns(self) -> &'static [Column] {
        const fn column(name: &'static str, values: Values) -> Column {
            Column { name, nulls: false, values }
        }
        const fn nullable(name: &'static str, values: Values) -> Column {
            Column { name, nulls: true, values }
        }
        const fn text(min: usize, extra: usize) -> Values {
            Values::Text(Text { min, extra, with_end: false })
        }
        const WIDE16: &[Column] = &[
            column("id", Values::RowNumber),
            column("b1", Values::Million),
            nullable("b2", Values::BigInt),
            column("i1", Values::Int),
            nullable("i2", Values::IntOf16Bits),
            column("s1", Values::SmallInt),
            nullable("f", Values::Bit),
            column("d1", Values::Unit),
            nullable("d2", Values::Wide),
            nullable("m", Values::Money),
            column("dd", Values::Days),
            nullable("dm", Values::Milliseconds),
            column("v8", text(7, 3)),
            nullable("v16", Values::Text(Text { min: 12, extra: 7, with_end: true })),
            nullable("v24", text(20, 7)),
            column("v48", text(40, 15)),
        ];
        const NARROW3: &[Column] = &[
            column("id", Values::RowNumber),
            column("k", Values::BigInt),
            column("v", text(8, 0)),
        ];
        const HUGE2: &[Column] =
            &[column("id", Values::RowNumber), column("v", text(2_000_000, 0))];
        match self {
            Self::Wide16 => WIDE16,
            Self::Narrow3 => NARROW3,
            Self::Huge2 => HUGE2,
        }
    }
}

/// Subset of a table's columns, with their indices.
struct Projection {
    schema: SchemaRef,
    columns: Vec<(u64, &'static Column)>,
}

impl Projection {
    fn new(table: BenchTable, schema: &SchemaRef) -> Result<Self> {
        let columns = schema.fields().iter().map(|field| {
            let has_name = |(_, column): &(u64, &Column)| column.name == field.name();
            (0..).zip(table.columns()).find(has_name).ok_or_else(|| {
                Error::invalid_input(format!(
                    "table {:?} has no column {:?}",
                    table.name(),
                    field.name()
                ))
            })
        });
        Ok(Self { schema: Arc::clone(schema), columns: columns.collect::<Result<_>>()? })
    }

    fn batch(&self, rows: Range<u64>) -> Result<RecordBatch> {
        let arrays: Vec<ArrayRef> =
            self.columns.iter().map(|(index, column)| column.array(*index, rows.clone())).collect();
        let options =
            RecordBatchOptions::new().with_row_count(usize::try_from(rows.end - rows.start).ok());
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options).map_err(
            |error| Error::internal("the generated columns do not form a batch").with_source(error),
        )
    }
}
