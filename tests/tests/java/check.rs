//! The conformance suite against both connectors: what it says of the Java one is true, and of the
//! twin it says nothing.

use std::{collections::BTreeSet, sync::Arc};

use athena_client::Invoke;
use athena_conformance::suite::{Kind, Options, Report, Suite};
use athena_lambda_host::LocalS3;

use super::peer;

/// What is wrong with the connector on the Java SDK, and why that is so.
const FINDINGS: &[(Kind, &str)] = &[
    (Kind::PageTooLarge, "it lists all tables at once"),
    (Kind::ForeignTokenAccepted, "and reads no token"),
    (
        Kind::BlockTooLarge,
        "its SDK looks at the size of a block after a row was added, and measures the values alone",
    ),
    (
        Kind::FilterNotApplied,
        "its SDK finds NaN, minus zero and times in zones unequal to themselves",
    ),
    (Kind::NullsKept, "its SDK lets every list, struct and map pass"),
    (Kind::NanKept, "its SDK orders NaN behind all numbers, so that it is greater than any"),
    (Kind::ExpressionNotApplied, "it announces expressions to be sent them, and evaluates none"),
    (Kind::LimitNotApplied, "the same of limits"),
    (Kind::TopNNotApplied, "the same of orders"),
    (Kind::RowsInvented, "its SDK leaves in the nulls of a map what a rejected row had there"),
    (
        Kind::RowsLost,
        "its SDK puts minus zero before zero, and compares zones where instants are equal",
    ),
    (Kind::LimitShort, "a limit then comes short of them"),
    (Kind::TopNShort, "and an order and a limit too"),
    (Kind::UnknownColumnAccepted, "its SDK leaves a column null that nobody writes"),
    (Kind::ForeignSpillAccepted, "its SDK spills to whatever place a request names"),
];

/// What is wrong with it now and then: a race of its threads, met or not from run to run.
const NOW_AND_THEN: &[(Kind, &str)] = &[
    (
        Kind::RowsDifferByBlockSize,
        "its SDK loses blocks from the answer where several are written at a time",
    ),
    (Kind::ObjectsMisnumbered, "and the numbers of the others have gaps"),
];

/// So many that each finding is met.
const CASES: u64 = 1_500;

async fn check(function: Arc<dyn Invoke>, s3: &LocalS3) -> Report {
    let options = Options { seed: 1, cases: CASES, ..Options::default() };
    let report = Suite::new(function, options).with_store(s3.store()).run().await;
    peer::say(&report.to_text());
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_says_of_the_java_connector_what_is_true_and_of_the_twin_nothing() {
    let Some(class_path) = peer::class_path() else { return };
    let s3 = LocalS3::start(None).await.unwrap();
    let twin = check(peer::twin(&s3).await, &s3).await;
    assert!(twin.is_clean(), "{:#?}", twin.findings);
    assert!(twin.cases + twin.undecided >= CASES && twin.undecided * 10 < twin.cases);

    let java = check(Arc::new(peer::java_connector(&class_path, &s3)), &s3).await;
    let by_race = |kind: &Kind| NOW_AND_THEN.iter().any(|(other, _)| other == kind);
    let found = java.findings.iter().map(|finding| finding.kind).filter(|kind| !by_race(kind));
    let found: BTreeSet<Kind> = found.collect();
    let expected: BTreeSet<Kind> = FINDINGS.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(
        found, expected,
        "what is not expected may be true as well: send its request, and say here why it is so"
    );
    for (kind, why) in FINDINGS.iter().chain(NOW_AND_THEN) {
        peer::say(&format!("  {kind}: {why}"));
    }
}
