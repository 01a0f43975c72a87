//! Benchmark connector: every value is a cheap pure function of its row number and column, so that
//! a connector in another language can serve the same bits, and a [`Checksum`] proves that it did.
//!
//! Schema `bench` has `wide16` and `narrow3`, of a million rows in ten splits each, and `huge2`,
//! whose rows have two megabytes each. A split is a range of rows without an upper bound: edit its
//! properties to read five million rows in one split, or a stream that never ends.

mod checksum;
mod column;
mod hash;
mod table;
mod text;

use athena_connector_sdk::{
    Connector, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, PageStream,
    ReadRecords, RecordBatchStream, Result, Split, TableDef, TableName, async_trait,
};

pub use checksum::Checksum;
pub use table::BenchTable;

/// Name of the only schema.
pub const SCHEMA: &str = "bench";

/// Number of batches that are generated before they are requested.
const PREFETCH: usize = 2;

/// Connector without settings or state.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bench;

fn check_schema(schema: &str) -> Result<()> {
    if schema == SCHEMA {
        return Ok(());
    }
    Err(Error::not_found(format!(
        "schema {schema:?} does not exist; the only schema is {SCHEMA:?}"
    )))
}

fn find_table(name: &TableName) -> Result<BenchTable> {
    check_schema(&name.schema)?;
    BenchTable::ALL.into_iter().find(|table| table.name() == name.table).ok_or_else(|| {
        let known = BenchTable::ALL.map(BenchTable::name).join(", ");
        Error::not_found(format!(
            "table {name} does not exist; schema {SCHEMA:?} has the tables {known}"
        ))
    })
}

#[async_trait]
impl Connector for Bench {
    fn source_type(&self) -> &'static str {
        "bench"
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list([SCHEMA.to_owned()], request.start_after.as_ref())
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        check_schema(&request.schema)?;
        PageStream::from_list(
            BenchTable::ALL.map(|table| table.name().to_owned()),
            request.start_after.as_ref(),
        )
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        Ok(TableDef::new(find_table(&request.table)?.fields()))
    }

    async fn get_partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
        Ok(RecordBatchStream::unpartitioned())
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        const SPLITS: u64 = 10;
        let rows = find_table(&request.table)?.rows() / SPLITS;
        let splits = (0..SPLITS)
            .map(move |n| Split::new().with("start", n * rows).with("end", (n + 1) * rows));
        PageStream::from_list(splits, request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        let table = find_table(&request.table)?;
        let start = request.split.get::<u64>("start")?;
        let end = request.split.get::<u64>("end")?;
        Ok(RecordBatchStream::from_blocking(table.read(&request.projection, start..end)?)
            .with_prefetch(PREFETCH))
    }
}
