//! The connector to copy: one table, `web.visits`, of CSV objects in S3 under
//! `year=YYYY/month=MM/day=DD/`.
//!
//! What to look at, in the order in which Athena asks:
//!
//! | Question | Answered in |
//! |---|---|
//! | which schemas and tables? what columns? | [`Example`]'s first three methods |
//! | which partitions? | [`Objects::days`]: the prefixes that there are |
//! | which splits? | one for each object of the days that are left |
//! | which rows? | [`csv`]: an object, read batch by batch |
//!
//! Nothing here filters, sorts, limits, pages, spills or encrypts: the SDK does, so that the rows
//! are right whatever the query asks.

pub mod csv;
pub mod objects;
pub mod visits;

use std::sync::Arc;

use athena_connector_sdk::{
    Connector, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, PageStream,
    ReadRecords, RecordBatchStream, Result, Split, TableDef, TableName, Udfs,
    arrow::{
        array::{ArrayRef, AsArray, Int32Array},
        datatypes::Int32Type,
        record_batch::RecordBatch,
    },
    async_trait,
};

use crate::objects::{Day, Objects};

/// The connector: a bucket and a prefix in it.
#[derive(Debug)]
pub struct Example {
    objects: Objects,
}

impl Example {
    /// The connector that the environment describes: `data_bucket` and `data_prefix`.
    ///
    /// Without `data_bucket` the data live in the spill bucket under `example-data/` and are made
    /// if there are none, so that a laptop needs no settings at all.
    pub fn from_env() -> Self {
        Self { objects: Objects::from_env() }
    }
}

/// Says no to every table but the one there is.
fn check(table: &TableName) -> Result<()> {
    if (table.schema.as_str(), table.table.as_str()) == (visits::SCHEMA, visits::TABLE) {
        return Ok(());
    }
    Err(Error::not_found(format!(
        "table {table} does not exist; there is {}.{}",
        visits::SCHEMA,
        visits::TABLE
    )))
}

#[async_trait]
impl Connector for Example {
    fn source_type(&self) -> &'static str {
        "example"
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list([visits::SCHEMA.to_owned()], request.start_after.as_ref())
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        if request.schema != visits::SCHEMA {
            return Err(Error::not_found(format!(
                "schema {:?} does not exist; there is {}",
                request.schema,
                visits::SCHEMA
            )));
        }
        PageStream::from_list([visits::TABLE.to_owned()], request.start_after.as_ref())
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        check(&request.table)?;
        Ok(visits::definition())
    }

    // One row a day, with the columns that partition the table. The SDK drops the days that the
    // query excludes.
    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream> {
        check(&request.table)?;
        let days = self.objects.days().await?;
        let column = |value: fn(&Day) -> i32| -> ArrayRef {
            Arc::new(days.iter().map(value).collect::<Int32Array>())
        };
        let columns = [
            ("year", column(|day| day.year)),
            ("month", column(|day| day.month)),
            ("day", column(|day| day.day)),
        ];
        let batch = RecordBatch::try_from_iter(columns)
            .map_err(|error| Error::internal("the days do not make a batch").with_source(error))?;
        Ok(batch.into())
    }

    // `partitions` are rows of the answer above: all that the query did not exclude, or some of
    // them.
    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        check(&request.table)?;
        let column = |name: &str| {
            let column = request
                .partitions
                .column_by_name(name)
                .and_then(|column| column.as_primitive_opt::<Int32Type>());
            column.ok_or_else(|| {
                Error::invalid_input(format!("the partitions have no column {name:?} of integers"))
            })
        };
        let (years, months, days) = (column("year")?, column("month")?, column("day")?);
        let mut splits = Vec::new();
        for row in 0..request.partitions.num_rows() {
            let day =
                Day { year: years.value(row), month: months.value(row), day: days.value(row) };
            for key in self.objects.keys_of(day).await? {
                // A split says what to read, in words that another copy of this process
                // understands.
                splits.push(
                    Split::new()
                        .with("key", key)
                        .with("year", day.year)
                        .with("month", day.month)
                        .with("day", day.day),
                );
            }
        }
        PageStream::from_list(splits, request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        check(&request.table)?;
        let day = Day {
            year: request.split.get("year")?,
            month: request.split.get("month")?,
            day: request.split.get("day")?,
        };
        let key: String = request.split.get("key")?;
        let object = self.objects.get(&key).await?;
        Ok(RecordBatchStream::from_blocking(csv::batches(object, key, day)?))
    }
}

/// The functions that SQL can call: `mask(text, keep)` shows the first characters and hides the
/// rest.
pub fn udfs() -> Udfs {
    Udfs::new().scalar("mask", |text: &str, keep: i32| {
        let keep = usize::try_from(keep).unwrap_or(0);
        text.chars()
            .enumerate()
            .map(|(at, character)| if at < keep { character } else { '*' })
            .collect::<String>()
    })
}
