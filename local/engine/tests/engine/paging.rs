//! Pages of splits and tables.

use athena_protocol::Request;

use super::fake::{Fake, orders};

#[tokio::test]
async fn every_page_of_splits_is_read() {
    let splits = (0..7).map(|n| orders(n * 10..n * 10 + 10)).collect();
    let fake = Fake { splits_per_page: 3, ..Fake::new(splits) };
    let rows =
        fake.rows("SELECT count(*) AS n, count(DISTINCT id) AS d FROM lake.shop.orders").await;
    assert!(rows.contains("| 70 | 70 |"), "{rows}");
    assert_eq!(fake.count(|request| matches!(request, Request::GetSplits(_))), 3);
    assert_eq!(fake.reads().len(), 7);
}

#[tokio::test]
async fn pages_beyond_the_needed_rows_are_not_requested() {
    let splits = (0..50).map(|n| orders(n * 10..n * 10 + 10)).collect();
    let fake = Fake {
        splits_per_page: 1,
        capabilities: std::collections::BTreeMap::new(),
        ..Fake::new(splits)
    };
    fake.rows("SELECT id FROM lake.shop.orders LIMIT 1").await;
    assert!(fake.reads().len() < 30, "{} of 50 splits were read for one row", fake.reads().len());
}

#[tokio::test]
async fn every_page_of_tables_is_listed() {
    let fake = Fake { tables_per_page: 2, ..Fake::new(vec![]) };
    let rows = fake.rows("SHOW TABLES IN lake.shop").await;
    assert!(rows.contains("customers") && rows.contains("returns"), "{rows}");
}

#[tokio::test]
async fn a_table_without_splits_has_no_rows() {
    let rows = Fake::new(vec![]).rows("SELECT count(*) AS n FROM lake.shop.orders").await;
    assert!(rows.contains("| 0 |"), "{rows}");
}
