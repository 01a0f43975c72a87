//! Pushdown of limits.

use athena_engine::{EngineOptions, PushdownMode};
use athena_protocol::predicate::Direction;

use super::fake::{FUNCTIONS, Fake, announce, orders, with_pushdown};

fn two_splits() -> Fake {
    Fake::new(vec![orders(0..10), orders(10..20)])
}

async fn pushed_limit(fake: &Fake, sql: &str) -> Option<u64> {
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
async fn a_limit_without_filters_is_pushed_down() {
    let fake = two_splits();
    assert_eq!(pushed_limit(&fake, "SELECT id FROM lake.shop.orders LIMIT 5").await, Some(5));
    assert_eq!(
        pushed_limit(&fake, "SELECT id FROM lake.shop.orders OFFSET 2 LIMIT 5").await,
        Some(7)
    );
    assert_eq!(pushed_limit(&fake, "SELECT id + 1 FROM lake.shop.orders LIMIT 5").await, Some(5));
}

#[tokio::test]
async fn a_limit_is_pushed_down_with_filters_that_are_pushed_down_completely() {
    let fake = two_splits();
    assert_eq!(
        pushed_limit(&fake, "SELECT id FROM lake.shop.orders WHERE id > 3 LIMIT 5").await,
        Some(5)
    );
    let like = "SELECT o.id FROM lake.shop.orders o WHERE o.region LIKE 'a%' LIMIT 5";
    assert_eq!(pushed_limit(&fake, like).await, Some(5));
}

#[tokio::test]
async fn a_limit_is_not_pushed_down_if_the_engine_still_removes_rows() {
    let fake = two_splits();
    for sql in [
        "SELECT id FROM lake.shop.orders WHERE upper(region) = 'AMER' LIMIT 5",
        "SELECT id FROM lake.shop.orders WHERE id > 3 AND upper(region) = 'AMER' LIMIT 5",
        "SELECT DISTINCT region FROM lake.shop.orders LIMIT 2",
        "SELECT region, count(*) FROM lake.shop.orders GROUP BY region LIMIT 2",
        "SELECT a.id FROM lake.shop.orders a JOIN lake.shop.orders b ON a.id = b.id LIMIT 2",
    ] {
        assert_eq!(pushed_limit(&fake, sql).await, None, "{sql}");
    }
}

#[tokio::test]
async fn a_limit_with_an_order_is_pushed_down_only_together_with_it() {
    let fake = two_splits();
    let sql = "SELECT id FROM lake.shop.orders ORDER BY amount DESC, id LIMIT 3";
    assert_eq!(pushed_limit(&fake, sql).await, Some(3));
    let order = fake.constraints().order_by;
    assert_eq!(order[0].column_name.as_deref(), Some("amount"));
    assert_eq!(order[0].direction, Direction::DescNullsLast, "as in Athena, nulls come last");
    assert_eq!(order[1].direction, Direction::AscNullsLast);

    let no_top_n = Fake { capabilities: announce(FUNCTIONS, true, false), ..two_splits() };
    assert_eq!(pushed_limit(&no_top_n, sql).await, None);
    let computed = "SELECT id FROM lake.shop.orders ORDER BY amount * 2 LIMIT 3";
    assert_eq!(pushed_limit(&fake, computed).await, None);
}

#[tokio::test]
async fn a_limit_needs_a_capability_and_full_pushdown() {
    let sql = "SELECT id FROM lake.shop.orders LIMIT 5";
    let plain = Fake { capabilities: announce(FUNCTIONS, false, true), ..two_splits() };
    assert_eq!(pushed_limit(&plain, sql).await, None);
    let fake = two_splits();
    fake.rows_with(sql, with_pushdown(PushdownMode::Sets)).await;
    assert_eq!(fake.constraints().limit, None);
}

#[tokio::test]
async fn the_engine_applies_a_limit_that_a_connector_ignores() {
    // The fake ignores limits.
    let rows = two_splits().rows("SELECT id FROM lake.shop.orders ORDER BY id DESC LIMIT 3").await;
    assert_eq!(rows.lines().count(), 3 + 4);
    assert!(rows.contains("19") && rows.contains("17") && !rows.contains("16"), "{rows}");
}

#[tokio::test]
async fn a_trusted_limit_is_not_applied_again_except_to_merge_splits() {
    let trust = || EngineOptions { trust: true, ..EngineOptions::default() };
    let sql = "SELECT id FROM lake.shop.orders ORDER BY id DESC LIMIT 3";
    let one_split = Fake::new(vec![orders(0..10)]);
    let rows = one_split.rows_with(sql, trust()).await;
    assert_eq!(rows.lines().count(), 10 + 4, "the fake ignores limits");
    // The engine has to merge several splits.
    let rows = two_splits().rows_with(sql, trust()).await;
    assert_eq!(rows.lines().count(), 3 + 4);
    assert!(rows.contains("19"), "{rows}");
}
