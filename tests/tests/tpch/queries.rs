//! The 22 queries of TPC-H with every pushdown mode, with inline and with spilled rows.

use std::{path::Path, time::Instant};

use arrow::{
    array::{Array, AsArray},
    datatypes::{DataType, Float64Type},
    record_batch::RecordBatch,
    util::display::{ArrayFormatter, FormatOptions},
};
use athena_client::CallOutcome;
use athena_engine::{Engine, PushdownMode};

use super::{Wire, everything_spills, reference, scale};

#[tokio::test(flavor = "multi_thread")]
async fn all_queries_return_the_rows_of_the_generators_tables() {
    let (schema, factor) = scale();
    let tables = reference::tables(factor);
    let wire = Wire::open().await;
    let mut engines = wire.engines();
    engines.push(("spilled", wire.engine(PushdownMode::Full, everything_spills())));
    let queries = queries();
    assert_eq!(queries.len(), 22);
    let mut wrong = Vec::new();
    let mut bytes = [0; 4];
    for (name, sql) in &queries {
        let expected = TextRows::of(
            &tables.sql(&rounded_averages(sql)).await.unwrap().collect().await.unwrap(),
        );
        for ((mode, engine), bytes) in engines.iter().zip(&mut bytes) {
            let began = Instant::now();
            let (found, received) = run(engine, sql, *mode == "spilled").await;
            *bytes += received;
            println!(
                "{schema} {name} {mode}: {} rows, {received} bytes received, {:.2} s",
                found.rows.len(),
                began.elapsed().as_secs_f64()
            );
            if let Some(difference) = expected.difference(&found) {
                wrong.push(format!("{name} {mode}: {difference}"));
            }
        }
    }
    let [off, sets, full, _] = bytes;
    println!("{schema}: bytes received with pushdown off {off}, sets {sets}, full {full}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(full <= sets && sets < off, "off {off}, sets {sets}, full {full}");
}

/// Returns the rows of a query, and the number of bytes received.
pub(super) async fn run(engine: &Engine, sql: &str, spills: bool) -> (TextRows, u64) {
    let query = engine.query(sql).await.unwrap();
    let batches = query.collect().await.unwrap();
    if spills {
        let inline = query
            .trace()
            .calls()
            .into_iter()
            .find(|call| matches!(call.outcome, CallOutcome::Inline { rows: 1.. }));
        assert!(inline.is_none(), "rows are inline: {inline:?}");
    }
    (TextRows::of(&batches), query.trace().progress().bytes)
}

/// Returns the queries with their names.
pub(super) fn queries() -> Vec<(String, String)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tpch/queries.sql");
    let text = std::fs::read_to_string(file).unwrap();
    let parts = text.split("\n-- Q").skip(1);
    parts
        .map(|part| {
            let (number, sql) = part.split_once('\n').unwrap();
            (format!("Q{number}"), sql.to_owned())
        })
        .collect()
}

/// Rounds averages to the scale of their argument, as the engine does. Those of the reference have
/// four more digits.
pub(super) fn rounded_averages(sql: &str) -> String {
    let mut parts = sql.split("avg(");
    let mut rounded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (argument, rest) = part.split_once(')').unwrap();
        rounded.extend(["cast(avg(", argument, ") as decimal(15, 2))", rest]);
    }
    rounded
}

/// Result of a query as text, row by row.
#[derive(Debug)]
pub(super) struct TextRows {
    columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl TextRows {
    pub(super) fn of(batches: &[RecordBatch]) -> Self {
        let columns = batches.first().map(|batch| {
            batch.schema().fields().iter().map(|field| field.name().clone()).collect()
        });
        let options = FormatOptions::default().with_null("NULL");
        let mut rows = Vec::new();
        for batch in batches {
            let columns: Vec<_> =
                batch.columns().iter().map(|column| texts(column.as_ref(), &options)).collect();
            rows.extend(
                (0..batch.num_rows())
                    .map(|row| columns.iter().map(|column| column[row].clone()).collect()),
            );
        }
        Self { columns: columns.unwrap_or_default(), rows }
    }

    /// Sorts the rows by all columns, for a query without a total order.
    pub(super) fn sorted(mut self) -> Self {
        self.rows.sort_unstable();
        self
    }

    /// Describes the first difference between ordered rows.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        if self.rows.len() != other.rows.len() {
            return Some(format!("{} rows, expected {}", other.rows.len(), self.rows.len()));
        }
        let same_name =
            |(index, (a, b)): (usize, (&String, &String))| a == b || *b == format!("_col{index}");
        let mut names = self.columns.iter().zip(&other.columns).enumerate();
        if !self.rows.is_empty() && !names.all(same_name) {
            return Some(format!("columns {:?}, expected {:?}", other.columns, self.columns));
        }
        let row = (0..self.rows.len()).find(|&row| self.rows[row] != other.rows[row])?;
        Some(format!("row {row} is {:?}, expected {:?}", other.rows[row], self.rows[row]))
    }
}

/// Formats the values of a column. Floats have twelve digits, because sums of them depend on the
/// order of the rows, which is not specified.
fn texts(column: &dyn Array, options: &FormatOptions<'_>) -> Vec<String> {
    if *column.data_type() == DataType::Float64 {
        let values = column.as_primitive::<Float64Type>();
        return values
            .iter()
            .map(|value| value.map_or("NULL".to_owned(), |value| format!("{value:.11e}")))
            .collect();
    }
    let formatter = ArrayFormatter::try_new(column, options).unwrap();
    (0..column.len()).map(|row| formatter.value(row).to_string()).collect()
}
