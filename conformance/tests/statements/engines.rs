//! The local engine over a connector in this process.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use athena_client::{ClientOptions, FederatedClient, Invoke};
use athena_conformance::suite::{Options, Pushdown, Report, SqlEngine, Suite};
use athena_connector_sdk::async_trait;
use athena_engine::{Engine, EngineOptions, PushdownMode};
use athena_spill::{ObjectStore, testing::MemoryStore};

#[derive(Debug)]
struct Engines([Engine; 4]);

impl Engines {
    fn new(function: &Arc<dyn Invoke>, store: &Arc<MemoryStore>) -> Self {
        Self(Pushdown::ALL.map(|pushdown| {
            let store: Arc<dyn ObjectStore> = Arc::<MemoryStore>::clone(store);
            let options = ClientOptions::default();
            let client = FederatedClient::new("lake", Arc::clone(function), Some(store), options);
            let mode = match pushdown {
                Pushdown::Off => PushdownMode::Off,
                Pushdown::Sets => PushdownMode::Sets,
                Pushdown::Full | Pushdown::Trusted => PushdownMode::Full,
            };
            let trust = pushdown == Pushdown::Trusted;
            let options = EngineOptions { pushdown: mode, trust, ..EngineOptions::default() };
            Engine::try_new(vec![client], options).expect("an engine without limits")
        }))
    }
}

#[async_trait]
impl SqlEngine for Engines {
    async fn query(&self, sql: &str, pushdown: Pushdown) -> Result<Vec<RecordBatch>, String> {
        let engine = &self.0[Pushdown::ALL.iter().position(|kind| *kind == pushdown).unwrap()];
        let rows = async { engine.query(sql).await?.collect().await };
        rows.await.map_err(|error| format!("{error:#}"))
    }
}

/// Runs the suite with SQL statements.
pub(crate) async fn check(
    function: Arc<dyn Invoke>,
    store: &Arc<MemoryStore>,
    options: Options,
) -> Report {
    let engine = Arc::new(Engines::new(&function, store));
    let suite = Suite::new(function, options).with_store(Arc::<MemoryStore>::clone(store));
    suite.with_sql_engine(engine).run().await
}
