//! Catalogs and schemas, looked up when a query names them.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use athena_protocol::TableName;
use datafusion::{
    catalog::{CatalogProvider, SchemaProvider, TableProvider},
    error::DataFusionError,
};

use super::{error::to_datafusion, pushdown::PushdownMode, table::FederatedTable};
use athena_client::FederatedClient;

/// How the tables of a query are scanned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanOptions {
    /// What is pushed down.
    pub(crate) pushdown: PushdownMode,
    /// Whether what was pushed down is not done again.
    pub(crate) trust: bool,
    /// Splits that are read at the same time.
    pub(crate) concurrency: usize,
}

/// The catalog of one connector, for one query.
///
/// Any schema exists as far as this knows: whether it does is for the connector to say when a table
/// of it is asked for. Names are listed only after [`Self::list`], because a list costs a call per
/// schema.
#[derive(Debug)]
pub(crate) struct FederatedCatalog {
    client: FederatedClient,
    options: ScanOptions,
    listed: OnceLock<BTreeMap<String, Vec<String>>>,
}

impl FederatedCatalog {
    pub(crate) fn new(client: FederatedClient, options: ScanOptions) -> Self {
        Self { client, options, listed: OnceLock::new() }
    }

    /// Fetches all names, for a query that reads `information_schema`.
    pub(crate) async fn list(&self) -> athena_protocol::Result<()> {
        let mut names = BTreeMap::new();
        for schema in self.client.list_schemas().await? {
            let tables = self.client.list_tables(&schema).await?;
            names.insert(schema, tables.into_iter().map(|name| name.table).collect());
        }
        // Listed twice is listed the same way.
        let _ = self.listed.set(names);
        Ok(())
    }
}

impl CatalogProvider for FederatedCatalog {
    fn schema_names(&self) -> Vec<String> {
        self.listed.get().map(|names| names.keys().cloned().collect()).unwrap_or_default()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let tables =
            self.listed.get().and_then(|names| names.get(name)).cloned().unwrap_or_default();
        Some(Arc::new(FederatedSchema {
            client: self.client.clone(),
            options: self.options,
            name: name.to_owned(),
            tables,
        }))
    }
}

#[derive(Debug)]
struct FederatedSchema {
    client: FederatedClient,
    options: ScanOptions,
    name: String,
    tables: Vec<String>,
}

#[async_trait]
impl SchemaProvider for FederatedSchema {
    fn table_names(&self) -> Vec<String> {
        self.tables.clone()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let name = TableName::new(&self.name, name);
        let definition = self.client.get_table(&name).await.map_err(to_datafusion)?;
        let table = FederatedTable::open(self.client.clone(), definition, self.options)
            .await
            .map_err(to_datafusion)?;
        Ok(Some(Arc::new(table)))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.iter().any(|table| table == name)
    }
}
