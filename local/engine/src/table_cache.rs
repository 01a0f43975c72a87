//! The tables of one query, each opened once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use athena_client::FederatedClient;
use athena_protocol::{Result, TableName};
use tokio::sync::OnceCell;

use super::{scan_options::ScanOptions, table::FederatedTable};

/// The tables of one catalog for one query. Clones share them.
///
/// Planning looks a table up several times: for each spelling of its name and for each view of
/// `information_schema`. The connector receives one `GetTable` request for it.
#[derive(Debug, Clone)]
pub(crate) struct TableCache {
    client: FederatedClient,
    options: ScanOptions,
    tables: Arc<Mutex<BTreeMap<TableName, TableCell>>>,
}

type TableCell = Arc<OnceCell<Arc<FederatedTable>>>;

impl TableCache {
    pub(crate) fn new(client: FederatedClient, options: ScanOptions) -> Self {
        Self { client, options, tables: Arc::default() }
    }

    /// Returns `table`, and requests its definition on first use.
    ///
    /// Concurrent callers wait for one request. A failed request is repeated by the next caller.
    pub(crate) async fn get(&self, table: &TableName) -> Result<Arc<FederatedTable>> {
        let cell = self.cell(table);
        let opened = cell.get_or_try_init(|| async {
            let definition = self.client.get_table(table).await?;
            let opened = FederatedTable::open(self.client.clone(), definition, self.options);
            Ok(Arc::new(opened.await?))
        });
        opened.await.map(Arc::clone)
    }

    fn cell(&self, table: &TableName) -> TableCell {
        // No code panics while it holds this lock.
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tables.entry(table.clone()).or_default())
    }
}
