//! Catalogs and schemas, looked up by the names in a query.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use athena_client::FederatedClient;
use athena_protocol::TableName;
use datafusion::{
    catalog::{CatalogProvider, SchemaProvider, TableProvider},
    error::DataFusionError,
    logical_expr::TableType,
};

use super::{
    error::to_datafusion,
    information_schema::{INFORMATION_SCHEMA, InformationSchema},
    scan_options::ScanOptions,
    table_cache::TableCache,
};

/// The catalog of one connector, for one query. Clones share its tables and names.
///
/// Every schema name is accepted: the connector rejects a wrong one in its response to `GetTable`.
/// Names are listed only after [`Self::list`], because a list costs one call per schema.
#[derive(Debug, Clone)]
pub(crate) struct FederatedCatalog {
    client: FederatedClient,
    tables: TableCache,
    listed: Arc<OnceLock<BTreeMap<String, Vec<String>>>>,
}

impl FederatedCatalog {
    pub(crate) fn new(client: FederatedClient, options: ScanOptions) -> Self {
        let tables = TableCache::new(client.clone(), options);
        Self { client, tables, listed: Arc::default() }
    }

    pub(crate) fn name(&self) -> &str {
        self.client.catalog()
    }

    pub(crate) fn tables(&self) -> &TableCache {
        &self.tables
    }

    /// Returns the names of all tables, if the catalog was listed.
    pub(crate) fn table_names(&self) -> Vec<TableName> {
        let mut names = Vec::new();
        for (schema, tables) in self.listed.get().into_iter().flatten() {
            names.extend(tables.iter().map(|table| TableName::new(schema, table)));
        }
        names
    }

    /// Fetches all names, for a query that reads `information_schema`.
    pub(crate) async fn list(&self) -> athena_protocol::Result<()> {
        let mut names = BTreeMap::new();
        for schema in self.client.list_schemas().await? {
            let tables = self.client.list_tables(&schema).await?;
            names.insert(schema, tables.into_iter().map(|name| name.table).collect());
        }
        // A second list would have the same names.
        let _ = self.listed.set(names);
        Ok(())
    }
}

impl CatalogProvider for FederatedCatalog {
    fn schema_names(&self) -> Vec<String> {
        self.listed.get().map(|names| names.keys().cloned().collect()).unwrap_or_default()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        if name == INFORMATION_SCHEMA {
            return Some(Arc::new(InformationSchema { catalog: self.clone() }));
        }
        let listed =
            self.listed.get().and_then(|names| names.get(name)).cloned().unwrap_or_default();
        Some(Arc::new(FederatedSchema {
            tables: self.tables.clone(),
            name: name.to_owned(),
            listed,
        }))
    }
}

#[derive(Debug)]
struct FederatedSchema {
    tables: TableCache,
    name: String,
    /// Names of its tables, if the catalog was listed.
    listed: Vec<String>,
}

#[async_trait]
impl SchemaProvider for FederatedSchema {
    fn table_names(&self) -> Vec<String> {
        self.listed.clone()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let table = self.tables.get(&TableName::new(&self.name, name)).await;
        Ok(Some(table.map_err(to_datafusion)?))
    }

    /// Returns the type of a listed table without a request: connectors have base tables only.
    async fn table_type(&self, name: &str) -> Result<Option<TableType>, DataFusionError> {
        Ok(self.table_exist(name).then_some(TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.listed.iter().any(|table| table == name)
    }
}
