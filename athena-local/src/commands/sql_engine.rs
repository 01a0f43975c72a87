//! The engine of `query` for the statements of the conformance suite.

use std::sync::Arc;

use anyhow::Context as _;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use athena_client::{ClientOptions, FederatedClient, Invoke};
use athena_conformance::suite::{Pushdown, SqlEngine};
use athena_engine::{Engine, EngineOptions, PushdownMode};
use athena_lambda_host::TemporaryFolder;
use athena_spill::ObjectStore;

/// Engines over one function, one for each kind of pushdown.
#[derive(Debug)]
pub(super) struct Engines {
    /// In the order of [`Pushdown::ALL`].
    engines: Vec<Engine>,
    /// Temporary files of the engines. Deleted after them, in the order of the fields.
    _temporary: TemporaryFolder,
}

impl Engines {
    /// Creates engines whose catalog `function` is the function. Sends nothing.
    pub(super) fn open(
        function: &Arc<dyn Invoke>,
        store: &Arc<dyn ObjectStore>,
        options: &ClientOptions,
    ) -> anyhow::Result<Self> {
        let temporary = TemporaryFolder::create("engine")
            .context("cannot create a folder for temporary files; set TMPDIR to another folder")?;
        let engine = |pushdown: Pushdown| {
            let client = FederatedClient::new(
                "function",
                Arc::clone(function),
                Some(Arc::clone(store)),
                options.clone(),
            );
            let options = EngineOptions {
                pushdown: match pushdown {
                    Pushdown::Off => PushdownMode::Off,
                    Pushdown::Sets => PushdownMode::Sets,
                    Pushdown::Full | Pushdown::Trusted => PushdownMode::Full,
                },
                trust: pushdown == Pushdown::Trusted,
                temporary_folder: Some(temporary.path().to_owned()),
                ..EngineOptions::default()
            };
            Engine::try_new(vec![client], options)
        };
        let engines = Pushdown::ALL.into_iter().map(engine).collect::<anyhow::Result<_>>()?;
        Ok(Self { engines, _temporary: temporary })
    }

    async fn run(&self, sql: &str, pushdown: Pushdown) -> anyhow::Result<Vec<RecordBatch>> {
        let number = Pushdown::ALL.iter().position(|kind| *kind == pushdown);
        let engine = &self.engines[number.context("an unknown kind of pushdown")?];
        engine.query(sql).await?.collect().await
    }
}

#[async_trait]
impl SqlEngine for Engines {
    async fn query(&self, sql: &str, pushdown: Pushdown) -> Result<Vec<RecordBatch>, String> {
        self.run(sql, pushdown).await.map_err(|error| format!("{error:#}"))
    }
}
