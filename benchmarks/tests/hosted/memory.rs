//! Memory of a 256 MB function that reads more than it can hold, with blocks of 16 MB.
//!
//! The host stops a function that exceeds its memory, as Lambda does; these tests assert a tighter
//! bound.

use std::time::Duration;

use athena_protocol::{
    Constraints, ErrorKind, TableName,
    predicate::{Direction, OrderByField},
};
use futures::TryStreamExt as _;
use test_store::{Fault, Faults, When};

use super::setup::{MINUTES, Setup, covering};

/// Size of the largest object in bytes: Athena's block, encrypted.
const LARGEST: usize = 16_000_000;
/// Store so slow that blocks wait for it, and the source for the blocks.
const SLOW: Faults = Faults { when: When::From(0), fault: Fault::Slow(Duration::from_secs(2)) };

/// Reads an endless split of wide16 for 20 seconds, and returns the number of puts.
async fn endless(faults: Faults, store: &str) -> usize {
    let setup = Setup::new("bench", Duration::from_secs(20), faults).await;
    let (scan, splits) =
        setup.scan(&TableName::new("bench", "wide16"), None, Constraints::default()).await;
    let discarding = setup.discard_objects();
    let read = setup.write(&scan, covering(splits[0].clone(), 0..u64::MAX)).await;
    discarding.abort();
    let error = read.expect_err("the split never ends");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.to_string().contains("start=0"), "{error}");
    let puts = setup.store.puts();
    setup.check(&format!("an endless source, {store}, {puts} puts"));
    puts
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_source_is_stopped_by_the_deadline_in_bounded_memory() {
    let puts = endless(Faults::NONE, "a fast store").await;
    // A dev build makes about 500 puts; 64 are four times the memory of the function.
    assert!(puts > 64, "{puts} puts");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_source_waits_for_a_slow_store_in_bounded_memory() {
    let puts = endless(SLOW, "a store with 2 s per put").await;
    // One at a time for 19 seconds.
    assert!((8..=11).contains(&puts), "{puts} puts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_store_throttles_the_source() {
    let setup = Setup::new("bench", MINUTES, SLOW).await;
    let (scan, splits) =
        setup.scan(&TableName::new("bench", "wide16"), None, Constraints::default()).await;
    setup.write(&scan, covering(splits[0].clone(), 0..600_000)).await.expect("rows");
    assert!(setup.store.take().len() > 6);
    setup.check("a store with 2 s per put");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_two_megabytes_are_cut_into_blocks() {
    let setup = Setup::new("bench", MINUTES, SLOW).await;
    let (scan, splits) =
        setup.scan(&TableName::new("bench", "huge2"), None, Constraints::default()).await;
    setup.write(&scan, covering(splits[0].clone(), 0..100)).await.expect("rows");
    let objects = setup.store.take();
    assert!(objects.len() >= 13 && objects.largest() <= LARGEST, "{} objects", objects.len());
    setup.check("rows of 2 MB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_top_n_beyond_memory_passes_all_rows() {
    let setup = Setup::new("bench", MINUTES, SLOW).await;
    let by_b2 =
        OrderByField { column_name: Some("b2".to_owned()), direction: Direction::DescNullsLast };
    let constraints =
        Constraints { order_by: vec![by_b2], limit: Some(10_000_000), ..Constraints::default() };
    let (scan, splits) = setup.scan(&TableName::new("bench", "wide16"), None, constraints).await;
    setup.write(&scan, covering(splits[0].clone(), 0..1_000_000)).await.expect("rows");
    assert!(setup.store.take().bytes() > 189_000_000, "rows are missing");
    setup.check("ORDER BY ... LIMIT 10000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn lineitem_of_sf10_is_read_split_by_split() {
    let setup = Setup::new("tpch", MINUTES, SLOW).await;
    let name = TableName::new("sf10", "lineitem");
    let (all, splits) = setup.scan(&name, None, Constraints::default()).await;
    let result = setup.write(&all, splits[0].clone()).await;
    let error = result.expect_err("comments do not fit in memory");
    assert!(
        error.kind() == ErrorKind::InvalidInput && error.to_string().contains("512 MB"),
        "{error}"
    );
    let (scan, splits) = setup.scan(&name, Some("_comment"), Constraints::default()).await;
    let long = std::env::var_os("ATHENA_LONG_TESTS").is_some_and(|value| value == "1");
    let splits = if long { &splits } else { &splits[..2] };
    let mut rows = 0;
    let mut bytes = 0;
    let mut objects = 0;
    for split in splits {
        let batches = setup.read(&scan, split.clone()).await.expect("rows");
        rows += batches
            .try_fold(0, async |rows, batch| Ok(rows + batch.num_rows()))
            .await
            .expect("blocks");
        let written = setup.store.take();
        assert!(written.largest() <= LARGEST, "{} bytes", written.largest());
        (bytes, objects) = (bytes + written.bytes(), objects + written.len());
    }
    println!(
        "memory: {} splits of sf10.lineitem, {rows} rows, {objects} objects, {bytes} bytes",
        splits.len()
    );
    let cells = splits.len();
    if long {
        assert_eq!((rows, cells), (59_986_052, 60), "row count by the specification");
    }
    // 250,000 orders of one to seven lines each; 140 bytes per line, and a partially filled block
    // per cell.
    assert!(rows.abs_diff(cells * 1_000_000) < cells * 20_000, "{rows} rows");
    assert!((rows * 120..rows * 160).contains(&bytes), "{bytes} bytes of {rows} rows");
    assert!(objects <= bytes / LARGEST + 2 * cells, "{objects} objects of {bytes} bytes");
    setup.check("lineitem of sf10");
}
