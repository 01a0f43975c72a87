//! Requests for metadata while a query is planned.

use athena_engine::EngineOptions;
use athena_protocol::Request;

use super::fake::{Fake, orders};

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
