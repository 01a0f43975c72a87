//! A connector with an engine, and how its rows are returned.

use std::sync::Arc;

use arrow::{
    record_batch::RecordBatch,
    util::display::{ArrayFormatter, FormatOptions},
};
use athena_client::{CallOutcome, CallRecord, ClientOptions, FederatedClient, Invoke, Trace};
use athena_engine::{Engine, EngineOptions, PushdownMode};
use athena_lambda_host::LocalS3;
use athena_protocol::SerdeVersion;

use super::peer;

/// Rows as lines, or an error.
pub(super) type QueryResult = Result<Vec<String>, String>;

/// Connector with an engine in one configuration.
pub(super) struct Scenario {
    pub(super) name: String,
    engine: Engine,
    spilled: bool,
    /// Number of blocks spilled so far.
    pub(super) blocks: usize,
    /// Number of rows read so far.
    pub(super) rows: u64,
}

impl Scenario {
    /// Creates a scenario without pushdown: only the engine filters, orders and limits.
    pub(super) fn plain(name: &str, function: &Arc<dyn Invoke>, s3: &LocalS3) -> Self {
        Self::new(name, function, s3, ClientOptions::default(), PushdownMode::Off)
    }

    /// Creates a scenario with full pushdown and inline rows.
    pub(super) fn inline(
        name: &str,
        function: &Arc<dyn Invoke>,
        version: SerdeVersion,
        s3: &LocalS3,
    ) -> Self {
        let options = ClientOptions { highest_version: version, ..ClientOptions::default() };
        Self::new(name, function, s3, options, PushdownMode::Full)
    }

    /// Creates a scenario with full pushdown in which every row is spilled.
    pub(super) fn spilled(
        name: &str,
        function: &Arc<dyn Invoke>,
        version: SerdeVersion,
        s3: &LocalS3,
    ) -> Self {
        let options = ClientOptions {
            highest_version: version,
            max_block_size: 1_000_000,
            max_inline_block_size: 0,
            ..ClientOptions::default()
        };
        Self::new(name, function, s3, options, PushdownMode::Full)
    }

    fn new(
        name: &str,
        function: &Arc<dyn Invoke>,
        s3: &LocalS3,
        client: ClientOptions,
        pushdown: PushdownMode,
    ) -> Self {
        let spilled = client.max_inline_block_size == 0;
        let client =
            FederatedClient::new(peer::NAME, Arc::clone(function), Some(s3.store()), client);
        let options =
            EngineOptions { schema: Some("peer".to_owned()), pushdown, ..EngineOptions::default() };
        let engine = Engine::try_new(vec![client], options).unwrap();
        Self { name: name.to_owned(), engine, spilled, blocks: 0, rows: 0 }
    }

    /// Returns the rows of `sql`, sorted if the statement does not order them.
    pub(super) async fn run(&mut self, sql: &str) -> QueryResult {
        self.traced(sql).await.1
    }

    /// Returns the calls and the rows of `sql`; see [`Self::run`].
    pub(super) async fn traced(&mut self, sql: &str) -> (Vec<CallRecord>, QueryResult) {
        let trace = Trace::default();
        let result = self.rows_of(sql, &trace).await.map_err(|error| format!("{error:#}"));
        let calls = trace.calls();
        let result = result.and_then(|rows| self.check_calls(&calls).map(|()| rows));
        (calls, result)
    }

    async fn rows_of(&self, sql: &str, trace: &Trace) -> anyhow::Result<Vec<String>> {
        let batches = self.engine.query_into(sql, trace.clone()).await?.collect().await?;
        let mut lines: Vec<String> = batches.iter().flat_map(lines).collect();
        if !sql.contains("ORDER BY") {
            lines.sort_unstable();
        }
        Ok(lines)
    }

    /// Checks that rows are inline or spilled as the scenario requires.
    fn check_calls(&mut self, calls: &[CallRecord]) -> Result<(), String> {
        for call in calls {
            match &call.outcome {
                CallOutcome::Inline { rows } if self.spilled && *rows > 0 => {
                    return Err(format!("{rows} rows of {} are inline", call.subject));
                }
                CallOutcome::Spilled { .. } if !self.spilled => {
                    return Err(format!("{} is spilled", call.subject));
                }
                CallOutcome::Spilled { encrypted: false, .. } => {
                    return Err(format!("{} is spilled without encryption", call.subject));
                }
                CallOutcome::Inline { rows } => self.rows += rows,
                CallOutcome::Spilled { blocks, rows, .. } => {
                    self.blocks += blocks;
                    self.rows += rows;
                }
                CallOutcome::Response(_) | CallOutcome::Failed(_) => {}
            }
        }
        Ok(())
    }
}

fn lines(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            let values: Vec<_> =
                columns.iter().map(|column| column.value(row).to_string()).collect();
            values.join(" | ")
        })
        .collect()
}

/// Describes the first difference between two results.
pub(super) fn difference(expected: &QueryResult, got: &QueryResult) -> String {
    let (Ok(expected), Ok(got)) = (expected, got) else {
        let describe = |result: &QueryResult| match result {
            Ok(rows) => format!("{} rows", rows.len()),
            Err(error) => format!("error: {error}"),
        };
        return format!("got {}, expected {}", describe(got), describe(expected));
    };
    let at = expected.iter().zip(got).position(|(expected, got)| expected != got);
    let at = at.unwrap_or(expected.len().min(got.len()));
    let row = |rows: &[String]| {
        rows.get(at).map_or("no row", String::as_str).chars().take(300).collect::<String>()
    };
    format!(
        "got {} rows, expected {}; row {at}\n    got      {}\n    expected {}",
        got.len(),
        expected.len(),
        row(got),
        row(expected)
    )
}
