//! Java as connector: every statement of the corpus gives the rows that it gives from the twin, in
//! every version.

use std::{fmt::Write as _, iter::once, sync::Arc, time::Instant};

use athena_client::Invoke;
use athena_lambda_host::{HostedFunction, LocalS3};
use athena_protocol::SerdeVersion;

use super::{
    peer, verdicts, versions,
    way::{Answer, Way, difference},
};

const CORPUS: &str = include_str!("corpus.sql");

/// Statements to which the connector on the Java SDK gives too few rows, and why: to Athena it
/// gives as few.
const DEFECTS: &[(&str, &str)] = &[
    (
        "SELECT id, real8 FROM kinds WHERE real8 = 0.0 ORDER BY id",
        "its evaluator orders doubles as Java does, where -0.0 is less than 0.0",
    ),
    (
        "SELECT id, zoned FROM kinds WHERE zoned = TIMESTAMP '2024-03-01 12:00:00Z' ORDER BY id",
        "its evaluator compares zones where instants are equal",
    ),
];

/// The statements, without comments.
fn statements() -> Vec<String> {
    let lines = CORPUS.lines().filter(|line| !line.starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    text.split(';')
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(str::to_owned)
        .collect()
}

/// How the answer of a way is not the one expected, if so. A known defect has to be there, and to
/// lose rows and no more.
fn what_is_wrong(sql: &str, way: &str, expected: &Answer, got: &Answer) -> Option<String> {
    if expected.is_err() {
        return Some(difference(expected, got));
    }
    if !way.starts_with("Java") || DEFECTS.iter().all(|(statement, _)| *statement != sql) {
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
async fn the_connector_on_the_java_sdk_gives_the_rows_of_its_twin_in_every_version() {
    let Some(class_path) = peer::class_path() else { return };
    let s3 = LocalS3::start(None).await.unwrap();
    let java = Arc::new(peer::java_connector(&class_path, &s3));
    let function: Arc<dyn Invoke> = Arc::<HostedFunction>::clone(&java);
    let twin = peer::twin(&s3).await;
    let latest = SerdeVersion::LATEST;
    let mut reference = Way::plain("twin, no pushdown", &twin, &s3);
    let mut others = [
        Way::inline("twin, inline", &twin, latest, &s3),
        Way::spilled("twin, spilled", &twin, latest, &s3),
        Way::inline("Java, inline", &function, latest, &s3),
        Way::spilled("Java, spilled", &function, latest, &s3),
    ];

    let statements = statements();
    assert!(statements.len() >= 60, "the corpus has {} statements", statements.len());
    let (began, mut wrong, mut with_rows) = (Instant::now(), String::new(), 0);
    for sql in &statements {
        let expected = reference.answer(sql).await;
        with_rows += usize::from(expected.as_ref().is_ok_and(|rows| !rows.is_empty()));
        for way in &mut others {
            let got = way.answer(sql).await;
            if let Some(what) = what_is_wrong(sql, &way.name, &expected, &got) {
                let _ = writeln!(wrong, "{sql}\n  {}: {what}", way.name);
            }
        }
    }
    let seconds = began.elapsed().as_secs();
    peer::say(&format!("{} statements, {with_rows} with rows, in {seconds} s", statements.len()));
    for way in once(&reference).chain(&others) {
        peer::say(&format!(
            "  {:17} {:9} rows read, {:5} blocks spilled",
            way.name, way.rows, way.blocks
        ));
    }
    assert!(wrong.is_empty(), "statements with other rows:\n{wrong}");
    for (sql, reason) in DEFECTS {
        assert!(statements.iter().any(|statement| statement == sql), "{sql} is not in the corpus");
        peer::say(&format!("  fewer rows from Java, for {reason}: {sql}"));
    }
    assert!(
        with_rows * 10 >= statements.len() * 9,
        "only {with_rows} of {} have rows",
        statements.len()
    );
    assert!(
        others[1].blocks > 100 && others[3].blocks > 100,
        "rows were to be spilled, and hardly were"
    );

    let verdicts = versions::compare(&function, &mut reference, &s3).await;
    peer::say(&verdicts::table("Java answers our", &verdicts));
    assert_eq!(verdicts::wrong(&verdicts), "");
    assert_eq!(java.cold_starts().len(), 1);
}
