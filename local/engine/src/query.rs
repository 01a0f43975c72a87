//! From a query's text to its rows.

use std::{fmt, sync::Arc};

use anyhow::{Context as _, bail};
use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use datafusion::{
    catalog::MemTable,
    common::TableReference,
    execution::{
        SendableRecordBatchStream, TaskContext,
        context::SQLOptions,
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
    catalog::{FederatedCatalog, ScanOptions},
    error::from_datafusion,
    external_function::{self, ExternalFunction},
    listing,
    pushdown::PushdownMode,
    session::session,
    udf::ExternalUdf,
};
use athena_client::{FederatedClient, Trace};

/// How queries are run.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Schema of tables that are named without one; `None` for the only one that the default
    /// catalog has, or `default`.
    pub schema: Option<String>,
    /// What is pushed down.
    pub pushdown: PushdownMode,
    /// Whether filters, orders and limits that a connector took are not applied again.
    pub trust: bool,
    /// Splits of a table that are read at the same time.
    pub concurrency: usize,
    /// Bytes that sorts, joins and aggregations may hold; `None` for no limit.
    pub memory: Option<usize>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            schema: None,
            pushdown: PushdownMode::Full,
            trust: false,
            concurrency: 4,
            memory: None,
        }
    }
}

/// Opens the function that a `LAMBDA` clause names, where that is not a catalog.
pub type OpenFunction =
    Arc<dyn Fn(String) -> BoxFuture<'static, anyhow::Result<FederatedClient>> + Send + Sync>;

/// A local Athena: catalogs, and queries over them.
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

/// A query that is planned and not yet run.
#[derive(Debug)]
pub struct Query {
    id: String,
    trace: Trace,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
}

impl Engine {
    /// An engine over `catalogs`, the first of which is the default one.
    ///
    /// # Errors
    ///
    /// If the engine's own files for data beyond the memory limit cannot be set up.
    pub fn try_new(catalogs: Vec<FederatedClient>, options: EngineOptions) -> anyhow::Result<Self> {
        let mut runtime = RuntimeEnvBuilder::new();
        if let Some(bytes) = options.memory {
            runtime = runtime.with_memory_limit(bytes, 1.0);
        }
        let runtime = runtime
            .build_arc()
            .context("the engine cannot set up its memory and temporary files")?;
        Ok(Self { catalogs, options, open_function: None, runtime })
    }

    /// The same engine, which opens functions of `LAMBDA` clauses with `open`.
    #[must_use]
    pub fn with_open_function(mut self, open: OpenFunction) -> Self {
        self.open_function = Some(open);
        self
    }

    /// Plans the query `sql`: connectors are asked for the tables that it names, and for no rows.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, or what a connector refused.
    pub async fn query(&self, sql: &str) -> anyhow::Result<Query> {
        self.query_into(sql, Trace::default()).await
    }

    /// As [`Self::query`], writing every call into `trace`, which so is there even if planning
    /// fails.
    ///
    /// # Errors
    ///
    /// As [`Self::query`].
    pub async fn query_into(&self, sql: &str, trace: Trace) -> anyhow::Result<Query> {
        let id = uuid::Uuid::new_v4().to_string();
        let catalogs: Vec<FederatedClient> =
            self.catalogs.iter().map(|client| client.for_query(&id, trace.clone())).collect();
        let (functions, sql) = external_function::split_off(sql)?;

        let parser = self.session(&catalogs, None);
        let dialect = parser.copied_config().options().sql_parser.dialect;
        let mut statement = parser
            .state()
            .sql_to_statement(sql, &dialect)
            .map_err(|error| from_datafusion(&error))?;
        athena_sql::adapt(&mut statement)?;
        if let Some(names) =
            listing::answer(&statement, &catalogs, self.options.schema.as_deref()).await?
        {
            return self.of_batch(id, trace, names).await;
        }
        let schema = match &self.options.schema {
            Some(schema) => Some(schema.clone()),
            None => default_schema(&parser, &statement, &catalogs).await?,
        };
        let context = self.session(&catalogs, schema.as_deref());
        self.register_catalogs(&context, &statement, &catalogs).await?;
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
        for (place, client) in catalogs.iter().enumerate() {
            let options = ScanOptions {
                pushdown: self.options.pushdown,
                trust: self.options.trust,
                concurrency: self.options.concurrency,
            };
            let catalog = FederatedCatalog::new(client.clone(), options);
            let listed = references.iter().any(|reference| {
                reference.schema() == Some("information_schema")
                    && reference.catalog().map_or(place == 0, |name| name == client.catalog())
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
            bail!(
                "LAMBDA '{}' of the function {} names no catalog",
                function.lambda,
                function.name
            );
        };
        let client = open(function.lambda.clone()).await.with_context(|| {
            format!(
                "LAMBDA '{}' of the function {} cannot be opened",
                function.lambda, function.name
            )
        })?;
        Ok(client.for_query(id, trace.clone()))
    }

    async fn of_batch(
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
    let wrong = |error| from_datafusion(&error);
    let state = context.state();
    let plan = state.statement_to_plan(statement).await.map_err(wrong)?;
    let read_only =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    read_only.verify_plan(&plan).map_err(wrong)?;
    let plan = state.create_physical_plan(&plan).await.map_err(wrong)?;
    Ok(Query { id, trace, plan, context: context.task_ctx() })
}

/// The schema of tables that are named without one: the only one that the default catalog has, or
/// the one named `default`. It is looked for only if `statement` has such a table.
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
            "table {table} is named without a schema, and {} has these: {}; write {}.SCHEMA.{table} or say --schema",
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
    let data_type = |written: &str| {
        let null = format!("CAST(NULL AS {written})");
        let schema = datafusion::common::DFSchema::empty();
        let expr =
            context.parse_sql_expr(&null, &schema).map_err(|error| from_datafusion(&error))?;
        datafusion::logical_expr::ExprSchemable::get_type(&expr, &schema)
            .map_err(|error| from_datafusion(&error))
    };
    let arguments: anyhow::Result<Vec<_>> =
        function.arguments.iter().map(|written| data_type(written)).collect();
    let udf = ExternalUdf::new(client, function.name, arguments?, &data_type(&function.returns)?);
    context.register_udf(AsyncScalarUDF::new(Arc::new(udf)).into_scalar_udf());
    Ok(())
}

impl Query {
    /// The id that connectors see.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The calls made for it, now and later.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The columns of its result.
    pub fn schema(&self) -> SchemaRef {
        self.plan.schema()
    }

    /// Its plan as a tree of text.
    pub fn plan_in_words(&self) -> String {
        displayable(self.plan.as_ref()).indent(false).to_string()
    }

    /// Runs it. Dropping the stream cancels it.
    ///
    /// # Errors
    ///
    /// If it cannot begin; what happens later comes through the stream.
    pub fn execute(&self) -> anyhow::Result<Rows> {
        let stream = execute_stream(Arc::clone(&self.plan), Arc::clone(&self.context))
            .map_err(|error| from_datafusion(&error))?;
        Ok(Rows(stream))
    }

    /// Runs it and holds all its rows: for small results and tests.
    ///
    /// # Errors
    ///
    /// What went wrong on the way.
    pub async fn collect(&self) -> anyhow::Result<Vec<RecordBatch>> {
        let mut rows = self.execute()?;
        let mut batches = Vec::new();
        while let Some(batch) = rows.next().await? {
            batches.push(batch);
        }
        Ok(batches)
    }
}

/// The rows of a running query.
pub struct Rows(SendableRecordBatchStream);

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rows").field(&self.0.schema()).finish()
    }
}

impl Rows {
    /// The next batch; `None` after the last.
    ///
    /// # Errors
    ///
    /// Why there are no more rows although there should be.
    pub async fn next(&mut self) -> anyhow::Result<Option<RecordBatch>> {
        match futures::StreamExt::next(&mut self.0).await {
            None => Ok(None),
            Some(Ok(batch)) => Ok(Some(batch)),
            Some(Err(error)) => Err(from_datafusion(&error)),
        }
    }
}
