//! Java as connector: every statement of the corpus gives the rows that it gives from the twin.

use std::{fmt::Write as _, sync::Arc, time::Instant};

use arrow::{
    record_batch::RecordBatch,
    util::display::{ArrayFormatter, FormatOptions},
};
use athena_conformance::Invoke;
use athena_local::{
    client::{ClientOptions, FederatedClient, Outcome, Trace},
    engine::{Engine, EngineOptions},
    object_store::LocalS3,
};

use super::peer;

const CORPUS: &str = include_str!("corpus.sql");

/// A connector, and how its rows travel.
struct Way {
    name: &'static str,
    spilled: bool,
    engine: Engine,
    blocks: usize,
    rows: u64,
}

impl Way {
    fn new(name: &'static str, function: &Arc<dyn Invoke>, spilled: bool, s3: &LocalS3) -> Self {
        let sizes = if spilled {
            ClientOptions { max_block_size: 1_000_000, max_inline_block_size: 0, ..ClientOptions::default() }
        } else {
            ClientOptions::default()
        };
        let client = FederatedClient::new(peer::NAME, Arc::clone(function), Some(s3.store()), sizes);
        let options = EngineOptions { schema: Some("peer".to_owned()), ..EngineOptions::default() };
        Self { name, spilled, engine: Engine::try_new(vec![client], options).unwrap(), blocks: 0, rows: 0 }
    }

    /// The rows of `sql` as lines, or its error.
    async fn answer(&mut self, sql: &str) -> Result<Vec<String>, String> {
        let trace = Trace::default();
        let query = self.engine.query_into(sql, trace.clone()).await.map_err(|error| format!("{error:#}"))?;
        let batches = query.collect().await.map_err(|error| format!("{error:#}"))?;
        self.check_travel(&trace)?;
        let mut lines: Vec<String> = batches.iter().flat_map(lines).collect();
        if !sql.contains("ORDER BY") {
            lines.sort_unstable();
        }
        Ok(lines)
    }

    /// Says no if rows did not travel as they had to.
    fn check_travel(&mut self, trace: &Trace) -> Result<(), String> {
        for call in trace.calls() {
            match call.outcome {
                Outcome::Inline { rows } if self.spilled && rows > 0 => {
                    return Err(format!("{rows} rows of {} came inline", call.subject));
                }
                Outcome::Spilled { .. } if !self.spilled => return Err(format!("{} was spilled", call.subject)),
                Outcome::Inline { rows } => self.rows += rows,
                Outcome::Spilled { blocks, rows, .. } => {
                    self.blocks += blocks;
                    self.rows += rows;
                }
                Outcome::Answer(_) | Outcome::Failed(_) => {}
            }
        }
        Ok(())
    }
}

fn lines(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<_> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
    let line = |row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" | ");
    (0..batch.num_rows()).map(line).collect()
}

/// The statements, without comments.
fn statements() -> Vec<String> {
    let lines = CORPUS.lines().filter(|line| !line.starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    text.split(';').map(str::trim).filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
}

/// Where two answers part.
fn difference(expected: &Result<Vec<String>, String>, got: &Result<Vec<String>, String>) -> String {
    let (expected, got) = match (expected, got) {
        (Ok(expected), Ok(got)) => (expected, got),
        (expected, got) => {
            let word = |answer: &Result<Vec<String>, String>| match answer {
                Ok(rows) => format!("{} rows", rows.len()),
                Err(error) => format!("error: {error}"),
            };
            return format!("{} became {}", word(expected), word(got));
        }
    };
    let at = expected.iter().zip(got).position(|(expected, got)| expected != got);
    let at = at.unwrap_or(expected.len().min(got.len()));
    let row = |rows: &[String]| rows.get(at).map_or("no row", String::as_str).chars().take(300).collect::<String>();
    format!("{} rows became {}; row {at}\n    was {}\n    is  {}", expected.len(), got.len(), row(expected), row(got))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connector_on_the_java_sdk_gives_the_rows_of_its_twin() {
    let Some(class_path) = peer::class_path() else { return };
    let s3 = LocalS3::start(None).await.unwrap();
    let java = Arc::new(peer::java_connector(&class_path, &s3));
    let function: Arc<dyn Invoke> = Arc::<athena_local::host::HostedFunction>::clone(&java);
    let twin = peer::twin(&s3).await;
    let mut reference = Way::new("twin, inline", &twin, false, &s3);
    let mut others = [
        Way::new("twin, spilled", &twin, true, &s3),
        Way::new("Java, inline", &function, false, &s3),
        Way::new("Java, spilled", &function, true, &s3),
    ];

    let statements = statements();
    assert!(statements.len() >= 60, "the corpus has {} statements", statements.len());
    let (began, mut differences, mut with_rows) = (Instant::now(), String::new(), 0);
    for sql in &statements {
        let expected = reference.answer(sql).await;
        if let Err(error) = &expected {
            let _ = writeln!(differences, "{sql}\n  {}: {error}", reference.name);
        }
        with_rows += usize::from(expected.as_ref().is_ok_and(|rows| !rows.is_empty()));
        for way in &mut others {
            let got = way.answer(sql).await;
            if got != expected {
                let _ = writeln!(differences, "{sql}\n  {}: {}", way.name, difference(&expected, &got));
            }
        }
    }
    let seconds = began.elapsed().as_secs();
    peer::say(&format!("{} statements, {with_rows} with rows, in {seconds} s", statements.len()));
    for way in std::iter::once(&reference).chain(&others) {
        peer::say(&format!("  {:14} {:9} rows read, {:5} blocks spilled", way.name, way.rows, way.blocks));
    }
    assert!(differences.is_empty(), "statements with other rows:\n{differences}");
    assert_eq!(java.cold_starts().len(), 1);
    assert!(with_rows * 10 >= statements.len() * 9, "only {with_rows} of {} have rows", statements.len());
    assert!(others[0].blocks > 100 && others[2].blocks > 100, "rows were to be spilled, and hardly were");
}
