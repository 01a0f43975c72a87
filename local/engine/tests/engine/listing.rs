//! Names without rows.

use athena_protocol::Request;

use super::fake::Fake;

#[tokio::test]
async fn catalogs_schemas_and_tables_are_listed() {
    let fake = Fake::new(vec![]);
    assert!(fake.rows("SHOW CATALOGS").await.contains("lake"));
    assert!(fake.rows("SHOW SCHEMAS").await.contains("shop"));
    assert!(fake.rows("SHOW DATABASES IN lake").await.contains("shop"));
    let tables = fake.rows("SHOW TABLES IN shop LIKE 'o%'").await;
    assert!(tables.contains("orders") && !tables.contains("returns"), "{tables}");
    assert_eq!(fake.count(|request| matches!(request, Request::GetTable(_))), 0);
}

#[tokio::test]
async fn information_schema_knows_tables_and_columns() {
    let fake = Fake::new(vec![]);
    let tables =
        fake.rows("SELECT table_name FROM lake.information_schema.tables WHERE table_schema = 'shop' ORDER BY 1").await;
    assert!(tables.contains("customers") && tables.contains("orders"), "{tables}");
    let columns =
        fake.rows("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'orders'").await;
    assert!(columns.contains("amount") && columns.contains("Float64"), "{columns}");
}

#[tokio::test]
async fn a_query_asks_for_the_tables_that_it_names_and_no_others() {
    let fake = Fake::new(vec![]);
    fake.rows("SELECT id FROM lake.shop.orders").await;
    assert_eq!(fake.count(|request| matches!(request, Request::GetTable(_))), 1);
    assert_eq!(
        fake.count(|request| matches!(request, Request::ListTables(_) | Request::ListSchemas(_))),
        0
    );
}

#[tokio::test]
async fn a_table_is_described() {
    let rows = Fake::new(vec![]).rows("DESCRIBE lake.shop.orders").await;
    assert!(rows.contains("region") && rows.contains("Utf8"), "{rows}");
}

#[tokio::test]
async fn a_function_is_pinged_and_asked_for_its_capabilities_once() {
    let fake = Fake::new(vec![super::fake::orders(0..3)]);
    let engine = fake.engine(athena_engine::EngineOptions::default());
    for _ in 0..3 {
        engine.query("SELECT id FROM lake.shop.orders").await.unwrap().collect().await.unwrap();
    }
    assert_eq!(fake.count(|request| matches!(request, Request::Ping(_))), 1);
    assert_eq!(fake.count(|request| matches!(request, Request::GetDataSourceCapabilities(_))), 1);
}
