//! Connector of a fixed set of tables.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;

use crate::{
    Connector, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, NameCase,
    PageStream, ReadRecords, RecordBatchStream, Result, Scan, Split, Table, TableDef, TableName,
};

/// Tables of one schema by name.
type Tables = BTreeMap<String, Arc<dyn Table>>;

/// Connector of a fixed set of [`Table`]s, each read in one split.
///
/// Athena lower-cases the names in a query, so schemas and tables are found in any case. A name
/// that matches two, which differ only in case, is `InvalidInput`; the error names both.
///
/// ```
/// # use athena_connector_sdk::{RecordBatchStream, Result, Scan, Table, TableDef, async_trait};
/// # use athena_connector_sdk::arrow::datatypes::{DataType, Field};
/// use athena_connector_sdk::StaticConnector;
///
/// # struct Empty;
/// # #[async_trait]
/// # impl Table for Empty {
/// #     fn definition(&self) -> TableDef {
/// #         TableDef::new([Field::new("id", DataType::Int64, false)])
/// #     }
/// #     async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
/// #         Ok(RecordBatchStream::empty())
/// #     }
/// # }
/// # let orders = Empty;
/// # let items = Empty;
/// let connector =
///     StaticConnector::new().table("shop", "orders", orders).table("shop", "items", items);
/// # let _ = connector;
/// ```
#[derive(Default)]
pub struct StaticConnector {
    schemas: BTreeMap<String, Tables>,
}

impl StaticConnector {
    /// Creates a connector without tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a table, replacing an earlier one of the same schema and name.
    #[must_use]
    pub fn table(
        mut self,
        schema: impl Into<String>,
        name: impl Into<String>,
        table: impl Table,
    ) -> Self {
        self.schemas.entry(schema.into()).or_default().insert(name.into(), Arc::new(table));
        self
    }

    fn schema(&self, name: &str) -> Result<&Tables> {
        let names = self.schemas.keys().map(String::as_str);
        let name = NameCase::CaseInsensitive.resolve("schema", name, names)?;
        Ok(&self.schemas[name])
    }

    fn find(&self, name: &TableName) -> Result<&Arc<dyn Table>> {
        let tables = self.schema(&name.schema)?;
        let names = tables.keys().map(String::as_str);
        let name = NameCase::CaseInsensitive.resolve("table", &name.table, names)?;
        Ok(&tables[name])
    }
}

impl fmt::Debug for StaticConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables =
            self.schemas.iter().map(|(schema, tables)| (schema, tables.keys().collect::<Vec<_>>()));
        f.debug_map().entries(tables).finish()
    }
}

#[async_trait]
impl Connector for StaticConnector {
    fn source_type(&self) -> &'static str {
        "catalog"
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
        let schemas: Vec<_> = self.schemas.keys().cloned().collect();
        PageStream::from_list(schemas, request.start_after.as_ref())
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        let tables: Vec<_> = self.schema(&request.schema)?.keys().cloned().collect();
        PageStream::from_list(tables, request.start_after.as_ref())
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        let definition = self.find(&request.table)?.definition();
        if !definition.partition_columns.is_empty() {
            return Err(Error::internal(format!(
                "table {} has partition columns {:?}, which `Table` does not support; implement \
                 `Connector` instead",
                request.table, definition.partition_columns
            )));
        }
        Ok(definition)
    }

    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream> {
        self.find(&request.table)?;
        Ok(RecordBatchStream::unpartitioned())
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        self.find(&request.table)?;
        PageStream::from_list([Split::new()], request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        let ReadRecords { context, table, projection, constraints, claims, split: _ } = request;
        self.find(&table)?.scan(Scan { context, projection, constraints, claims }).await
    }
}
