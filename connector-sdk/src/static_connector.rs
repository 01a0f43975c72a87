//! Connector of a fixed set of tables.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, future, stream};

use crate::{
    Connector, Cursor, Error, ErrorKind, GetPartitions, GetSplits, GetTable, ListSchemas,
    ListTables, NameCase, PageStream, PartitionedTable, ReadRecords, RecordBatchStream, Result,
    Scan, Split, Table, TableDef, TableName, partitioned_table::Divided,
};

/// Tables of one schema by name, each as a connector of one table.
type Tables = BTreeMap<String, Arc<dyn Connector>>;

/// Beginning of a cursor in the list of the fallback.
const IN_FALLBACK: &str = "fallback ";

/// Connector of a fixed set of tables: [`Table`]s and [`PartitionedTable`]s, before those of
/// another connector.
///
/// Athena lower-cases the names in a query, so schemas and tables are found in any case. A name
/// that matches two, which differ only in case, is `InvalidInput`; the error names both.
///
/// ```
/// # use athena_connector_sdk::{Context, RecordBatchStream, Result, Scan, Table, TableDef, async_trait};
/// # use athena_connector_sdk::arrow::datatypes::{DataType, Field};
/// use athena_connector_sdk::StaticConnector;
///
/// # struct Empty;
/// # #[async_trait]
/// # impl Table for Empty {
/// #     async fn definition(&self, _: Context) -> Result<TableDef> {
/// #         Ok(TableDef::new([Field::new("id", DataType::Int64, false)]))
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
    fallback: Option<Arc<dyn Connector>>,
}

impl StaticConnector {
    /// Creates a connector without tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a table, replacing an earlier one of the same schema and name.
    #[must_use]
    pub fn table(
        self,
        schema: impl Into<String>,
        name: impl Into<String>,
        table: impl Table,
    ) -> Self {
        self.insert(schema.into(), name.into(), Arc::new(Undivided(table)))
    }

    /// Adds a table with partitions or several splits, replacing an earlier one of the same schema
    /// and name.
    #[must_use]
    pub fn partitioned_table(
        self,
        schema: impl Into<String>,
        name: impl Into<String>,
        table: impl PartitionedTable,
    ) -> Self {
        self.insert(schema.into(), name.into(), Arc::new(Divided(Arc::new(table))))
    }

    /// Serves all other tables with `connector`, whose schemas and tables are listed after those of
    /// the fixed set.
    ///
    /// A table of the fixed set hides one of the same name, in any case.
    #[must_use]
    pub fn with_fallback(mut self, connector: impl Connector) -> Self {
        self.fallback = Some(Arc::new(connector));
        self
    }

    fn insert(mut self, schema: String, name: String, table: Arc<dyn Connector>) -> Self {
        self.schemas.entry(schema).or_default().insert(name, table);
        self
    }

    fn schema(&self, name: &str) -> Result<&Tables> {
        let names = self.schemas.keys().map(String::as_str);
        let name = NameCase::CaseInsensitive.resolve("schema", name, names)?;
        Ok(&self.schemas[name])
    }

    fn find(&self, name: &TableName) -> Result<&Arc<dyn Connector>> {
        let found = self.schema(&name.schema).and_then(|tables| {
            let names = tables.keys().map(String::as_str);
            let name = NameCase::CaseInsensitive.resolve("table", &name.table, names)?;
            Ok(&tables[name])
        });
        or_fallback(found, self.fallback.as_ref())
    }

    /// Lists the tables of the fallback that are not among `fixed`, after `start_after`.
    fn tables_of_fallback(
        &self,
        fixed: Option<&Tables>,
        request: ListTables,
    ) -> PageStream<String> {
        let Some(fallback) = self.fallback.clone() else {
            return PageStream::new(stream::empty());
        };
        let hidden = lower_case(fixed.into_iter().flatten().map(|(name, _)| name));
        let may_be_missing = fixed.is_some();
        let tables = stream::once(async move {
            match fallback.list_tables(request).await {
                Err(error) if may_be_missing && error.kind() == ErrorKind::NotFound => {
                    Ok(PageStream::new(stream::empty()))
                }
                tables => tables,
            }
        });
        let tables = tables
            .try_flatten()
            .map_ok(|(name, Cursor(position))| (name, Cursor(format!("{IN_FALLBACK}{position}"))));
        PageStream::new(
            tables
                .try_filter(move |(name, _)| future::ready(!hidden.contains(&name.to_lowercase()))),
        )
    }
}

/// Returns what was found, or else the fallback, if there is one.
fn or_fallback<'a>(
    found: Result<&'a Arc<dyn Connector>>,
    fallback: Option<&'a Arc<dyn Connector>>,
) -> Result<&'a Arc<dyn Connector>> {
    match (found, fallback) {
        (Err(error), Some(fallback)) if error.kind() == ErrorKind::NotFound => Ok(fallback),
        (found, _) => found,
    }
}

fn lower_case<'a>(names: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    names.map(|name| name.to_lowercase()).collect()
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
    fn source_type(&self) -> &str {
        self.fallback.as_ref().map_or("catalog", |fallback| fallback.source_type())
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
        let schemas: Vec<_> = self.schemas.keys().cloned().collect();
        let hidden = lower_case(schemas.iter());
        let fixed = PageStream::from_list(schemas, None)?;
        let Some(fallback) = &self.fallback else { return Ok(fixed) };
        let others = fallback.list_schemas(request).await?;
        let others = others
            .try_filter(move |(name, _)| future::ready(!hidden.contains(&name.to_lowercase())));
        Ok(PageStream::new(fixed.chain(others)))
    }

    async fn list_tables(&self, mut request: ListTables) -> Result<PageStream<String>> {
        let fixed = match self.schema(&request.schema) {
            Err(error) if self.fallback.is_some() && error.kind() == ErrorKind::NotFound => None,
            fixed => Some(fixed?),
        };
        let start_after = request.start_after.take();
        let in_fallback =
            start_after.as_ref().and_then(|Cursor(text)| text.strip_prefix(IN_FALLBACK));
        if let Some(position) = in_fallback {
            request.start_after = Some(Cursor(position.to_owned()));
            return Ok(self.tables_of_fallback(fixed, request));
        }
        let names: Vec<_> = fixed.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let first = PageStream::from_list(names, start_after.as_ref())?;
        Ok(PageStream::new(first.chain(self.tables_of_fallback(fixed, request))))
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        self.find(&request.table)?.get_table(request).await
    }

    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream> {
        self.find(&request.table)?.get_partitions(request).await
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        self.find(&request.table)?.get_splits(request).await
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        self.find(&request.table)?.read_records(request).await
    }
}

/// Connector whose only table is a [`Table`]. It does not look at names.
struct Undivided<T>(T);

#[async_trait]
impl<T: Table> Connector for Undivided<T> {
    fn source_type(&self) -> &'static str {
        "table"
    }

    async fn list_schemas(&self, _: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list([], None)
    }

    async fn list_tables(&self, _: ListTables) -> Result<PageStream<String>> {
        PageStream::from_list([], None)
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        let definition = self.0.definition(request.context).await?;
        if definition.partition_columns.is_empty() {
            return Ok(definition);
        }
        Err(Error::internal(format!(
            "table {} has partition columns {:?}, which `Table` does not support; implement \
             `PartitionedTable` instead",
            request.table, definition.partition_columns
        )))
    }

    async fn get_partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
        Ok(RecordBatchStream::unpartitioned())
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        PageStream::from_list([Split::new()], request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        let ReadRecords { context, table, projection, split: _, constraints, claims } = request;
        self.0.definition(context.clone()).await?.check_columns(&table, &projection)?;
        self.0.scan(Scan { context, projection, constraints, claims }).await
    }
}
