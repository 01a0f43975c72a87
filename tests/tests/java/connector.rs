//! A Java connector with our engine: every statement of the corpus returns the rows of the Rust
//! peer, in every version.

use std::{fmt::Write as _, iter::once, sync::Arc, time::Instant};

use athena_client::Invoke;
use athena_lambda_host::{HostedFunction, LocalS3};
use athena_protocol::SerdeVersion;

use super::{
    peer,
    scenario::{QueryResult, Scenario, difference},
    verdicts, versions,
};

const CORPUS: &str = include_str!("corpus.sql");

/// Statements for which the connector on the Java SDK returns too few rows, also to Athena, and the
/// causes.
const DEFECTS: &[(&str, &str)] = &[
    (
        "SELECT id, real8 FROM kinds WHERE real8 = 0.0 ORDER BY id",
        "its evaluator orders doubles as Java does, where -0.0 is less than 0.0",
    ),
    (
        "SELECT id, zoned FROM kinds WHERE zoned = TIMESTAMP '2024-03-01 12:00:00Z' ORDER BY id",
        "its evaluator compares the zones of equal instants",
    ),
];

/// Returns the statements of the corpus without comments.
fn statements() -> Vec<String> {
    let lines = CORPUS.lines().filter(|line| !line.starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    text.split(';')
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Describes an unexpected result of a scenario. A known defect must lose rows, and nothing else.
fn unexpected(
    sql: &str,
    scenario: &str,
    expected: &QueryResult,
    got: &QueryResult,
) -> Option<String> {
    if expected.is_err() {
        return Some(difference(expected, got));
    }
    if !scenario.starts_with("Java") || DEFECTS.iter().all(|(statement, _)| *statement != sql) {
        return (got != expected).then(|| difference(expected, got));
    }
    let fewer = match (expected, got) {
        (Ok(expected), Ok(got)) => {
            got.len() < expected.len() && got.iter().all(|row| expected.contains(row))
        }
        _ => false,
    };
    (!fewer).then(|| format!("the defect has changed: {}", difference(expected, got)))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_java_peer_returns_the_rows_of_the_rust_peer_in_every_version() {
    let Some(class_path) = peer::class_path() else { return };
    let s3 = LocalS3::start(None).await.unwrap();
    let java = Arc::new(peer::java_connector(&class_path, &s3));
    let function: Arc<dyn Invoke> = Arc::<HostedFunction>::clone(&java);
    let rust = peer::rust_peer(&s3).await;
    let latest = SerdeVersion::LATEST;
    let mut reference = Scenario::plain("Rust, no pushdown", &rust, &s3);
    let mut others = [
        Scenario::inline("Rust, inline", &rust, latest, &s3),
        Scenario::spilled("Rust, spilled", &rust, latest, &s3),
        Scenario::inline("Java, inline", &function, latest, &s3),
        Scenario::spilled("Java, spilled", &function, latest, &s3),
    ];

    let statements = statements();
    assert!(statements.len() >= 60, "the corpus has {} statements", statements.len());
    let began = Instant::now();
    let mut wrong = String::new();
    let mut with_rows = 0;
    for sql in &statements {
        let expected = reference.run(sql).await;
        with_rows += usize::from(expected.as_ref().is_ok_and(|rows| !rows.is_empty()));
        for scenario in &mut others {
            let got = scenario.run(sql).await;
            if let Some(difference) = unexpected(sql, &scenario.name, &expected, &got) {
                let _ = writeln!(wrong, "{sql}\n  {}: {difference}", scenario.name);
            }
        }
    }
    let seconds = began.elapsed().as_secs();
    peer::print(&format!("{} statements, {with_rows} with rows, in {seconds} s", statements.len()));
    for scenario in once(&reference).chain(&others) {
        peer::print(&format!(
            "  {:17} {:9} rows read, {:5} blocks spilled",
            scenario.name, scenario.rows, scenario.blocks
        ));
    }
    assert!(wrong.is_empty(), "statements with other rows:\n{wrong}");
    for (sql, reason) in DEFECTS {
        assert!(statements.iter().any(|statement| statement == sql), "{sql} is not in the corpus");
        peer::print(&format!("  fewer rows from Java, because {reason}: {sql}"));
    }
    assert!(
        with_rows * 10 >= statements.len() * 9,
        "only {with_rows} of {} have rows",
        statements.len()
    );
    assert!(others[1].blocks > 100 && others[3].blocks > 100, "too few blocks are spilled");

    let verdicts = versions::compare(&function, &mut reference, &s3).await;
    peer::print(&verdicts::table("answered by Java", &verdicts));
    assert_eq!(verdicts::wrong(&verdicts), "");
    assert_eq!(java.cold_starts().len(), 1);
}
