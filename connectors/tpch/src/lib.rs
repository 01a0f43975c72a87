//! The eight TPC-H tables at any scale, generated as they are read.
//!
//! A schema is a scale: `sf0_01`, `sf1`, `sf10` and so on, where `_` is the decimal point. Nothing
//! is stored: a split names a cell of a fixed grid over the rows of a table, and reading it
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

/// Batches that are generated before the reader asks for them.
const AHEAD: usize = 2;

/// The connector. It has no settings and no state.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tpch;

fn find(name: &TableName) -> Result<(Scale, TpchTable)> {
    let scale = name.schema.parse::<Scale>()?;
    let table =
        TpchTable::ALL.into_iter().find(|table| table.name() == name.table).ok_or_else(|| {
            let known = TpchTable::ALL.map(TpchTable::name).join(", ");
            Error::not_found(format!(
                "table {name} does not exist; every schema of this connector has {known}"
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
        let (_, table) = find(&request.table)?;
        let schema = table.schema();
        Ok(TableDef::new(schema.fields().iter().map(|field| field.as_ref().clone())))
    }

    async fn get_partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
        Ok(RecordBatchStream::unpartitioned())
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        let (scale, table) = find(&request.table)?;
        // The grid is written into every split, so that a split means the same rows whatever a
        // later version would cut.
        let cells = table.cells(scale);
        let splits =
            (1..=cells).map(move |cell| Split::new().with("cell", cell).with("cells", cells));
        PageStream::from_list(splits, request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        let (scale, table) = find(&request.table)?;
        let (cell, cells) = (request.split.get::<i32>("cell")?, request.split.get::<i32>("cells")?);
        if !(1..=cells).contains(&cell) {
            return Err(Error::invalid_input(format!(
                "split names cell {cell} of {cells}, expected one from 1 to {cells}"
            )));
        }
        let batches = table.rows(&request.projection, scale, (cell, cells))?;
        Ok(RecordBatchStream::from_blocking(batches).with_prefetch(AHEAD))
    }
}
