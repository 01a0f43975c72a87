//! A connector behind the engine, and how its rows travel.

use std::sync::Arc;

use arrow::{
    record_batch::RecordBatch,
    util::display::{ArrayFormatter, FormatOptions},
};
use athena_client::Invoke;
use athena_client::{CallOutcome, CallRecord, ClientOptions, FederatedClient, Trace};
use athena_engine::{Engine, EngineOptions, PushdownMode};
use athena_lambda_host::LocalS3;
use athena_protocol::SerdeVersion;

use super::peer;

/// Rows as lines, or an error.
pub(super) type Answer = Result<Vec<String>, String>;

/// One way to get the rows of a statement.
pub(super) struct Way {
    pub(super) name: String,
    engine: Engine,
    spilled: bool,
    /// Blocks that were spilled so far.
    pub(super) blocks: usize,
    /// Rows that came so far.
    pub(super) rows: u64,
}

impl Way {
    /// Nothing is spilled and nothing is pushed down: the engine alone filters, orders and limits.
    pub(super) fn plain(name: &str, function: &Arc<dyn Invoke>, s3: &LocalS3) -> Self {
        Self::new(name, function, s3, ClientOptions::default(), PushdownMode::Off)
    }

    /// Everything that can be is pushed down.
    pub(super) fn inline(
        name: &str,
        function: &Arc<dyn Invoke>,
        version: SerdeVersion,
        s3: &LocalS3,
    ) -> Self {
        let options = ClientOptions { highest_version: version, ..ClientOptions::default() };
        Self::new(name, function, s3, options, PushdownMode::Full)
    }

    /// The same, and every row is spilled.
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

    /// The rows of `sql`, sorted if it does not say how.
    pub(super) async fn answer(&mut self, sql: &str) -> Answer {
        self.traced(sql).await.1
    }

    /// The same, and the calls that it took.
    pub(super) async fn traced(&mut self, sql: &str) -> (Vec<CallRecord>, Answer) {
        let trace = Trace::default();
        let answer = self.rows_of(sql, &trace).await.map_err(|error| format!("{error:#}"));
        let calls = trace.calls();
        let answer = answer.and_then(|rows| self.check_travel(&calls).map(|()| rows));
        (calls, answer)
    }

    async fn rows_of(&self, sql: &str, trace: &Trace) -> anyhow::Result<Vec<String>> {
        let batches = self.engine.query_into(sql, trace.clone()).await?.collect().await?;
        let mut lines: Vec<String> = batches.iter().flat_map(lines).collect();
        if !sql.contains("ORDER BY") {
            lines.sort_unstable();
        }
        Ok(lines)
    }

    /// Says no if rows did not travel as they had to.
    fn check_travel(&mut self, calls: &[CallRecord]) -> Result<(), String> {
        for call in calls {
            match &call.outcome {
                CallOutcome::Inline { rows } if self.spilled && *rows > 0 => {
                    return Err(format!("{rows} rows of {} came inline", call.subject));
                }
                CallOutcome::Spilled { .. } if !self.spilled => {
                    return Err(format!("{} was spilled", call.subject));
                }
                CallOutcome::Spilled { encrypted: false, .. } => {
                    return Err(format!("{} was spilled in clear", call.subject));
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
    let line = |row| {
        columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" | ")
    };
    (0..batch.num_rows()).map(line).collect()
}

/// Where two answers part.
pub(super) fn difference(expected: &Answer, got: &Answer) -> String {
    let (Ok(expected), Ok(got)) = (expected, got) else {
        let in_words = |answer: &Answer| match answer {
            Ok(rows) => format!("{} rows", rows.len()),
            Err(error) => format!("error: {error}"),
        };
        return format!("{} became {}", in_words(expected), in_words(got));
    };
    let at = expected.iter().zip(got).position(|(expected, got)| expected != got);
    let at = at.unwrap_or(expected.len().min(got.len()));
    let row = |rows: &[String]| {
        rows.get(at).map_or("no row", String::as_str).chars().take(300).collect::<String>()
    };
    format!(
        "{} rows became {}; row {at}\n    was {}\n    is  {}",
        expected.len(),
        got.len(),
        row(expected),
        row(got)
    )
}
