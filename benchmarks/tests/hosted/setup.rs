//! Hosted function, the https store that it spills to, and the client that reads its responses.

use std::{ops::Range, path::PathBuf, sync::Arc, time::Duration};

use arrow::{
    datatypes::{Field, Schema},
    record_batch::RecordBatch,
};
use athena_client::{ClientOptions, FederatedClient, TableRead};
use athena_lambda_host::{FunctionOptions, HostedFunction, build_all};
use athena_protocol::{Constraints, Result, Split, TableName};
use futures::{StreamExt as _, stream::BoxStream};
use test_store::{Certificate, Faults, Store};
use tokio::task::JoinHandle;

const FUNCTION_MB: u32 = 256;
/// Memory budget in bytes; the rest of the function is for the source.
const MEMORY_BUDGET: u64 = 160_000_000;

/// Timeout for reads that do not run into the deadline.
pub(crate) const MINUTES: Duration = Duration::from_mins(10);

pub(crate) struct Setup {
    pub(crate) store: Arc<Store>,
    function: Arc<HostedFunction>,
    client: FederatedClient,
    _certificate: Certificate,
}

/// Turns seals off: these tests make splits of other rows than the function plans.
fn unsealed() -> (String, String) {
    ("athena_connector_seal".to_owned(), "off".to_owned())
}

impl Setup {
    pub(crate) async fn new(connector: &str, timeout: Duration, faults: Faults) -> Self {
        let certificate = Certificate::generate().expect("a certificate");
        let store = Arc::new(Store::start(Some(&certificate), faults).await.expect("a store"));
        let options = FunctionOptions {
            name: connector.to_owned(),
            memory_mb: FUNCTION_MB,
            timeout,
            concurrency: 1,
            env: [store.env(), vec![unsealed()]].concat(),
            ..FunctionOptions::default()
        };
        let function = Arc::new(HostedFunction::new(program(connector).await, [""; 0], options));
        let options = ClientOptions { blocks_ahead: 0, ..ClientOptions::default() };
        let client = FederatedClient::new(
            connector,
            Arc::<HostedFunction>::clone(&function),
            Some(Arc::<Store>::clone(&store)),
            options,
        );
        Self { store, function, client, _certificate: certificate }
    }

    /// Plans a scan of a table, leaving out the columns whose names end in `without`.
    pub(crate) async fn scan(
        &self,
        name: &TableName,
        without: Option<&str>,
        constraints: Constraints,
    ) -> (TableRead, Vec<Split>) {
        let table = self.client.get_table(name).await.expect("a table");
        let layout = self.client.get_table_layout(&table, &constraints).await.expect("a layout");
        let splits = self.client.get_splits(&table, layout, &constraints);
        let splits = splits.map(|split| split.expect("a split")).collect().await;
        let is_selected =
            |field: &&Arc<Field>| without.is_none_or(|end| !field.name().ends_with(end));
        let fields: Vec<Arc<Field>> =
            table.schema.fields().iter().filter(is_selected).map(Arc::clone).collect();
        (
            TableRead { table: name.clone(), schema: Arc::new(Schema::new(fields)), constraints },
            splits,
        )
    }

    /// Reads a split. Polling the stream takes the written objects from the store.
    pub(crate) async fn read(
        &self,
        scan: &TableRead,
        split: Split,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        self.client.read_records(scan, split).await
    }

    /// Reads a split, ignoring the rows.
    pub(crate) async fn write(&self, scan: &TableRead, split: Split) -> Result<()> {
        self.read(scan, split).await.map(drop)
    }

    /// Keeps discarding the written objects.
    pub(crate) fn discard_objects(&self) -> JoinHandle<()> {
        let store = Arc::clone(&self.store);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                store.take();
            }
        })
    }

    /// Prints the peak memory, and panics if it exceeds the budget.
    pub(crate) fn check(&self, scenario: &str) {
        let peak = self.function.peak_memory().expect("the system reports peak memory");
        println!("memory: {scenario}: {} MB peak of {FUNCTION_MB} MiB", peak / 1_000_000);
        assert!(peak <= MEMORY_BUDGET, "{scenario}: {peak} bytes");
    }
}

async fn program(connector: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os("ATHENA_FUNCTIONS") {
        return PathBuf::from(folder).join(format!("athena-connector-{connector}"));
    }
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../connectors").join(connector);
    let built = tokio::task::spawn_blocking(move || build_all(&[package])).await.expect("no panic");
    built.expect("the package is built").remove(0)
}

/// Returns a split of the bench connector's tables that covers `rows`.
pub(crate) fn covering(mut split: Split, rows: Range<u64>) -> Split {
    split.properties.insert("start".to_owned(), rows.start.to_string());
    split.properties.insert("end".to_owned(), rows.end.to_string());
    split
}
