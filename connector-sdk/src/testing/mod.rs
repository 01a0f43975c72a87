//! Tests of connectors that look at rows, without Lambda, S3 or SQL.
//!
//! A [`Harness`] sends the requests of Athena to a [`Handler`] as bytes, so that a test covers what
//! a query does: partitions, pages of splits, every block, inline or spilled and encrypted, and the
//! filter, order and limit that the SDK applies.
//!
//! ```
//! use std::sync::Arc;
//!
//! use athena_connector_sdk::{
//!     Context, Handler, RecordBatchStream, Result, Scan, StaticConnector, Table, TableDef,
//!     arrow::{
//!         array::{ArrayRef, Int64Array},
//!         datatypes::{DataType, Field},
//!         record_batch::RecordBatch,
//!     },
//!     async_trait,
//!     testing::Harness,
//! };
//!
//! struct Squares;
//!
//! #[async_trait]
//! impl Table for Squares {
//!     async fn definition(&self, _: Context) -> Result<TableDef> {
//!         let field = |name| Field::new(name, DataType::Int64, false);
//!         Ok(TableDef::new([field("n"), field("square")]))
//!     }
//!
//!     async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
//!         let n: ArrayRef = Arc::new(Int64Array::from_iter_values(1..=3));
//!         let square: ArrayRef = Arc::new(Int64Array::from_iter_values([1, 4, 9]));
//!         Ok(RecordBatch::try_from_iter([("n", n), ("square", square)])?.into())
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let harness = Harness::new(Handler::new(StaticConnector::new().table("math", "squares", Squares)));
//! let squares = harness.table("math", "squares");
//! assert_eq!(
//!     squares.clone().columns(["square"]).limit(2).text().await?,
//!     "+--------+\n\
//!      | square |\n\
//!      +--------+\n\
//!      | 1      |\n\
//!      | 4      |\n\
//!      +--------+"
//! );
//! assert_eq!(squares.spilled().rows().await?.num_rows(), 3);
//! # Ok::<(), athena_connector_sdk::Error>(())
//! # })?;
//! # Ok::<(), athena_connector_sdk::Error>(())
//! ```

mod filter;
mod in_process;
mod table_query;

use std::{sync::Arc, time::Duration};

use arrow::{
    array::ArrayRef,
    datatypes::{DataType, Field},
    record_batch::RecordBatch,
};
pub use athena_client::TableDefinition;
use athena_client::{ClientOptions, FederatedClient};
use athena_protocol::{Result, TableName};
pub use athena_spill::testing::MemoryStore;

use crate::{Handler, Signature};

use in_process::InProcess;
pub use table_query::TableQuery;

/// Bucket of spilled blocks if the handler's settings have none.
const SPILL_BUCKET: &str = "test-spill";

/// Caller of a [`Handler`] in this process. Cheap to clone.
///
/// See the [module](self) for an example.
#[derive(Debug, Clone)]
pub struct Harness {
    handler: Arc<Handler>,
    store: Arc<MemoryStore>,
    time_limit: Option<Duration>,
}

impl Harness {
    /// Creates a harness of `handler`, with its settings or the defaults.
    ///
    /// Blocks are spilled to a store in memory, to the bucket of the settings or to `test-spill`.
    pub fn new(handler: Handler) -> Self {
        let store = Arc::new(MemoryStore::new());
        let mut settings = handler.settings.clone().unwrap_or_default();
        settings.spill.bucket.get_or_insert_with(|| SPILL_BUCKET.to_owned());
        let handler = handler.with_settings(settings).with_object_store(Arc::clone(&store) as _);
        Self { handler: Arc::new(handler), store, time_limit: None }
    }

    /// Sets the time that each invocation has. Without a limit by default.
    #[must_use]
    pub fn with_time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit: Some(time_limit), ..self }
    }

    /// Returns the store of spilled blocks.
    pub fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// Lists the names of all schemas, in the connector's order.
    ///
    /// # Errors
    ///
    /// The connector's error.
    pub async fn schemas(&self) -> Result<Vec<String>> {
        let (client, function) = self.client(ClientOptions::default());
        client.list_schemas().await.map_err(|error| function.cause(error))
    }

    /// Lists the names of all tables of `schema`, in the connector's order.
    ///
    /// # Errors
    ///
    /// The connector's error.
    pub async fn tables(&self, schema: &str) -> Result<Vec<TableName>> {
        let (client, function) = self.client(ClientOptions::default());
        client.list_tables(schema).await.map_err(|error| function.cause(error))
    }

    /// Returns a query of all columns and rows of a table. Sends nothing yet.
    pub fn table(&self, schema: impl Into<String>, table: impl Into<String>) -> TableQuery {
        TableQuery::new(self.clone(), TableName::new(schema, table))
    }

    /// Returns a query of the result of the handler's [`Passthrough`](crate::Passthrough) with
    /// `arguments` by name. Sends nothing yet.
    ///
    /// Without a passthrough function, its methods fail with `Unsupported`.
    pub fn query<N: Into<String>, V: Into<String>>(
        &self,
        arguments: impl IntoIterator<Item = (N, V)>,
    ) -> TableQuery {
        let signature = match &self.handler.passthrough {
            Some(passthrough) => passthrough.signature(),
            None => Signature::default(),
        };
        let table = TableName::new(signature.schema.clone(), signature.name.clone());
        let arguments = arguments.into_iter().map(|(name, value)| (name.into(), value.into()));
        TableQuery::new(self.clone(), table).with_arguments(signature.to_wire(arguments))
    }

    /// Calls the function `name` of [`Udfs`](crate::Udfs) for each row of `arguments`, whose
    /// columns are its arguments in order, and returns results of type `returns`.
    ///
    /// ```
    /// # use athena_connector_sdk::{
    /// #     Handler, StaticConnector, Udfs,
    /// #     arrow::{array::{ArrayRef, Int64Array, cast::AsArray}, datatypes::{DataType, Int64Type}, record_batch::RecordBatch},
    /// #     testing::Harness,
    /// # };
    /// # use std::sync::Arc;
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let udfs = Udfs::new().scalar("twice", |n: i64| n * 2);
    /// let harness = Harness::new(Handler::new(StaticConnector::new()).with_udfs(udfs));
    /// let n: ArrayRef = Arc::new(Int64Array::from(vec![Some(21), None]));
    /// let arguments = RecordBatch::try_from_iter([("n", n)])?;
    /// let results = harness.function("twice", &arguments, DataType::Int64).await?;
    /// assert_eq!(results.as_primitive::<Int64Type>(), &Int64Array::from(vec![Some(42), None]));
    /// # Ok::<(), athena_connector_sdk::Error>(())
    /// # })?;
    /// # Ok::<(), athena_connector_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The function's error, or `Unsupported` for an unknown function.
    pub async fn function(
        &self,
        name: &str,
        arguments: &RecordBatch,
        returns: DataType,
    ) -> Result<ArrayRef> {
        let (client, function) = self.client(ClientOptions::default());
        let result = Arc::new(Field::new(name, returns, true));
        client.udf(name, arguments, &result).await.map_err(|error| function.cause(error))
    }

    /// Returns a client, and the function behind it, which has the connector's own error.
    fn client(&self, options: ClientOptions) -> (FederatedClient, Arc<InProcess>) {
        let function = Arc::new(InProcess::new(Arc::clone(&self.handler), self.time_limit));
        let invoke = Arc::clone(&function);
        let store = Arc::clone(&self.store);
        (FederatedClient::new("test", invoke, Some(store), options), function)
    }
}
