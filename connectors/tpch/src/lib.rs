//! The eight TPC-H tables at any scale factor, generated as they are read.
//!
//! The name of a schema is a scale factor, with `_` for the decimal point: `sf0_01`, `sf1`, `sf10`.
//! Nothing is stored: a split names a cell of a fixed grid over the rows of a table, and reading it
//! generates exactly these rows.

mod scale;
mod table;
mod text;

use athena_connector_sdk::{
    Connector, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, PageStream,
    ReadRecords, RecordBatchStream, Result, Split, TableDef, TableName, async_trait,
};

pub use scale::Scale;
pub use table::TpchTable;

use table::Cell;

/// Number of batches that are generated before they are requested.
const PREFETCH: usize = 2;

/// Connector without settings or state.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tpch;

fn find_table(name: &TableName) -> Result<(Scale, TpchTable)> {
    let scale = name.schema.parse::<Scale>()?;
    let table =
        TpchTable::ALL.into_iter().find(|table| table.name() == name.table).ok_or_else(|| {
            let known = TpchTable::ALL.map(TpchTable::name).join(", ");
            Error::not_found(format!(
                "table {name} does not exist; every schema of this connector has the tables {known}"
            ))
        })?;
    Ok((scale, table))
}

#[async_trait]
impl Connector for Tpch {
    fn source_type(&self) -> &'static str {
        "tpch"
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list(Scale::LISTED.map(str::to_owned), request.start_after.as_ref())
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        request.schema.parse::<Scale>()?;
        PageStream::from_list(
            TpchTable::ALL.map(|table| table.name().to_owned()),
            request.start_after.as_ref(),
        )
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        let (_, table) = find_table(&request.table)?;
        let schema = table.schema();
        Ok(TableDef::new(schema.fields().iter().map(|field| field.as_ref().clone())))
    }

    async fn get_partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
        Ok(RecordBatchStream::unpartitioned())
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        let (scale, table) = find_table(&request.table)?;
        // Every split contains the size of the grid, so that it means the same rows even if a later
        // version cuts the table differently.
        let cells = table.cells(scale);
        let splits =
            (1..=cells).map(move |cell| Split::new().with("cell", cell).with("cells", cells));
        PageStream::from_list(splits, request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        let (scale, table) = find_table(&request.table)?;
        let number = request.split.get("cell")?;
        let grid = request.split.get("cells")?;
        if !(1..=grid).contains(&number) {
            return Err(Error::invalid_input(format!(
                "split property \"cell\" is {number}, expected a number from 1 to {grid}"
            )));
        }
        let batches = table.rows(&request.projection, scale, Cell { number, grid })?;
        Ok(RecordBatchStream::from_blocking(batches).with_prefetch(PREFETCH))
    }
}
