//! A connector of tables that are a definition and a scan.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;

use crate::{
    Connector, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, Pages, ReadRecords,
    RecordBatchStream, Result, Scan, Split, Table, TableDef, TableName,
};

/// A connector of [`Table`]s by schema and name.
///
/// Athena lower-cases the names in a query, so a name that it asks for is found in any case; register names in lower
/// case, and none twice in two cases.
#[derive(Default)]
pub struct Catalog {
    schemas: BTreeMap<String, BTreeMap<String, Arc<dyn Table>>>,
}

impl Catalog {
    /// A catalog without tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// The catalog with one more table.
    #[must_use]
    pub fn table(mut self, schema: impl Into<String>, name: impl Into<String>, table: impl Table) -> Self {
        self.schemas.entry(schema.into()).or_default().insert(name.into(), Arc::new(table));
        self
    }

    fn schema(&self, name: &str) -> Result<&BTreeMap<String, Arc<dyn Table>>> {
        find(&self.schemas, name).ok_or_else(|| {
            let known: Vec<_> = self.schemas.keys().collect();
            Error::not_found(format!("there is no schema {name:?}; this catalog has {known:?}"))
        })
    }

    fn find(&self, name: &TableName) -> Result<&Arc<dyn Table>> {
        let schema = self.schema(&name.schema)?;
        find(schema, &name.table).ok_or_else(|| {
            let known: Vec<_> = schema.keys().collect();
            Error::not_found(format!(
                "there is no table {:?} in schema {:?}, which has {known:?}",
                name.table, name.schema
            ))
        })
    }
}

/// The entry of this name, or else the one that differs in case alone.
fn find<'a, T>(entries: &'a BTreeMap<String, T>, name: &str) -> Option<&'a T> {
    entries.get(name).or_else(|| {
        let mut alike = entries.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        alike.next().map(|(_, entry)| entry)
    })
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = self.schemas.iter().map(|(schema, tables)| (schema, tables.keys().collect::<Vec<_>>()));
        f.debug_map().entries(tables).finish()
    }
}

#[async_trait]
impl Connector for Catalog {
    fn source_type(&self) -> &'static str {
        "catalog"
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<Pages<String>> {
        Pages::of(self.schemas.keys().cloned().collect::<Vec<_>>(), request.after.as_ref())
    }

    async fn list_tables(&self, request: ListTables) -> Result<Pages<String>> {
        let tables: Vec<_> = self.schema(&request.schema)?.keys().cloned().collect();
        Pages::of(tables, request.after.as_ref())
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

    async fn get_splits(&self, request: GetSplits) -> Result<Pages<Split>> {
        self.find(&request.table)?;
        Pages::of([Split::new()], request.after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        let ReadRecords { context, table, projection, constraints, claims, split: _ } = request;
        self.find(&table)?.scan(Scan { context, projection, constraints, claims }).await
    }
}
