//! A connector of tables that are a definition and a scan.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;

use crate::{
    Connector, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, NameCase,
    PageStream, ReadRecords, RecordBatchStream, Result, Scan, Split, Table, TableDef, TableName,
};

/// A connector of [`Table`]s by schema and name.
///
/// Athena lower-cases the names in a query, so a name that it asks for is found in any case; two
/// that differ in case alone are an error that names both.
#[derive(Default)]
pub struct StaticConnector {
    schemas: BTreeMap<String, BTreeMap<String, Arc<dyn Table>>>,
}

impl StaticConnector {
    /// A catalog without tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// The catalog with one more table.
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

    fn schema(&self, name: &str) -> Result<&BTreeMap<String, Arc<dyn Table>>> {
        let name = NameCase::CaseInsensitive.resolve(
            "schema",
            name,
            self.schemas.keys().map(String::as_str),
        )?;
        Ok(&self.schemas[name])
    }

    fn find(&self, name: &TableName) -> Result<&Arc<dyn Table>> {
        let schema = self.schema(&name.schema)?;
        let name = NameCase::CaseInsensitive.resolve(
            "table",
            &name.table,
            schema.keys().map(String::as_str),
        )?;
        Ok(&schema[name])
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
        PageStream::from_list(
            self.schemas.keys().cloned().collect::<Vec<_>>(),
            request.start_after.as_ref(),
        )
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        let tables: Vec<_> = self.schema(&request.schema)?.keys().cloned().collect();
        PageStream::from_list(tables, request.start_after.as_ref())
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        let definition = self.find(&request.table)?.definition();
        if !definition.partition_columns.is_empty() {
            return Err(Error::internal(format!(
                "table {} is partitioned by {:?}, which `Table` cannot serve; implement `Connector` for it",
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
