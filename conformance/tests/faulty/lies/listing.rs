//! Lies about schemas and tables.

use std::sync::Arc;

use athena_conformance::suite::Kind;
use athena_protocol::{
    Request, Response,
    message::{ListTablesRequest, ListTablesResponse},
};

use super::{
    super::{liar::Liar, paged::Paged},
    every_other_time,
};

fn tables(
    liar: Liar,
    lie: impl Fn(&ListTablesRequest, &mut ListTablesResponse) + Send + Sync + 'static,
) -> Liar {
    liar.saying(move |asked, answer| {
        if let (Request::ListTables(asked), Response::ListTables(answer)) = (asked, answer) {
            lie(asked, answer);
        }
    })
}

pub(super) fn lies() -> Vec<Liar> {
    let turn = every_other_time();
    vec![
        Liar::new(Kind::PagesSkip, "the token skips a table")
            .over(|inner, _| Arc::new(Paged { tables_off: 1, ..Paged::honest(inner) })),
        Liar::new(Kind::PagesRepeat, "the token repeats a table")
            .over(|inner, _| Arc::new(Paged { tables_off: -1, ..Paged::honest(inner) })),
        tables(
            Liar::new(Kind::ListUnstable, "tables come in another order each time"),
            move |_, answer| {
                if turn() {
                    answer.tables.reverse();
                }
            },
        ),
        tables(Liar::new(Kind::NameListedTwice, "a table is listed twice"), |asked, answer| {
            if asked.page_size == ListTablesRequest::UNLIMITED {
                answer.tables.extend(answer.tables.first().cloned());
            }
        }),
        Liar::new(Kind::PageTooLarge, "the page size is ignored").hearing(|request| {
            if let Request::ListTables(request) = request {
                request.page_size = ListTablesRequest::UNLIMITED;
            }
        }),
        Liar::new(Kind::PagesNeverEnd, "the last page has a token")
            .hearing(|request| {
                if let Request::ListTables(request) = request {
                    request.next_token = None;
                }
            })
            .saying(|_, answer| {
                if let Response::ListTables(answer) = answer {
                    answer.next_token = Some("more".to_owned());
                }
            }),
        Liar::new(Kind::NameNotInLowerCase, "names are found in upper case alone")
            .hearing(|request| {
                if let Request::GetTable(request) = request {
                    let lower = request.table_name.table.to_lowercase();
                    let is_upper = request.table_name.table != lower;
                    request.table_name.table =
                        if is_upper { lower } else { "no such table".to_owned() };
                }
            })
            .saying(|asked, answer| match (asked, answer) {
                (Request::GetTable(asked), Response::GetTable(answer)) => {
                    answer.table_name = asked.table_name.clone()
                }
                (_, Response::ListTables(answer)) => {
                    for table in &mut answer.tables {
                        table.table = table.table.to_uppercase();
                    }
                }
                _ => {}
            }),
    ]
}
