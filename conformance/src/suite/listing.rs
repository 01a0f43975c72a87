//! Lists of schemas and tables: completeness, stability and pagination.

use std::collections::BTreeSet;

use athena_protocol::{TableName, message::ListTablesRequest};

use super::{
    Area, Kind,
    client::Client,
    report::{Fault, Report},
};

/// Checks the lists, and returns every table of every schema.
pub(crate) async fn check(client: &Client, report: &mut Report) -> Vec<TableName> {
    report.count_check(Area::Listing);
    let Some(schemas) = report.ok_or_record(None, client.list_schemas().await) else {
        return Vec::new();
    };
    if let Some(again) = report.ok_or_record(None, client.list_schemas().await)
        && again.response != schemas.response
    {
        let message = format!("schemas are {:?}, then {:?}", schemas.response, again.response);
        report.add(None, Fault::new(Kind::ListUnstable, &again.request, message));
    }
    if let Some(twice) = repeated(&schemas.response) {
        report.add(
            None,
            Fault::new(
                Kind::NameListedTwice,
                &schemas.request,
                format!("schema {twice:?} is listed twice"),
            ),
        );
    }
    let mut tables = Vec::new();
    for schema in &schemas.response {
        tables.extend(tables_of(client, report, schema).await);
    }
    tables
}

async fn tables_of(client: &Client, report: &mut Report, schema: &str) -> Vec<TableName> {
    report.count_check(Area::Listing);
    let all = client.list_tables(schema, ListTablesRequest::UNLIMITED).await;
    let Some(all) = report.ok_or_record(None, all) else { return Vec::new() };
    let whole: Vec<TableName> = all.response.concat();
    if let Some(foreign) = whole.iter().find(|table| table.schema != schema) {
        let message = format!("{foreign} is listed among the tables of {schema:?}");
        report.add(None, Fault::new(Kind::ListUnstable, &all.request, message));
    }
    if let Some(twice) = repeated(&whole) {
        report.add(
            None,
            Fault::new(
                Kind::NameListedTwice,
                &all.request,
                format!("table {twice} is listed twice"),
            ),
        );
    }
    if let Some(again) =
        report.ok_or_record(None, client.list_tables(schema, ListTablesRequest::UNLIMITED).await)
    {
        let listed = again.response.concat();
        if listed != whole {
            let message = format!(
                "schema {schema:?} has {} tables, then {} or others",
                whole.len(),
                listed.len()
            );
            report.add(None, Fault::new(Kind::ListUnstable, &again.request, message));
        }
    }
    let listed = Listed { schema, tables: &whole };
    for size in page_sizes(whole.len()) {
        pages(client, report, &listed, size).await;
    }
    whole
}

/// Returns page sizes at which the last page is full, has one table, lacks one, or is the only
/// one. Sizes that need many requests are left out.
fn page_sizes(tables: usize) -> BTreeSet<i32> {
    const MOST_PAGES: usize = 40;
    let sizes = [1, 2, 3, tables / 2, tables.saturating_sub(1), tables, tables + 1, 1_000];
    sizes
        .into_iter()
        .filter(|&size| size > 0 && tables / size <= MOST_PAGES)
        .filter_map(|size| i32::try_from(size).ok())
        .collect()
}

/// Unpaginated list of the tables of a schema.
struct Listed<'a> {
    schema: &'a str,
    tables: &'a [TableName],
}

/// Lists the tables in pages of `size`, and compares them with the unpaginated list.
async fn pages(client: &Client, report: &mut Report, listed: &Listed<'_>, size: i32) {
    let Listed { schema, tables } = *listed;
    report.count_check(Area::Listing);
    let Some(pages) = report.ok_or_record(None, client.list_tables(schema, size).await) else {
        return;
    };
    let request = pages.request;
    let mut add = |kind, message: String| report.add(None, Fault::new(kind, &request, message));
    let most = usize::try_from(size).unwrap_or(usize::MAX);
    if let Some(page) = pages.response.iter().find(|page| page.len() > most) {
        add(
            Kind::PageTooLarge,
            format!("a page of size {size} has {} tables of {schema:?}", page.len()),
        );
    }
    let in_pages: Vec<&TableName> = pages.response.iter().flatten().collect();
    let found: BTreeSet<&TableName> = in_pages.iter().copied().collect();
    let expected: BTreeSet<&TableName> = tables.iter().collect();
    let missing = expected.difference(&found).count();
    if missing > 0 {
        add(
            Kind::PagesSkip,
            format!("pages of {size} skip {missing} of {} tables of {schema:?}", tables.len()),
        );
    }
    if in_pages.len() > found.len() {
        let repeated = in_pages.len() - found.len();
        add(Kind::PagesRepeat, format!("pages of {size} repeat {repeated} tables of {schema:?}"));
    }
    let extra = found.difference(&expected).count();
    if extra > 0 {
        add(
            Kind::ListUnstable,
            format!("pages of {size} have {extra} tables of {schema:?} that the full list lacks"),
        );
    } else if missing == 0 && in_pages.len() == found.len() && !in_pages.iter().copied().eq(tables)
    {
        add(
            Kind::ListUnstable,
            format!("pages of {size} list the tables of {schema:?} in another order"),
        );
    }
}

fn repeated<T: Ord>(names: &[T]) -> Option<&T> {
    let mut seen = BTreeSet::new();
    names.iter().find(|name| !seen.insert(*name))
}
