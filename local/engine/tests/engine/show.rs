//! `SHOW`, `DESCRIBE` and `information_schema`.

use athena_protocol::Request;

use super::fake::Fake;

#[tokio::test]
async fn show_lists_catalogs_schemas_and_tables() {
    let fake = Fake::new(vec![]);
    assert!(fake.rows("SHOW CATALOGS").await.contains("lake"));
    assert!(fake.rows("SHOW SCHEMAS").await.contains("shop"));
    assert!(fake.rows("SHOW DATABASES IN lake").await.contains("shop"));
    let tables = fake.rows("SHOW TABLES IN shop LIKE 'o%'").await;
    assert!(tables.contains("orders") && !tables.contains("returns"), "{tables}");
    assert_eq!(fake.count(|request| matches!(request, Request::GetTable(_))), 0);
}

#[tokio::test]
async fn information_schema_has_tables_and_columns() {
    let fake = Fake::new(vec![]);
    let sql = "SELECT table_name FROM lake.information_schema.tables \
               WHERE table_schema = 'shop' ORDER BY 1";
    let tables = fake.rows(sql).await;
    assert!(tables.contains("customers") && tables.contains("orders"), "{tables}");
    let sql = "SELECT column_name, data_type FROM information_schema.columns \
               WHERE table_name = 'orders'";
    let columns = fake.rows(sql).await;
    assert!(columns.contains("amount") && columns.contains("double"), "{columns}");
}

#[tokio::test]
async fn describe_lists_the_columns_of_a_table() {
    let rows = Fake::new(vec![]).rows("DESCRIBE lake.shop.orders").await;
    assert!(rows.contains("region") && rows.contains("varchar"), "{rows}");
    assert!(rows.contains("where it was sold"), "the comment of a column is shown: {rows}");
}
