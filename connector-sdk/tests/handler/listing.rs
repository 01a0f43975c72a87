//! Schemas and tables.

use athena_connector_sdk::{ErrorKind, Handler};
use athena_protocol::{
    Request, Response,
    message::{ListSchemasRequest, ListTablesRequest, ListTablesResponse},
};

use crate::fixture::*;

fn listing(tables: usize) -> Handler {
    Handler::new(Fake { tables, ..Fake::of(numbers(0, 1)) })
}

async fn page(handler: &Handler, request: ListTablesRequest) -> ListTablesResponse {
    match ask(handler, Request::ListTables(request)).await.unwrap() {
        Response::ListTables(answer) => answer,
        other => panic!("{}", other.type_name()),
    }
}

#[tokio::test]
async fn pages_of_any_size_list_every_table_once() {
    for (tables, size) in [(0, 1), (1, 1), (7, 1), (7, 3), (6, 3), (7, 100), (7, -1)] {
        let handler = listing(tables);
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let answer = page(&handler, tables_request("s", size, token)).await;
            assert!(size < 0 || answer.tables.len() <= usize::try_from(size).unwrap());
            assert!(!answer.tables.is_empty() || answer.next_token.is_none());
            found.extend(answer.tables.into_iter().map(|name| name.table));
            token = answer.next_token;
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
async fn all_tables_at_once_are_cut_where_an_answer_ends() {
    let tables = 250_000;
    let handler = listing(tables);
    let first = page(&handler, tables_request("s", -1, None)).await;
    let token = first.next_token.expect("250,000 names do not fit into 6 MB");
    let second = page(&handler, tables_request("s", -1, Some(token))).await;
    assert_eq!((first.tables.len() + second.tables.len(), second.next_token), (tables, None));
    assert_eq!(second.tables[0].table, format!("t{}", first.tables.len()));
}

#[tokio::test]
async fn a_token_belongs_to_its_catalog_and_schema_and_to_nothing_else() {
    let handler = listing(7);
    let token = page(&handler, tables_request("s", 3, None)).await.next_token;
    let request = tables_request("s", 3, token);
    // Another query and another page size may go on with the list.
    let other = ListTablesRequest { query_id: None, page_size: 2, ..request.clone() };
    assert_eq!(page(&handler, other).await.tables[0].table, "t3");
    let foreign = [
        ListTablesRequest { catalog_name: "d".into(), ..request.clone() },
        ListTablesRequest { schema_name: Some("r".into()), ..request },
    ];
    for request in foreign {
        assert_eq!(kind(&handler, Request::ListTables(request)).await, ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn an_edited_token_is_refused() {
    let handler = listing(7);
    let token = page(&handler, tables_request("s", 3, None)).await.next_token.unwrap();
    let json = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&token).unwrap();
    let json = String::from_utf8(json).unwrap();
    let edited = json.replace(r#""c":"3""#, r#""c":"4""#);
    assert_ne!(json, edited, "the cursor is where it was");
    let edited = base64_simd::URL_SAFE_NO_PAD.encode_to_string(edited);
    for token in
        [edited, String::new(), "3".into(), "!".into(), token[1..].to_owned(), "e30".into()]
    {
        let request = Request::ListTables(tables_request("s", 3, Some(token)));
        assert_eq!(kind(&handler, request).await, ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn a_page_of_nothing_is_refused() {
    for size in [0, -2, i32::MIN] {
        let request = Request::ListTables(tables_request("s", size, None));
        assert_eq!(kind(&listing(3), request).await, ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn a_catalog_lists_its_schemas_and_knows_no_others() {
    let request = ListSchemasRequest { identity: None, query_id: None, catalog_name: "c".into() };
    match ask(&math(), Request::ListSchemas(request)).await.unwrap() {
        Response::ListSchemas(answer) => assert_eq!(answer.schemas, ["math"]),
        other => panic!("{}", other.type_name()),
    }
    assert_eq!(page(&math(), tables_request("MATH", -1, None)).await.tables[0].table, "squares");
    let request = Request::ListTables(tables_request("physics", -1, None));
    assert_eq!(kind(&math(), request).await, ErrorKind::NotFound);
}
