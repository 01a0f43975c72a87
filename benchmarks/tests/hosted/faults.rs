//! What a failing store makes of an answer that is spilled over https, in blocks of 16 MB: all
//! rows, or an error by name.

use athena_connector_bench::{BenchTable, Checksum};
use athena_protocol::{Constraints, Error, ErrorKind, TableName};
use futures::TryStreamExt as _;
use test_store::{BUCKET, Fault, Faults, When};

use super::setup::{MINUTES, Setup, covering};

const TABLE: BenchTable = BenchTable::Wide16;
/// Rows that make [`BLOCKS`] blocks.
const ROWS: u64 = 500_000;
const BLOCKS: usize = 6;
/// In the middle of the answer.
const PUT: usize = 3;

/// Sums up what a function answers whose store fails so; the puts that it took, too.
async fn read(when: When, fault: Fault) -> Result<(Checksum, usize), Error> {
    let setup = Setup::new("bench", MINUTES, Faults { when, fault }).await;
    let (scan, splits) =
        setup.scan(&TableName::new("bench", TABLE.name()), None, Constraints::default()).await;
    let answer = setup.read(&scan, covering(splits[0].clone(), 0..ROWS)).await;
    setup.check(&format!("{fault:?} at {when:?}"));
    let add = async |mut sum: Checksum, batch| {
        sum.add(&batch).expect("a sum");
        Ok(sum)
    };
    let sum = answer?.try_fold(Checksum::default(), add).await?;
    assert_eq!(setup.store.take().len(), BLOCKS);
    Ok((sum, setup.store.puts()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_https_that_passes_costs_no_row() {
    let expected = TABLE.checksum(0..ROWS).expect("a table");
    for fault in [Fault::Reset, Fault::Truncate, Fault::Unanswered, Fault::Status(503, "SlowDown")]
    {
        let (sum, puts) =
            read(When::Only(PUT), fault).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(sum, expected, "{fault:?}");
        assert_eq!(puts, BLOCKS + 1, "{fault:?}: the put that failed is sent once more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_https_that_stays_fails_the_answer_by_name() {
    for (fault, kind, remedy) in [
        (Fault::Reset, ErrorKind::Timeout, "hung up at every try"),
        (Fault::Truncate, ErrorKind::InvalidResponse, "broke off or cannot be read, at every try"),
    ] {
        let error = read(When::From(PUT), fault).await.expect_err("puts fail");
        println!("faults: {fault:?} that stays: {error}");
        let object = format!("s3://{BUCKET}/athena-federation-spill/");
        assert!(
            error.to_string().contains(&object) && error.to_string().contains(remedy),
            "{fault:?}: {error}"
        );
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
    }
}
