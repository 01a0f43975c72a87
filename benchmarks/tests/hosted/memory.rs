//! How much memory a function of 256 MB takes that reads more than it could ever hold, with blocks
//! of 16 MB.
//!
//! The host ends a function that goes over its memory, as Lambda does; what is asserted here is
//! tighter.

use std::time::Duration;

use athena_protocol::{
    Constraints, ErrorKind, TableName,
    predicate::{Direction, OrderByField},
};
use futures::TryStreamExt as _;
use test_store::{Fault, Faults, When};

use super::setup::{MINUTES, Setup, covering};

/// The largest object: Athena's block, encrypted.
const LARGEST: usize = 16_000_000;
/// Blocks wait for this store, and the source for the blocks.
const SLOW: Faults = Faults { when: When::From(0), fault: Fault::Slow(Duration::from_secs(2)) };

/// Reads wide16 without an end for 20 seconds; how many puts that were.
async fn endless(faults: Faults, what: &str) -> usize {
    let setup = Setup::new("bench", Duration::from_secs(20), faults).await;
    let (scan, splits) =
        setup.scan(&TableName::new("bench", "wide16"), None, Constraints::default()).await;
    let forgetting = setup.forget();
    let read = setup.write(&scan, covering(splits[0].clone(), 0..u64::MAX)).await;
    forgetting.abort();
    let error = read.expect_err("it has no end");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.to_string().contains("start=0"), "{error}");
    let puts = setup.store.puts();
    setup.check(&format!("a source without an end, {what}, {puts} puts"));
    puts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_an_end_is_stopped_by_the_deadline_in_bounded_memory() {
    let puts = endless(Faults::NONE, "a fast store").await;
    // A dev build makes 500; four times the memory of the function at least.
    assert!(puts > 64, "{puts} puts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_an_end_waits_for_a_slow_store_in_bounded_memory() {
    let puts = endless(SLOW, "a store that takes 2 s a put").await;
    // One at a time for 19 seconds.
    assert!((8..=11).contains(&puts), "{puts} puts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_store_holds_the_source_up() {
    let setup = Setup::new("bench", MINUTES, SLOW).await;
    let (scan, splits) =
        setup.scan(&TableName::new("bench", "wide16"), None, Constraints::default()).await;
    setup.write(&scan, covering(splits[0].clone(), 0..600_000)).await.expect("rows");
    assert!(setup.store.take().len() > 6);
    setup.check("a store that takes 2 s a put");
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
async fn a_top_n_beyond_memory_passes_its_rows_on() {
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
async fn lines_of_sf10_are_read_split_after_split() {
    let setup = Setup::new("tpch", MINUTES, SLOW).await;
    let name = TableName::new("sf10", "lineitem");
    let (all, splits) = setup.scan(&name, None, Constraints::default()).await;
    let refused = setup.write(&all, splits[0].clone()).await;
    let error = refused.expect_err("the text of comments does not fit");
    assert!(
        error.kind() == ErrorKind::InvalidInput && error.to_string().contains("512 MB"),
        "{error}"
    );
    let (scan, splits) = setup.scan(&name, Some("_comment"), Constraints::default()).await;
    let long = std::env::var_os("ATHENA_LONG_TESTS").is_some_and(|value| value == "1");
    let splits = if long { &splits } else { &splits[..2] };
    let (mut rows, mut bytes, mut objects) = (0, 0, 0);
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
        assert_eq!(
            (rows, cells),
            (59_986_052, 60),
            "the specification says how many lines there are"
        );
    }
    // 250,000 orders of one to seven lines each; 140 bytes a line, and a block that is not full for
    // each cell.
    assert!(rows.abs_diff(cells * 1_000_000) < cells * 20_000, "{rows} rows");
    assert!((rows * 120..rows * 160).contains(&bytes), "{bytes} bytes of {rows} rows");
    assert!(objects <= bytes / LARGEST + 2 * cells, "{objects} objects of {bytes} bytes");
    setup.check("lineitem of sf10");
}
