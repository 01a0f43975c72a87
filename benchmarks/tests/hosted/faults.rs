//! Reads that spill blocks of 16 MB over https to a failing store return all rows, or an error that
//! names the object.

use athena_connector_bench::{BenchTable, Checksum};
use athena_protocol::{Constraints, Error, ErrorKind, TableName};
use futures::TryStreamExt as _;
use test_store::{BUCKET, Fault, Faults, When};

use super::setup::{MINUTES, Setup, covering};

const TABLE: BenchTable = BenchTable::Wide16;
/// Number of rows that fill [`BLOCKS`] blocks.
const ROWS: u64 = 500_000;
const BLOCKS: usize = 6;
/// Number of a put in the middle of the response.
const PUT: usize = 3;

/// Reads with a failing store, and returns the checksum of the rows and the number of puts.
async fn read(when: When, fault: Fault) -> Result<(Checksum, usize), Error> {
    let setup = Setup::new("bench", MINUTES, Faults { when, fault }).await;
    let (scan, splits) =
        setup.scan(&TableName::new("bench", TABLE.name()), None, Constraints::default()).await;
    let response = setup.read(&scan, covering(splits[0].clone(), 0..ROWS)).await;
    setup.check(&format!("{fault:?} at {when:?}"));
    let add = async |mut sum: Checksum, batch| {
        sum.add(&batch).expect("a sum");
        Ok(sum)
    };
    let sum = response?.try_fold(Checksum::default(), add).await?;
    assert_eq!(setup.store.take().len(), BLOCKS);
    Ok((sum, setup.store.puts()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transient_fault_over_https_loses_no_row() {
    let expected = TABLE.checksum(0..ROWS).expect("a table");
    for fault in [Fault::Reset, Fault::Truncate, Fault::Unanswered, Fault::Status(503, "SlowDown")]
    {
        let (sum, puts) =
            read(When::Only(PUT), fault).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(sum, expected, "{fault:?}");
        assert_eq!(puts, BLOCKS + 1, "{fault:?}: the failed put is retried once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_fault_over_https_fails_the_read_and_names_the_object() {
    for (fault, kind, remedy) in [
        (Fault::Reset, ErrorKind::Timeout, "closed the connection on every attempt"),
        (Fault::Truncate, ErrorKind::InvalidResponse, "truncated or malformed on every attempt"),
    ] {
        let error = read(When::From(PUT), fault).await.expect_err("puts fail");
        println!("faults: permanent {fault:?}: {error}");
        let object = format!("s3://{BUCKET}/athena-federation-spill/");
        assert!(
            error.to_string().contains(&object) && error.to_string().contains(remedy),
            "{fault:?}: {error}"
        );
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
    }
}
