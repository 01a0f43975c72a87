//! Queries: planning and execution.

use std::{fmt, path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use datafusion::{
    catalog::MemTable,
    common::TableReference,
    execution::{
        SendableRecordBatchStream, TaskContext,
        context::SQLOptions,
        disk_manager::{DiskManagerBuilder, DiskManagerMode},
        runtime_env::{RuntimeEnv, RuntimeEnvBuilder},
    },
    logical_expr::async_udf::AsyncScalarUDF,
    physical_plan::{ExecutionPlan, displayable, execute_stream},
    prelude::SessionContext,
    sql::parser::Statement,
};
use futures::future::BoxFuture;

use super::{
    athena_sql,
    catalog::FederatedCatalog,
    describe,
    error::from_datafusion,
    external_function::{self, ExternalFunction},
    information_schema::INFORMATION_SCHEMA,
    large_stack::on_large_stack,
    pushdown::PushdownMode,
    scan_options::ScanOptions,
    session::session,
    show, sql_parser, table_functions,
    udf::ExternalUdf,
};
use athena_client::{FederatedClient, Trace};

/// Options of an [`Engine`].
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Schema of unqualified tables. `None` by default: the only schema of the default catalog, or
    /// the schema named `default`.
    pub schema: Option<String>,
    /// Constraints to push down to connectors. All that they support by default.
    pub pushdown: PushdownMode,
    /// Whether the engine skips filters, orders and limits that it pushed down. False by default.
    ///
    /// Shows which rows a connector returns; rows may be wrong if the connector is.
    pub trust: bool,
    /// Maximum number of splits read concurrently, per table. 4 by default.
    pub concurrency: usize,
    /// Maximum memory of sorts, joins and aggregations, in bytes. No limit by default.
    ///
    /// Beyond it, operators that can use temporary files do, and others fail.
    pub memory: Option<usize>,
    /// Existing folder for the temporary files of sorts, joins and aggregations. `None` by default:
    /// a new folder in the system's folder for temporary files.
    pub temporary_folder: Option<PathBuf>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            schema: None,
            pushdown: PushdownMode::Full,
            trust: false,
            concurrency: 4,
            memory: None,
            temporary_folder: None,
        }
    }
}

/// A callback that opens the function of a `LAMBDA` clause that is not a catalog.
pub type OpenFunction =
    Arc<dyn Fn(String) -> BoxFuture<'static, anyhow::Result<FederatedClient>> + Send + Sync>;

/// A local Athena: runs queries over catalogs.
///
/// Queries may run concurrently; they share [`EngineOptions::memory`].
pub struct Engine {
    catalogs: Vec<FederatedClient>,
    options: EngineOptions,
    open_function: Option<OpenFunction>,
    runtime: Arc<RuntimeEnv>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.catalogs.iter().map(FederatedClient::catalog).collect();
        f.debug_struct("Engine")
            .field("catalogs", &names)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A planned query.
#[derive(Debug)]
pub struct Query {
    id: String,
    trace: Trace,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
}

impl Engine {
    /// Creates an engine over `catalogs`. The first is the default catalog. Sends nothing.
    ///
    /// # Errors
    ///
    /// If the memory pool or the folder for temporary files cannot be set up.
    pub fn try_new(catalogs: Vec<FederatedClient>, options: EngineOptions) -> anyhow::Result<Self> {
        let mut runtime = RuntimeEnvBuilder::new();
        if let Some(bytes) = options.memory {
            runtime = runtime.with_memory_limit(bytes, 1.0);
        }
        if let Some(folder) = &options.temporary_folder {
            let mode = DiskManagerMode::Directories(vec![folder.clone()]);
            let disk = DiskManagerBuilder::default().with_mode(mode);
            runtime = runtime.with_disk_manager_builder(disk);
        }
        let runtime = runtime
            .build_arc()
            .context("cannot set up the engine's memory pool and temporary files")?;
        Ok(Self { catalogs, options, open_function: None, runtime })
    }

    /// Sets the callback for functions of `LAMBDA` clauses. Without it, they must name a catalog.
    #[must_use]
    pub fn with_open_function(mut self, open: OpenFunction) -> Self {
        self.open_function = Some(open);
        self
    }

    /// Plans the query `sql`.
    ///
    /// Requests the definition of each table in the query once, and no rows. A `SHOW` statement is
    /// run at once.
    ///
    /// # Errors
    ///
    /// If the SQL is invalid or not supported, such as a statement that writes, or if a connector
    /// fails.
    pub async fn query(&self, sql: &str) -> anyhow::Result<Query> {
        self.query_into(sql, Trace::default()).await
    }

    /// Plans the query `sql` like [`Self::query`] and records all calls in `trace`, even if
    /// planning fails.
    ///
    /// # Errors
    ///
    /// See [`Self::query`].
    pub async fn query_into(&self, sql: &str, trace: Trace) -> anyhow::Result<Query> {
        on_large_stack(self.query_on_this_stack(sql, trace)).await
    }

    async fn query_on_this_stack(&self, sql: &str, trace: Trace) -> anyhow::Result<Query> {
        let id = uuid::Uuid::new_v4().to_string();
        let catalogs: Vec<FederatedClient> =
            self.catalogs.iter().map(|client| client.for_query(&id, trace.clone())).collect();
        let (functions, sql) = external_function::split_off(sql)?;

        let mut statement = sql_parser::parse(sql)?;
        let calls = table_functions::split_off(&mut statement)?;
        athena_sql::adapt(&mut statement)?;
        if let Some(names) =
            show::run(&statement, &catalogs, self.options.schema.as_deref()).await?
        {
            return self.plan_batch(id, trace, names).await;
        }
        let schema = if let Some(schema) = &self.options.schema {
            Some(schema.clone())
        } else {
            let context = self.session(&catalogs, None);
            default_schema(&context, &statement, &catalogs).await?
        };
        let context = self.session(&catalogs, schema.as_deref());
        self.register_catalogs(&context, &statement, &catalogs).await?;
        table_functions::register(&context, calls, &catalogs, self.scan_options()).await?;
        if let Some(table) = describe::table(&statement) {
            let table = context.table_provider(table).await;
            let table = table.map_err(|error| from_datafusion(&error))?;
            return self.plan_batch(id, trace, describe::columns(table.as_ref())?).await;
        }
        for function in functions {
            let client = self.function_client(&function, &catalogs, &id, &trace).await?;
            register_function(&context, function, client)?;
        }
        plan(id, trace, &context, statement).await
    }

    fn session(&self, catalogs: &[FederatedClient], schema: Option<&str>) -> SessionContext {
        let catalog = catalogs.first().map(FederatedClient::catalog);
        session(catalog, schema, self.options.trust, Arc::clone(&self.runtime))
    }

    fn scan_options(&self) -> ScanOptions {
        ScanOptions {
            pushdown: self.options.pushdown,
            trust: self.options.trust,
            concurrency: self.options.concurrency,
        }
    }

    async fn register_catalogs(
        &self,
        context: &SessionContext,
        statement: &Statement,
        catalogs: &[FederatedClient],
    ) -> anyhow::Result<()> {
        let references = context
            .state()
            .resolve_table_references(statement)
            .map_err(|error| from_datafusion(&error))?;
        for (index, client) in catalogs.iter().enumerate() {
            let catalog = FederatedCatalog::new(client.clone(), self.scan_options());
            let listed = references.iter().any(|reference| {
                reference.schema() == Some(INFORMATION_SCHEMA)
                    && reference.catalog().map_or(index == 0, |name| name == client.catalog())
            });
            if listed {
                catalog.list().await?;
            }
            context.register_catalog(client.catalog(), Arc::new(catalog));
        }
        Ok(())
    }

    async fn function_client(
        &self,
        function: &ExternalFunction,
        catalogs: &[FederatedClient],
        id: &str,
        trace: &Trace,
    ) -> anyhow::Result<FederatedClient> {
        if let Some(client) = catalogs.iter().find(|client| client.catalog() == function.lambda) {
            return Ok(client.clone());
        }
        let Some(open) = &self.open_function else {
            bail!("LAMBDA '{}' of function {} is not a catalog", function.lambda, function.name);
        };
        let client = open(function.lambda.clone()).await.with_context(|| {
            format!("LAMBDA '{}' of function {} cannot be opened", function.lambda, function.name)
        })?;
        Ok(client.for_query(id, trace.clone()))
    }

    /// Plans a query that returns `batch`.
    async fn plan_batch(
        &self,
        id: String,
        trace: Trace,
        batch: RecordBatch,
    ) -> anyhow::Result<Query> {
        let context = self.session(&[], None);
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]])
            .map_err(|error| from_datafusion(&error))?;
        let frame = context.read_table(Arc::new(table)).map_err(|error| from_datafusion(&error))?;
        let plan = frame.create_physical_plan().await.map_err(|error| from_datafusion(&error))?;
        Ok(Query { id, trace, plan, context: context.task_ctx() })
    }
}

async fn plan(
    id: String,
    trace: Trace,
    context: &SessionContext,
    statement: Statement,
) -> anyhow::Result<Query> {
    let unwrap = |error| from_datafusion(&error);
    let state = context.state();
    let plan = state.statement_to_plan(statement).await.map_err(unwrap)?;
    let read_only =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    read_only.verify_plan(&plan).map_err(unwrap)?;
    let plan = state.create_physical_plan(&plan).await.map_err(unwrap)?;
    Ok(Query { id, trace, plan, context: context.task_ctx() })
}

/// Returns the schema of unqualified tables: the only schema of the default catalog, or the one
/// named `default`.
///
/// Lists the schemas only if `statement` has an unqualified table.
async fn default_schema(
    context: &SessionContext,
    statement: &Statement,
    catalogs: &[FederatedClient],
) -> anyhow::Result<Option<String>> {
    let references = context
        .state()
        .resolve_table_references(statement)
        .map_err(|error| from_datafusion(&error))?;
    let bare = references.iter().find(|reference| matches!(reference, TableReference::Bare { .. }));
    let (Some(table), Some(client)) = (bare, catalogs.first()) else {
        return Ok(None);
    };
    let schemas = client.list_schemas().await?;
    match schemas.as_slice() {
        [only] => Ok(Some(only.clone())),
        several if several.iter().any(|schema| schema == "default") => {
            Ok(Some("default".to_owned()))
        }
        several => bail!(
            "table {table} has no schema, and catalog {} has several: {}; \
             write {}.SCHEMA.{table} or add --schema NAME",
            client.catalog(),
            several.join(", "),
            client.catalog()
        ),
    }
}

fn register_function(
    context: &SessionContext,
    function: ExternalFunction,
    client: FederatedClient,
) -> anyhow::Result<()> {
    let data_type = |sql_type: &str| {
        let null = format!("CAST(NULL AS {sql_type})");
        let schema = datafusion::common::DFSchema::empty();
        let expr =
            context.parse_sql_expr(&null, &schema).map_err(|error| from_datafusion(&error))?;
        datafusion::logical_expr::ExprSchemable::get_type(&expr, &schema)
            .map_err(|error| from_datafusion(&error))
    };
    let arguments: anyhow::Result<Vec<_>> =
        function.arguments.iter().map(|sql_type| data_type(sql_type)).collect();
    let udf = ExternalUdf::new(client, function.name, arguments?, &data_type(&function.returns)?);
    context.register_udf(AsyncScalarUDF::new(Arc::new(udf)).into_scalar_udf());
    Ok(())
}

impl Query {
    /// Returns the query id that connectors receive.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the record of its calls, those of planning and of execution.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Returns the schema of its result.
    pub fn schema(&self) -> SchemaRef {
        self.plan.schema()
    }

    /// Formats its physical plan as an indented tree.
    pub fn display_plan(&self) -> String {
        displayable(self.plan.as_ref()).indent(false).to_string()
    }

    /// Runs the query and streams its rows. Dropping the stream cancels the query.
    ///
    /// # Errors
    ///
    /// If the query cannot be started. Later errors come through the stream.
    pub fn execute(&self) -> anyhow::Result<QueryRows> {
        let stream = execute_stream(Arc::clone(&self.plan), Arc::clone(&self.context))
            .map_err(|error| from_datafusion(&error))?;
        Ok(QueryRows(stream))
    }

    /// Runs the query and returns all rows, in memory: for small results and tests.
    ///
    /// # Errors
    ///
    /// If the query fails.
    pub async fn collect(&self) -> anyhow::Result<Vec<RecordBatch>> {
        let mut rows = self.execute()?;
        let mut batches = Vec::new();
        while let Some(batch) = rows.next().await? {
            batches.push(batch);
        }
        Ok(batches)
    }
}

/// A stream of the rows of a running query, in batches.
pub struct QueryRows(SendableRecordBatchStream);

impl fmt::Debug for QueryRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("QueryRows").field(&self.0.schema()).finish()
    }
}

impl QueryRows {
    /// Returns the next batch, or `None` after the last one.
    ///
    /// # Errors
    ///
    /// If the query fails. There are no more batches after an error.
    pub async fn next(&mut self) -> anyhow::Result<Option<RecordBatch>> {
        match futures::StreamExt::next(&mut self.0).await {
            None => Ok(None),
            Some(Ok(batch)) => Ok(Some(batch)),
            Some(Err(error)) => Err(from_datafusion(&error)),
        }
    }
}
