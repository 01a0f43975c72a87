//! Faults in lists of schemas and tables.

use std::sync::Arc;

use athena_conformance::suite::Kind;
use athena_protocol::{
    Request, Response,
    message::{ListTablesRequest, ListTablesResponse},
};

use super::{
    super::{faulty_connector::FaultyConnector, paged::Paged},
    every_other_time,
};

/// Injects a fault in lists of tables.
fn tables(
    connector: FaultyConnector,
    fault: impl Fn(&ListTablesRequest, &mut ListTablesResponse) + Send + Sync + 'static,
) -> FaultyConnector {
    connector.map_response(move |request, response| {
        if let (Request::ListTables(request), Response::ListTables(response)) = (request, response)
        {
            fault(request, response);
        }
    })
}

pub(super) fn connectors() -> Vec<FaultyConnector> {
    let turn = every_other_time();
    vec![
        FaultyConnector::new(Kind::PagesSkip, "the token skips a table")
            .map_inner(|inner, _| Arc::new(Paged { table_offset: 1, ..Paged::correct(inner) })),
        FaultyConnector::new(Kind::PagesRepeat, "the token repeats a table")
            .map_inner(|inner, _| Arc::new(Paged { table_offset: -1, ..Paged::correct(inner) })),
        tables(
            FaultyConnector::new(Kind::ListUnstable, "every other list has the opposite order"),
            move |_, response| {
                if turn() {
                    response.tables.reverse();
                }
            },
        ),
        tables(
            FaultyConnector::new(Kind::NameListedTwice, "a table is listed twice"),
            |request, response| {
                if request.page_size == ListTablesRequest::UNLIMITED {
                    response.tables.extend(response.tables.first().cloned());
                }
            },
        ),
        FaultyConnector::new(Kind::PageTooLarge, "the page size is ignored").map_request(
            |request| {
                if let Request::ListTables(request) = request {
                    request.page_size = ListTablesRequest::UNLIMITED;
                }
            },
        ),
        FaultyConnector::new(Kind::PagesNeverEnd, "the last page of tables has a token")
            .map_request(|request| {
                if let Request::ListTables(request) = request {
                    request.next_token = None;
                }
            })
            .map_response(|_, response| {
                if let Response::ListTables(response) = response {
                    response.next_token = Some("more".to_owned());
                }
            }),
        FaultyConnector::new(Kind::NameNotInLowerCase, "tables are only found in upper case")
            .map_request(|request| {
                if let Request::GetTable(request) = request {
                    let lower = request.table_name.table.to_lowercase();
                    let is_upper = request.table_name.table != lower;
                    request.table_name.table =
                        if is_upper { lower } else { "no such table".to_owned() };
                }
            })
            .map_response(|request, response| match (request, response) {
                (Request::GetTable(request), Response::GetTable(response)) => {
                    response.table_name = request.table_name.clone();
                }
                (_, Response::ListTables(response)) => {
                    for table in &mut response.tables {
                        table.table = table.table.to_uppercase();
                    }
                }
                _ => {}
            }),
    ]
}
