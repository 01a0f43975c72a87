//! TPC-H over the wire, compared with the tables of the generator.
//!
//! `ATHENA_TPCH_SCALE` names the schema, by default `sf0_01`. `ATHENA_FUNCTIONS` names the folder
//! of an already built connector, for example one built with the profile for AWS.
//!
//! ```text
//! ATHENA_TPCH_SCALE=sf1 cargo test --release -p athena-tests --test main tpch -- --nocapture
//! ```

mod lineitem;
mod queries;
mod reference;
mod seeds;

use std::{
    env,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use athena_client::{ClientOptions, FederatedClient, Invoke, InvokeError};
use athena_engine::{Engine, EngineOptions, PushdownMode};
use athena_lambda_host::{FunctionOptions, HostedFunction, LocalS3, build_all};
use bytes::Bytes;

const CONCURRENCY: usize = 4;

/// Returns the schema and its scale factor.
fn scale() -> (String, f64) {
    let schema = env::var("ATHENA_TPCH_SCALE").unwrap_or_else(|_| "sf0_01".to_owned());
    let factor = schema.strip_prefix("sf").and_then(|digits| digits.replace('_', ".").parse().ok());
    let factor = factor
        .unwrap_or_else(|| panic!("ATHENA_TPCH_SCALE is {schema:?}, expected one like sf0_1"));
    (schema, factor)
}

fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../connectors/tpch")
}

/// The TPC-H connector in separate processes, its spill store, and its responses with spilled rows.
struct Wire {
    s3: LocalS3,
    function: Arc<Recorded>,
}

/// Function whose responses with spilled rows are kept. Those with inline rows would take too much
/// memory.
#[derive(Debug)]
struct Recorded {
    function: HostedFunction,
    answers: Mutex<Vec<Bytes>>,
}

#[async_trait]
impl Invoke for Recorded {
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        let answer = self.function.invoke(request).await?;
        if answer.starts_with(br#"{"@type":"RemoteReadRecordsResponse""#) {
            self.answers.lock().unwrap().push(answer.clone());
        }
        Ok(answer)
    }
}

impl Wire {
    async fn open() -> Self {
        let executable = match env::var_os("ATHENA_FUNCTIONS") {
            Some(folder) => Path::new(&folder).join("athena-connector-tpch"),
            None => tokio::task::spawn_blocking(|| build_all(&[package()]))
                .await
                .unwrap()
                .unwrap()
                .remove(0),
        };
        let s3 = LocalS3::start(None).await.unwrap();
        let options = FunctionOptions {
            name: "tpch".to_owned(),
            concurrency: CONCURRENCY,
            env: s3.env(),
            ..FunctionOptions::default()
        };
        let function = HostedFunction::new(executable, [""; 0], options);
        Self { s3, function: Arc::new(Recorded { function, answers: Mutex::default() }) }
    }

    /// Creates an engine whose only catalog is the connector.
    fn engine(&self, pushdown: PushdownMode, client: ClientOptions) -> Engine {
        let function: Arc<dyn Invoke> = Arc::<Recorded>::clone(&self.function);
        let client = FederatedClient::new("tpch", function, Some(self.s3.store()), client);
        let options = EngineOptions {
            schema: Some(scale().0),
            pushdown,
            concurrency: CONCURRENCY,
            ..EngineOptions::default()
        };
        Engine::try_new(vec![client], options).unwrap()
    }

    /// Creates an engine for each pushdown mode, with the name of the mode.
    fn engines(&self) -> Vec<(&'static str, Engine)> {
        let engine = |mode| self.engine(mode, ClientOptions::default());
        vec![
            ("off", engine(PushdownMode::Off)),
            ("sets", engine(PushdownMode::Sets)),
            ("full", engine(PushdownMode::Full)),
        ]
    }

    fn answers(&self) -> Vec<Bytes> {
        self.function.answers.lock().unwrap().clone()
    }
}

/// Returns sizes with which all rows are spilled.
fn everything_spills() -> ClientOptions {
    ClientOptions {
        max_block_size: 1_000_000,
        max_inline_block_size: 0,
        ..ClientOptions::default()
    }
}
