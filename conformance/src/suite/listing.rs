//! Schemas and tables: complete, stable, and in pages of every size.

use std::collections::BTreeSet;

use athena_protocol::{TableName, message::ListTablesRequest};

use super::{
    Area, Kind,
    caller::Caller,
    report::{Fault, Report},
};

/// Every table of every schema, and what is wrong with how they are listed.
pub(crate) async fn check(caller: &Caller, report: &mut Report) -> Vec<TableName> {
    report.checked(Area::Listing);
    let Some(schemas) = report.take(None, caller.list_schemas().await) else { return Vec::new() };
    if let Some(again) = report.take(None, caller.list_schemas().await)
        && again.answer != schemas.answer
    {
        let sentence = format!("schemas were {:?} and then {:?}", schemas.answer, again.answer);
        report.add(None, Fault::new(Kind::ListUnstable, &again.request, sentence));
    }
    if let Some(twice) = repeated(&schemas.answer) {
        report.add(
            None,
            Fault::new(
                Kind::NameListedTwice,
                &schemas.request,
                format!("schema {twice:?} is there twice"),
            ),
        );
    }
    let mut tables = Vec::new();
    for schema in &schemas.answer {
        tables.extend(tables_of(caller, report, schema).await);
    }
    tables
}

async fn tables_of(caller: &Caller, report: &mut Report, schema: &str) -> Vec<TableName> {
    report.checked(Area::Listing);
    let all = caller.list_tables(schema, ListTablesRequest::UNLIMITED).await;
    let Some(all) = report.take(None, all) else { return Vec::new() };
    let whole: Vec<TableName> = all.answer.concat();
    if let Some(stranger) = whole.iter().find(|table| table.schema != schema) {
        let sentence = format!("{stranger} is listed among the tables of {schema:?}");
        report.add(None, Fault::new(Kind::ListUnstable, &all.request, sentence));
    }
    if let Some(twice) = repeated(&whole) {
        report.add(
            None,
            Fault::new(
                Kind::NameListedTwice,
                &all.request,
                format!("table {twice} is there twice"),
            ),
        );
    }
    if let Some(again) =
        report.take(None, caller.list_tables(schema, ListTablesRequest::UNLIMITED).await)
    {
        let listed = again.answer.concat();
        if listed != whole {
            let sentence = format!(
                "{} tables of {schema:?}, and then {} or others",
                whole.len(),
                listed.len()
            );
            report.add(None, Fault::new(Kind::ListUnstable, &again.request, sentence));
        }
    }
    for size in page_sizes(whole.len()) {
        pages(caller, report, (schema, size), &whole).await;
    }
    whole
}

/// Sizes at which the last page is full, has one table, lacks one, or is the only one. A page at a
/// time is asked for only where that is few requests.
fn page_sizes(tables: usize) -> BTreeSet<i32> {
    const MOST_PAGES: usize = 40;
    let sizes = [1, 2, 3, tables / 2, tables.saturating_sub(1), tables, tables + 1, 1_000];
    sizes
        .into_iter()
        .filter(|&size| size > 0 && tables / size <= MOST_PAGES)
        .filter_map(|size| i32::try_from(size).ok())
        .collect()
}

/// Lists `schema` in pages of one size.
async fn pages(
    caller: &Caller,
    report: &mut Report,
    (schema, size): (&str, i32),
    whole: &[TableName],
) {
    report.checked(Area::Listing);
    let Some(pages) = report.take(None, caller.list_tables(schema, size).await) else { return };
    let request = pages.request;
    let mut add = |kind, sentence: String| report.add(None, Fault::new(kind, &request, sentence));
    let most = usize::try_from(size).unwrap_or(usize::MAX);
    if let Some(page) = pages.answer.iter().find(|page| page.len() > most) {
        add(
            Kind::PageTooLarge,
            format!("a page of {} tables of {schema:?}, for a page size of {size}", page.len()),
        );
    }
    let listed: Vec<&TableName> = pages.answer.iter().flatten().collect();
    let (found, expected): (BTreeSet<&TableName>, BTreeSet<&TableName>) =
        (listed.iter().copied().collect(), whole.iter().collect());
    let missing = expected.difference(&found).count();
    if missing > 0 {
        add(
            Kind::PagesSkip,
            format!("pages of {size} leave out {missing} of {} tables of {schema:?}", whole.len()),
        );
    }
    if listed.len() > found.len() {
        let again = listed.len() - found.len();
        add(
            Kind::PagesRepeat,
            format!("pages of {size} list {again} tables of {schema:?} once more"),
        );
    }
    let strangers = found.difference(&expected).count();
    if strangers > 0 {
        add(
            Kind::ListUnstable,
            format!("pages of {size} list {strangers} tables of {schema:?} that the list has not"),
        );
    } else if missing == 0 && listed.len() == found.len() && !listed.iter().copied().eq(whole) {
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
