//! Counterpart of the Java peer connector: the same tables and the same function on this SDK.
//!
//! The contents of the tables are in `tables`, which depends on Arrow only, so that tests can
//! compare them with the rows received over the wire.

mod tables;

use athena_connector_sdk::{
    Connector, Error, GetPartitions, GetSplits, GetTable, Handler, ListSchemas, ListTables,
    PageStream, ReadRecords, RecordBatchStream, Result, Split, TableDef, TableName, Udfs,
    arrow::{array::AsArray, datatypes::Int32Type, record_batch::RecordBatch},
    async_trait, lambda,
};

use tables::{SCHEMA, TABLES, empty, events, kinds};

/// Connector without settings or state.
struct Peer;

fn unknown_table(table: &TableName) -> Error {
    Error::not_found(format!(
        "table {table} does not exist; schema {SCHEMA:?} has the tables {}",
        TABLES.join(", ")
    ))
}

fn definition(batch: &RecordBatch) -> TableDef {
    let mut definition = TableDef::new([]);
    definition.schema = batch.schema();
    definition
}

#[async_trait]
impl Connector for Peer {
    fn source_type(&self) -> &'static str {
        "peer"
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list([SCHEMA.to_owned()], request.start_after.as_ref())
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        PageStream::from_list(TABLES.map(str::to_owned), request.start_after.as_ref())
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        if request.table.schema != SCHEMA {
            return Err(unknown_table(&request.table));
        }
        match request.table.table.as_str() {
            "empty" => Ok(definition(&empty::rows())),
            "events" => {
                Ok(definition(&events::rows(0..0))
                    .with_partition_columns(events::PARTITION_COLUMNS))
            }
            "kinds" => Ok(definition(&kinds::rows())),
            _ => Err(unknown_table(&request.table)),
        }
    }

    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream> {
        match request.table.table.as_str() {
            "events" => Ok(events::partitions().into()),
            _ => Ok(RecordBatchStream::unpartitioned()),
        }
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        let mut splits = Vec::new();
        if request.table.table == "events" {
            let column = |name: &str| request.partitions.column_by_name(name).cloned();
            let (Some(years), Some(regions)) = (column("year"), column("region")) else {
                return Err(Error::invalid_input(
                    "the partitions of table events lack the columns year and region",
                ));
            };
            let years = years.as_primitive::<Int32Type>();
            let regions = regions.as_string::<i32>();
            for (year, region) in years.iter().zip(regions) {
                let numbers = year.and_then(|year| events::splits(year, region));
                let numbers = numbers.ok_or_else(|| {
                    Error::invalid_input(format!(
                        "partition year={year:?}, region={region:?} does not exist"
                    ))
                })?;
                splits.extend(
                    numbers
                        .into_iter()
                        .map(|ids| Split::new().with("from", ids.start).with("to", ids.end)),
                );
            }
        } else {
            splits.push(Split::new().with("rows", "all"));
        }
        PageStream::from_list(splits, request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        match request.table.table.as_str() {
            "empty" => Ok(empty::rows().into()),
            "kinds" => Ok(kinds::rows().into()),
            "events" => {
                Ok(events::rows(request.split.get("from")?..request.split.get("to")?).into())
            }
            _ => Err(unknown_table(&request.table)),
        }
    }
}

/// Returns the first characters of a text and its length; `none` for null.
fn head(text: Option<&str>, keep: Option<i32>) -> Option<String> {
    let Some(text) = text else {
        return Some("none".to_owned());
    };
    let keep = usize::try_from(keep?).ok()?;
    Some(format!("{}/{}", text.chars().take(keep).collect::<String>(), text.chars().count()))
}

fn main() -> std::result::Result<(), lambda::BoxError> {
    let udfs = Udfs::new().scalar("head", |text: Option<&str>, keep: Option<i32>| head(text, keep));
    lambda::block_on(Handler::new(Peer).with_udfs(udfs).run())
}
