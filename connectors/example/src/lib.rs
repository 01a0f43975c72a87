//! Example connector to start from: one table, `web.visits`, of CSV objects in S3 below
//! `year=YYYY/month=MM/day=DD/`. Numbers may have other zeros in front; columns are found by name.
//!
//! The operations of Athena, in the order of a query, and their code:
//!
//! | Operation | Code |
//! |---|---|
//! | list schemas and tables, describe a table | [`Example`], with the columns in [`visits`] |
//! | list partitions | [`Objects::days`]: one partition for each folder of a day |
//! | plan splits | [`Objects::list`]: one split for each object of the selected folders |
//! | read records | [`Objects::get`] and [`csv`]: one object, chunk by chunk |
//!
//! Nothing here filters, sorts, limits, paginates, spills or encrypts: the SDK does, so that the
//! result is correct for every query.

pub mod csv;
pub mod day;
pub mod list_page;
pub mod objects;
pub mod visits;

use std::sync::Arc;

use athena_connector_sdk::{
    Connector, Cursor, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables,
    PageStream, ReadRecords, RecordBatchStream, Result, Split, TableDef, TableName, Udfs,
    arrow::{
        array::{ArrayRef, Int32Array, StringArray},
        record_batch::RecordBatch,
    },
    async_trait,
};

use futures::StreamExt;

use crate::{
    day::Day,
    objects::{Object, Objects},
};

/// Column of a partition with the path of its folder.
const FOLDER: &str = "folder";

/// Connector for the objects below a prefix of an S3 bucket.
#[derive(Debug)]
pub struct Example {
    objects: Arc<Objects>,
}

impl Example {
    /// Reads the configuration from the environment variables `data_bucket` and `data_prefix`.
    ///
    /// Without `data_bucket`, the data is in the spill bucket below `example-data/`, and samples
    /// are written if there is none, so that a local run needs no configuration.
    pub fn from_env() -> Self {
        Self { objects: Arc::new(Objects::from_env()) }
    }

    /// Returns the location of the data, which determines the lists of the connector.
    pub fn configuration(&self) -> String {
        self.objects.location()
    }
}

/// Returns `NotFound` for every table but the only one.
fn check_table(table: &TableName) -> Result<()> {
    if table.schema == visits::SCHEMA && table.table == visits::TABLE {
        return Ok(());
    }
    Err(Error::not_found(format!(
        "table {table} does not exist; the only table is {}.{}",
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
                "schema {:?} does not exist; the only schema is {:?}",
                request.schema,
                visits::SCHEMA
            )));
        }
        PageStream::from_list([visits::TABLE.to_owned()], request.start_after.as_ref())
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        check_table(&request.table)?;
        Ok(visits::definition())
    }

    // One row for each folder, with the partition columns. The SDK drops the days that the query
    // excludes. The folder itself is a column that only `get_splits` uses.
    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream> {
        check_table(&request.table)?;
        let folders = self.objects.days().await?;
        let column = |value: fn(&Day) -> i32| -> ArrayRef {
            Arc::new(folders.iter().map(|folder| value(&folder.day)).collect::<Int32Array>())
        };
        let paths = folders.iter().map(|folder| folder.path.as_str());
        let columns: [(&str, ArrayRef); 4] = [
            ("year", column(|day| day.year)),
            ("month", column(|day| day.month)),
            ("day", column(|day| day.day)),
            (FOLDER, Arc::new(StringArray::from_iter_values(paths))),
        ];
        Ok(RecordBatch::try_from_iter(columns)?.into())
    }

    // `request.partitions` has the rows of `get_partitions` that the query does not exclude, or
    // some of them. The cursor after a split is the key of its object.
    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        check_table(&request.table)?;
        let mut folders = Vec::new();
        for row in 0..request.partitions.num_rows() {
            let path: Option<String> = request.partition(row, FOLDER)?;
            folders.push((path.unwrap_or_default(), request.split_for_partition(row)?));
        }
        let start_after = request.start_after.map(|Cursor(key)| key);
        let objects = Arc::clone(&self.objects).list(folders, start_after);
        // Another instance of the function reads the split: it names the object, and has the values
        // of the partition columns.
        Ok(PageStream::new(objects.map(|object| {
            let (object, partition) = object?;
            Ok((partition.with_value(&object)?, Cursor(object.key)))
        })))
    }

    // The SDK adds the partition columns.
    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        check_table(&request.table)?;
        let object: Object = request.split.read()?;
        let chunks = self.objects.get(&object).await?;
        Ok(csv::batches(chunks, object.key))
    }
}

/// Returns the user-defined functions: `mask(text, keep)` keeps the first `keep` characters of
/// `text` and replaces the others by `*`.
pub fn udfs() -> Udfs {
    Udfs::new().scalar("mask", |text: &str, keep: i32| {
        let keep = usize::try_from(keep).unwrap_or(0);
        text.chars()
            .enumerate()
            .map(|(index, character)| if index < keep { character } else { '*' })
            .collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use athena_connector_sdk::{
        ErrorKind, Handler,
        arrow::{array::AsArray, datatypes::DataType},
        testing::Harness,
    };

    use super::*;

    fn harness() -> Harness {
        Harness::new(Handler::new(Example::from_env()).with_udfs(udfs()))
    }

    #[tokio::test]
    async fn the_table_is_described_without_a_call_of_s3_and_others_do_not_exist() {
        let definition = harness().table(visits::SCHEMA, visits::TABLE).definition().await.unwrap();
        assert_eq!(definition.partition_columns, visits::PARTITION_COLUMNS);
        let error = harness().table(visits::SCHEMA, "visitors").definition().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn a_text_is_masked_after_the_characters_to_keep() {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("secret"), None]));
        let keep: ArrayRef = Arc::new(Int32Array::from(vec![2, 2]));
        let arguments = RecordBatch::try_from_iter([("text", text), ("keep", keep)]).unwrap();
        let masked = harness().function("mask", &arguments, DataType::Utf8).await.unwrap();
        assert_eq!(masked.as_string::<i32>(), &StringArray::from(vec![Some("se****"), None]));
    }
}
