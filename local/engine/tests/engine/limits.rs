//! When a limit may be sent, and when not.

use athena_engine::{EngineOptions, PushdownMode};
use athena_protocol::predicate::Direction;

use super::fake::{FUNCTIONS, Fake, announce, orders, pushing};

fn two_splits() -> Fake {
    Fake::new(vec![orders(0..10), orders(10..20)])
}

async fn limit_sent(fake: &Fake, sql: &str) -> Option<u64> {
    fake.requests.lock().unwrap().clear();
    fake.rows(sql).await;
    let constraints = fake.constraints();
    assert!(
        constraints.limit.is_some() || constraints.order_by.is_empty(),
        "an order without a limit"
    );
    constraints.limit
}

#[tokio::test]
async fn a_limit_alone_is_sent() {
    let fake = two_splits();
    assert_eq!(limit_sent(&fake, "SELECT id FROM lake.shop.orders LIMIT 5").await, Some(5));
    assert_eq!(
        limit_sent(&fake, "SELECT id FROM lake.shop.orders OFFSET 2 LIMIT 5").await,
        Some(7)
    );
    assert_eq!(limit_sent(&fake, "SELECT id + 1 FROM lake.shop.orders LIMIT 5").await, Some(5));
}

#[tokio::test]
async fn a_limit_is_sent_with_filters_that_are_sent_whole() {
    let fake = two_splits();
    assert_eq!(
        limit_sent(&fake, "SELECT id FROM lake.shop.orders WHERE id > 3 LIMIT 5").await,
        Some(5)
    );
    let like = "SELECT o.id FROM lake.shop.orders o WHERE o.region LIKE 'a%' LIMIT 5";
    assert_eq!(limit_sent(&fake, like).await, Some(5));
}

#[tokio::test]
async fn a_limit_is_not_sent_if_the_engine_still_removes_rows() {
    let fake = two_splits();
    for sql in [
        "SELECT id FROM lake.shop.orders WHERE upper(region) = 'AMER' LIMIT 5",
        "SELECT id FROM lake.shop.orders WHERE id > 3 AND upper(region) = 'AMER' LIMIT 5",
        "SELECT DISTINCT region FROM lake.shop.orders LIMIT 2",
        "SELECT region, count(*) FROM lake.shop.orders GROUP BY region LIMIT 2",
        "SELECT a.id FROM lake.shop.orders a JOIN lake.shop.orders b ON a.id = b.id LIMIT 2",
    ] {
        assert_eq!(limit_sent(&fake, sql).await, None, "{sql}");
    }
}

#[tokio::test]
async fn a_limit_needs_its_order_or_is_not_sent() {
    let fake = two_splits();
    let sql = "SELECT id FROM lake.shop.orders ORDER BY amount DESC, id LIMIT 3";
    assert_eq!(limit_sent(&fake, sql).await, Some(3));
    let order = fake.constraints().order_by;
    assert_eq!(order[0].column_name.as_deref(), Some("amount"));
    assert_eq!(order[0].direction, Direction::DescNullsLast, "as in Athena, nulls come last");
    assert_eq!(order[1].direction, Direction::AscNullsLast);

    let no_top_n = Fake { capabilities: announce(FUNCTIONS, true, false), ..two_splits() };
    assert_eq!(limit_sent(&no_top_n, sql).await, None);
    let computed = "SELECT id FROM lake.shop.orders ORDER BY amount * 2 LIMIT 3";
    assert_eq!(limit_sent(&fake, computed).await, None);
}

#[tokio::test]
async fn a_limit_is_not_sent_unannounced_or_in_lower_modes() {
    let sql = "SELECT id FROM lake.shop.orders LIMIT 5";
    let plain = Fake { capabilities: announce(FUNCTIONS, false, true), ..two_splits() };
    assert_eq!(limit_sent(&plain, sql).await, None);
    let fake = two_splits();
    fake.rows_with(sql, pushing(PushdownMode::Sets)).await;
    assert_eq!(fake.constraints().limit, None);
}

#[tokio::test]
async fn the_engine_limits_again_what_a_connector_did_not() {
    // The fake ignores limits.
    let rows = two_splits().rows("SELECT id FROM lake.shop.orders ORDER BY id DESC LIMIT 3").await;
    assert_eq!(rows.lines().count(), 3 + 4);
    assert!(rows.contains("19") && rows.contains("17") && !rows.contains("16"), "{rows}");
}

#[tokio::test]
async fn a_trusted_limit_shows_what_the_connector_did() {
    let trust = || EngineOptions { trust: true, ..EngineOptions::default() };
    let sql = "SELECT id FROM lake.shop.orders ORDER BY id DESC LIMIT 3";
    let one_split = Fake::new(vec![orders(0..10)]);
    let rows = one_split.rows_with(sql, trust()).await;
    assert_eq!(rows.lines().count(), 10 + 4, "the fake ignores limits");
    // Several splits have to be merged by somebody.
    let rows = two_splits().rows_with(sql, trust()).await;
    assert_eq!(rows.lines().count(), 3 + 4);
    assert!(rows.contains("19"), "{rows}");
}
