//! How much memory a function of 256 MB takes that reads more than it could ever hold, with blocks of 16 MB.
//!
//! The host ends a function that goes over its memory, as Lambda does; what is asserted here is tighter. `ATHENA_FUNCTIONS=DIR`
//! takes the connectors from there, such as those built for AWS, instead of building them as tests are;
//! `ATHENA_LONG_TESTS=1` reads all of a table of which some splits are read otherwise.

use std::{path::PathBuf, sync::Arc, time::Duration};

use arrow::datatypes::{Field, Schema};
use athena_local::{
    client::{ClientOptions, FederatedClient, Scan},
    function::{FunctionOptions, build_all},
    host::HostedFunction,
};
use athena_protocol::{
    Constraints, Error, ErrorKind, Split, TableName,
    predicate::{Direction, OrderByField},
};
use athena_spill::aws::S3Store;
use futures::StreamExt as _;
use test_store::{Certificate, Fault, Faults, Store, When};
use tokio::task::JoinHandle;

const FUNCTION_MB: u32 = 256;
/// What may be used; the rest of the function is the source's.
const MOST: u64 = 160_000_000;
/// Blocks wait for this store, and the source for the blocks.
const SLOW: Faults = Faults { when: When::From(0), fault: Fault::Slow(Duration::from_secs(2)) };

struct Setup {
    function: Arc<HostedFunction>,
    client: FederatedClient,
    store: Arc<Store>,
    _certificate: Certificate,
}

impl Setup {
    async fn new(connector: &str, timeout: Duration, faults: Faults) -> Self {
        let certificate = Certificate::generate().expect("a certificate");
        let store = Store::start(Some(&certificate), faults).await.expect("a store");
        let options = FunctionOptions {
            name: connector.to_owned(),
            memory_mb: FUNCTION_MB,
            timeout,
            concurrency: 1,
            env: store.env(),
            ..FunctionOptions::default()
        };
        let function = Arc::new(HostedFunction::new(program(connector).await, [""; 0], options));
        // Nothing is fetched: what was written is asked of the store itself.
        let objects = S3Store::with_endpoint("http://127.0.0.1:1", "us-east-1", "test", "test");
        let options = ClientOptions { blocks_ahead: 0, ..ClientOptions::default() };
        let client =
            FederatedClient::new(connector, Arc::<HostedFunction>::clone(&function), Some(Arc::new(objects)), options);
        Self { function, client, store: Arc::new(store), _certificate: certificate }
    }

    /// What the table `schema.name` is read with, without the columns whose name ends so.
    async fn scan(&self, name: &TableName, without: Option<&str>, constraints: Constraints) -> (Scan, Vec<Split>) {
        let table = self.client.get_table(name).await.expect("a table");
        let layout = self.client.get_table_layout(&table, &constraints).await.expect("a layout");
        let splits = self.client.get_splits(&table, layout, &constraints);
        let splits = splits.map(|split| split.expect("a split")).collect().await;
        let wanted = |field: &&Arc<Field>| without.is_none_or(|end| !field.name().ends_with(end));
        let fields: Vec<Arc<Field>> = table.schema.fields().iter().filter(wanted).map(Arc::clone).collect();
        (Scan { table: name.clone(), schema: Arc::new(Schema::new(fields)), constraints }, splits)
    }

    /// Reads a split, and does not look at the rows.
    async fn read(&self, scan: &Scan, split: Split) -> Result<(), Error> {
        self.client.read_records(scan, split).await.map(drop)
    }

    /// Throws away what is written, for ever.
    fn forget(&self) -> JoinHandle<()> {
        let store = Arc::clone(&self.store);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                store.take();
            }
        })
    }

    /// Says what was used, and fails if it was too much.
    fn check(&self, what: &str) {
        let peak = self.function.peak_memory().expect("the system tells");
        println!("memory: {what}: {} MB at most, of {FUNCTION_MB} MiB", peak / 1_000_000);
        assert!(peak <= MOST, "{what}: {peak} bytes");
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

fn rows(mut split: Split, rows: u64) -> Split {
    split.properties.insert("start".to_owned(), "0".to_owned());
    split.properties.insert("end".to_owned(), rows.to_string());
    split
}

const MINUTES: Duration = Duration::from_mins(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_an_end_is_stopped_by_the_deadline_in_bounded_memory() {
    let setup = Setup::new("bench", Duration::from_secs(20), Faults::NONE).await;
    let (scan, splits) = setup.scan(&TableName::new("bench", "wide16"), None, Constraints::default()).await;
    let forgetting = setup.forget();
    let error = setup.read(&scan, rows(splits[0].clone(), u64::MAX)).await.expect_err("it has no end");
    forgetting.abort();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.to_string().contains("start=0") && setup.store.puts() > 2, "{error}");
    setup.check("a source without an end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_store_holds_the_source_up() {
    let setup = Setup::new("bench", MINUTES, SLOW).await;
    let (scan, splits) = setup.scan(&TableName::new("bench", "wide16"), None, Constraints::default()).await;
    setup.read(&scan, rows(splits[0].clone(), 600_000)).await.expect("rows");
    assert!(setup.store.take().len() > 6);
    setup.check("a store that takes 2 s a put");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_two_megabytes_are_cut_into_blocks() {
    let setup = Setup::new("bench", MINUTES, SLOW).await;
    let (scan, splits) = setup.scan(&TableName::new("bench", "huge2"), None, Constraints::default()).await;
    setup.read(&scan, rows(splits[0].clone(), 100)).await.expect("rows");
    let objects = setup.store.take();
    assert!(objects.len() >= 13 && objects.largest() <= 16_000_000, "{} objects", objects.len());
    setup.check("rows of 2 MB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_top_n_beyond_memory_passes_its_rows_on() {
    let setup = Setup::new("bench", MINUTES, SLOW).await;
    let by_b2 = OrderByField { column_name: Some("b2".to_owned()), direction: Direction::DescNullsLast };
    let constraints = Constraints { order_by: vec![by_b2], limit: Some(10_000_000), ..Constraints::default() };
    let (scan, splits) = setup.scan(&TableName::new("bench", "wide16"), None, constraints).await;
    setup.read(&scan, rows(splits[0].clone(), 1_000_000)).await.expect("rows");
    assert!(setup.store.take().bytes() > 189_000_000, "rows are missing");
    setup.check("ORDER BY ... LIMIT 10000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_sf10_are_read_split_after_split() {
    let setup = Setup::new("tpch", MINUTES, SLOW).await;
    let name = TableName::new("sf10", "lineitem");
    let (all, splits) = setup.scan(&name, None, Constraints::default()).await;
    let error = setup.read(&all, splits[0].clone()).await.expect_err("the text of comments does not fit");
    assert!(error.kind() == ErrorKind::InvalidInput && error.to_string().contains("512 MB"), "{error}");
    let (scan, splits) = setup.scan(&name, Some("_comment"), Constraints::default()).await;
    let long = std::env::var_os("ATHENA_LONG_TESTS").is_some_and(|value| value == "1");
    let (splits, mut bytes, mut objects) = (if long { &splits } else { &splits[..2] }, 0, 0);
    for split in splits {
        setup.read(&scan, split.clone()).await.expect("rows");
        let written = setup.store.take();
        (bytes, objects) = (bytes + written.bytes(), objects + written.len());
    }
    println!("memory: {} splits of sf10.lineitem, {objects} objects, {bytes} bytes", splits.len());
    setup.check("lineitem of sf10");
}
