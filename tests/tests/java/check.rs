//! The conformance suite against both peers: the Java peer has known findings, the Rust peer none.

use std::{collections::BTreeSet, sync::Arc};

use athena_client::Invoke;
use athena_conformance::suite::{Kind, Options, Report, Suite};
use athena_lambda_host::LocalS3;

use super::peer;

/// Findings in the connector on the Java SDK, and their causes.
const FINDINGS: &[(Kind, &str)] = &[
    (Kind::PageTooLarge, "it lists all tables in one page"),
    (Kind::ForeignTokenAccepted, "it ignores page tokens"),
    (
        Kind::BlockTooLarge,
        "its SDK checks the size of a block after adding a row, and measures only the values",
    ),
    (
        Kind::FilterNotApplied,
        "its SDK does not find NaN, minus zero and timestamps with time zone equal to themselves",
    ),
    (Kind::NullsKept, "its SDK does not filter lists, structs and maps"),
    (Kind::NanKept, "its SDK orders NaN after all numbers, so that NaN is greater than any number"),
    (
        Kind::ExpressionNotApplied,
        "it announces expressions in order to receive them, and evaluates none",
    ),
    (Kind::LimitNotApplied, "it announces limits, and applies none"),
    (Kind::TopNNotApplied, "it announces top-N, and applies none"),
    (Kind::UnexpectedRows, "its SDK leaves values of dropped rows in the nulls of a map"),
    (
        Kind::RowsLost,
        "its SDK orders minus zero before zero, and compares the zones of equal instants",
    ),
    (Kind::NullsLost, "some of the lost rows have a null in another column"),
    (Kind::QueryLosesRows, "a whole query then lacks the lost rows"),
    (Kind::TopNShort, "a top-N then lacks the lost rows"),
    (
        Kind::UnknownColumnAccepted,
        "its SDK returns nulls for a column that the connector does not write",
    ),
    (Kind::ForeignSpillAccepted, "its SDK spills to any location"),
];

/// Findings caused by a race of threads, which not every run shows.
const INTERMITTENT: &[(Kind, &str)] = &[
    (
        Kind::RowsDifferByBlockSize,
        "its SDK loses blocks from the response if it writes several concurrently",
    ),
    (Kind::ObjectsMisnumbered, "the numbers of the remaining blocks then have gaps"),
];

/// Number of cases that show every finding.
const CASES: u64 = 1_500;

async fn check(function: Arc<dyn Invoke>, s3: &LocalS3) -> Report {
    let options = Options { seed: 1, cases: CASES, ..Options::default() };
    let report = Suite::new(function, options).with_store(s3.store()).run().await;
    peer::print(&report.to_text());
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_reports_the_known_findings_of_the_java_peer_and_none_of_the_rust_peer() {
    let Some(class_path) = peer::class_path() else { return };
    let s3 = LocalS3::start(None).await.unwrap();
    let rust = check(peer::rust_peer(&s3).await, &s3).await;
    assert!(rust.is_clean(), "{:#?}", rust.findings);
    assert!(rust.cases + rust.undecided >= CASES && rust.undecided * 10 < rust.cases);

    let java = check(Arc::new(peer::java_connector(&class_path, &s3)), &s3).await;
    let is_intermittent = |kind: &Kind| INTERMITTENT.iter().any(|(other, _)| other == kind);
    let found =
        java.findings.iter().map(|finding| finding.kind).filter(|kind| !is_intermittent(kind));
    let found: BTreeSet<Kind> = found.collect();
    let expected: BTreeSet<Kind> = FINDINGS.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(
        found, expected,
        "if a new finding is true, reproduce it with its request and document the cause here"
    );
    for (kind, why) in FINDINGS.iter().chain(INTERMITTENT) {
        peer::print(&format!("  {kind}: {why}"));
    }
}
