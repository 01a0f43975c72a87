//! Requests for metadata while a query is planned.

use athena_engine::EngineOptions;
use athena_protocol::Request;

use super::fake::{Fake, orders};

/// Runs `sql` and returns the names of the tables in its `GetTable` requests, sorted.
async fn requested_tables(sql: &str) -> Vec<String> {
    let fake = Fake::new(vec![orders(0..3)]);
    fake.rows(sql).await;
    let requests = fake.requests.lock().unwrap();
    let mut tables: Vec<String> = requests
        .iter()
        .filter_map(|request| match request {
            Request::GetTable(get) => Some(get.table_name.to_string()),
            _ => None,
        })
        .collect();
    tables.sort_unstable();
    tables
}

#[tokio::test]
async fn a_query_requests_each_of_its_tables_once() {
    for sql in [
        "SELECT id FROM lake.shop.orders WHERE id > 1 ORDER BY id LIMIT 1",
        "SELECT a.id FROM lake.shop.orders a JOIN lake.shop.orders b ON a.id = b.id",
        "SELECT a.id FROM lake.shop.orders a JOIN orders b ON a.id = b.id",
        "SELECT id FROM shop.orders WHERE id IN (SELECT max(id) FROM lake.shop.orders)",
        "SELECT id FROM orders UNION ALL SELECT id FROM lake.shop.orders",
        "DESCRIBE lake.shop.orders",
    ] {
        assert_eq!(requested_tables(sql).await, ["shop.orders"], "{sql}");
    }
}

#[tokio::test]
async fn information_schema_requests_each_table_once() {
    let all = ["shop.customers", "shop.orders", "shop.returns"];
    for sql in [
        "SELECT count(*) FROM lake.information_schema.columns",
        "SELECT count(*) FROM lake.information_schema.columns a \
         JOIN lake.information_schema.columns b ON a.column_name = b.column_name",
        "SELECT count(*) FROM lake.information_schema.columns a \
         JOIN lake.information_schema.views b ON a.table_name = b.table_name",
        "SELECT count(*) FROM lake.information_schema.columns, lake.shop.orders",
    ] {
        assert_eq!(requested_tables(sql).await, all, "{sql}");
    }
}

#[tokio::test]
async fn information_schema_requests_only_the_tables_that_its_filter_selects() {
    let columns = "SELECT count(*) FROM lake.information_schema.columns WHERE";
    for (filter, tables) in [
        ("table_name = 'orders'", &["shop.orders"][..]),
        (
            "table_schema = 'shop' AND table_name IN ('orders', 'returns')",
            &["shop.orders", "shop.returns"],
        ),
        ("table_name LIKE 'o%' AND column_name = 'id'", &["shop.orders"]),
        ("table_schema = 'elsewhere'", &[]),
        (
            "table_name = 'orders' OR column_name = 'id'",
            &["shop.customers", "shop.orders", "shop.returns"],
        ),
        ("column_name = 'id'", &["shop.customers", "shop.orders", "shop.returns"]),
    ] {
        assert_eq!(requested_tables(&format!("{columns} {filter}")).await, tables, "{filter}");
    }
}

#[tokio::test]
async fn a_table_that_fails_is_missing_in_information_schema() {
    let fake = Fake { broken: Some("returns"), ..Fake::new(vec![]) };
    let sql = "SELECT DISTINCT table_name FROM lake.information_schema.columns";
    let names = fake.rows(sql).await;
    assert!(names.contains("orders") && names.contains("customers"), "{names}");
    assert!(!names.contains("returns"), "{names}");
    let engine = fake.engine(EngineOptions::default());
    let error = engine.query(&format!("{sql} WHERE table_name = 'returns'")).await.unwrap_err();
    assert!(error.to_string().contains("shop.returns is broken"), "{error}");
}

#[tokio::test]
async fn names_in_information_schema_need_no_definitions() {
    let sql = "SELECT table_name FROM lake.information_schema.tables";
    assert!(requested_tables(sql).await.is_empty());
}

#[tokio::test]
async fn each_query_requests_its_tables_again() {
    let fake = Fake::new(vec![orders(0..3)]);
    let engine = fake.engine(EngineOptions::default());
    for _ in 0..2 {
        engine.query("SELECT id FROM lake.shop.orders").await.unwrap().collect().await.unwrap();
    }
    assert_eq!(fake.count(|request| matches!(request, Request::GetTable(_))), 2);
}

#[tokio::test]
async fn a_query_of_qualified_tables_lists_no_names() {
    let fake = Fake::new(vec![]);
    fake.rows("SELECT id FROM lake.shop.orders").await;
    assert_eq!(
        fake.count(|request| matches!(request, Request::ListTables(_) | Request::ListSchemas(_))),
        0
    );
}

#[tokio::test]
async fn ping_and_capabilities_are_requested_once_per_function() {
    let fake = Fake::new(vec![orders(0..3)]);
    let engine = fake.engine(EngineOptions::default());
    for _ in 0..3 {
        engine.query("SELECT id FROM lake.shop.orders").await.unwrap().collect().await.unwrap();
    }
    assert_eq!(fake.count(|request| matches!(request, Request::Ping(_))), 1);
    assert_eq!(fake.count(|request| matches!(request, Request::GetDataSourceCapabilities(_))), 1);
}
