//! Lists of schemas and tables.

use athena_connector_sdk::{ErrorKind, Handler};
use athena_protocol::{
    Request, Response,
    message::{ListSchemasRequest, ListTablesRequest, ListTablesResponse},
};

use crate::fixture::*;

fn listing(tables: usize) -> Handler {
    Handler::new(FakeConnector { tables, ..FakeConnector::new(numbers(0, 1)) })
}

async fn page(handler: &Handler, request: ListTablesRequest) -> ListTablesResponse {
    match invoke(handler, Request::ListTables(request)).await.unwrap() {
        Response::ListTables(response) => response,
        other => panic!("{}", other.type_name()),
    }
}

#[tokio::test]
async fn pages_of_any_size_list_every_table_once() {
    for (tables, size) in [(0, 1), (1, 1), (7, 1), (7, 3), (6, 3), (7, 100), (7, -1)] {
        let handler = listing(tables);
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let response = page(&handler, tables_request("s", size, token)).await;
            assert!(size < 0 || response.tables.len() <= usize::try_from(size).unwrap());
            assert!(!response.tables.is_empty() || response.next_token.is_none());
            found.extend(response.tables.into_iter().map(|name| name.table));
            token = response.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(
            found,
            (0..tables).map(|n| format!("t{n}")).collect::<Vec<_>>(),
            "pages of {size}"
        );
    }
}

#[tokio::test]
async fn an_unlimited_page_of_tables_ends_where_the_response_is_full() {
    let tables = 250_000;
    let handler = listing(tables);
    let first = page(&handler, tables_request("s", -1, None)).await;
    let token = first.next_token.expect("250,000 names do not fit into 6 MB");
    let second = page(&handler, tables_request("s", -1, Some(token))).await;
    assert_eq!((first.tables.len() + second.tables.len(), second.next_token), (tables, None));
    assert_eq!(second.tables[0].table, format!("t{}", first.tables.len()));
}

#[tokio::test]
async fn a_token_is_bound_only_to_its_catalog_and_schema() {
    let handler = listing(7);
    let token = page(&handler, tables_request("s", 3, None)).await.next_token;
    let request = tables_request("s", 3, token);
    // Another query, with another page size, may continue the list.
    let other = ListTablesRequest { query_id: None, page_size: 2, ..request.clone() };
    assert_eq!(page(&handler, other).await.tables[0].table, "t3");
    let foreign = [
        ListTablesRequest { catalog_name: "d".into(), ..request.clone() },
        ListTablesRequest { schema_name: Some("r".into()), ..request },
    ];
    for request in foreign {
        assert_eq!(
            error_kind(&handler, Request::ListTables(request)).await,
            ErrorKind::InvalidInput
        );
    }
}

#[tokio::test]
async fn an_edited_token_is_rejected() {
    let handler = listing(7);
    let token = page(&handler, tables_request("s", 3, None)).await.next_token.unwrap();
    let json = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&token).unwrap();
    let json = String::from_utf8(json).unwrap();
    let edited = json.replace(r#""c":"3""#, r#""c":"4""#);
    assert_ne!(json, edited, "the cursor has been edited");
    let edited = base64_simd::URL_SAFE_NO_PAD.encode_to_string(edited);
    for token in
        [edited, String::new(), "3".into(), "!".into(), token[1..].to_owned(), "e30".into()]
    {
        let request = Request::ListTables(tables_request("s", 3, Some(token)));
        assert_eq!(error_kind(&handler, request).await, ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn an_invalid_page_size_is_rejected() {
    for size in [0, -2, i32::MIN] {
        let request = Request::ListTables(tables_request("s", size, None));
        assert_eq!(error_kind(&listing(3), request).await, ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn a_static_connector_lists_its_schemas_and_rejects_others() {
    let request = ListSchemasRequest { identity: None, query_id: None, catalog_name: "c".into() };
    match invoke(&math(), Request::ListSchemas(request)).await.unwrap() {
        Response::ListSchemas(response) => assert_eq!(response.schemas, ["math"]),
        other => panic!("{}", other.type_name()),
    }
    assert_eq!(page(&math(), tables_request("MATH", -1, None)).await.tables[0].table, "squares");
    let request = Request::ListTables(tables_request("physics", -1, None));
    assert_eq!(error_kind(&math(), request).await, ErrorKind::NotFound);
}
