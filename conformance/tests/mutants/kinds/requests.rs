//! Faults between requests: caches, failures, and definitions that change.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Field, Schema},
};
use athena_conformance::oracle::Cell;
use athena_protocol::{Request, Response, message::ReadRecordsRequest, predicate::ValueSet};

use super::super::{
    ask::{Is, ask},
    faults::{members, nothing_like},
    mutant::{Fault, Mutant, mutant},
    source::Level::{Full, None, Partial},
    tables::Source::{Events, Numbers, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = caches();
    mutants.extend(failures());
    mutants.extend(definitions());
    mutants
}

/// Returns earlier rows of a request with the same key.
fn cached(key: impl Fn(&ReadRecordsRequest) -> String + Send + Sync + 'static) -> Fault {
    let cache = Mutex::new(HashMap::<String, RecordBatch>::new());
    Fault::in_rows(move |read, rows| {
        let mut cache = cache.lock().expect("no panic");
        cache.entry(key(read.request)).or_insert(rows).clone()
    })
}

/// Describes the table, the split, the columns and the sizes.
fn place(request: &ReadRecordsRequest) -> String {
    let columns: Vec<_> =
        request.schema.fields().iter().map(|field| field.name().as_str()).collect();
    format!("{} {:?} {columns:?}", request.table_name, request.split.properties.get("split"))
}

fn caches() -> Vec<Mutant> {
    let kind = "cache returns the rows of another request";
    vec![
        mutant(
            kind,
            "upper bounds are not in the key",
            (Numbers, Full),
            cached(|request| {
                let mut constraints = request.constraints.clone();
                for set in constraints.summary.values_mut() {
                    if let ValueSet::SortedRange(set) = set {
                        for range in &mut set.ranges {
                            range.high = range.low.clone();
                        }
                    }
                }
                format!("{} {constraints:?}", place(request))
            }),
        )
        .shown_by(
            ask("ledger")
                .split(0)
                .when("amount", Is::Between("1", "3"))
                .after(ask("ledger").split(0).when("amount", Is::Equal("1"))),
        )
        .answered("1 2", ""),
        mutant(
            kind,
            "the limit is not in the key",
            (Texts, Full),
            cached(|request| {
                let mut constraints = request.constraints.clone();
                constraints.limit = Option::None;
                format!("{} {constraints:?}", place(request))
            }),
        )
        .shown_by(
            ask("visits")
                .split(0)
                .columns(&["city"])
                .limit(3)
                .after(ask("visits").split(0).columns(&["city"]).limit(1)),
        )
        .answered("Rome Oslo Lima", "Rome"),
    ]
}

fn failures() -> Vec<Mutant> {
    let kind = "valid request fails";
    vec![
        mutant(
            kind,
            "conditions on three columns",
            (Numbers, Full),
            Fault::refusing(|request| match request {
                Request::ReadRecords(read) => read.constraints.summary.len() > 2,
                _ => false,
            }),
        )
        .shown_by(
            ask("ledger")
                .split(0)
                .when("amount", Is::AtMost("5"))
                .when("small", Is::AtLeast("0"))
                .when("price", Is::Equal("9.99")),
        )
        .answered("4 22", "error"),
        mutant(
            "condition with an accented text finds nothing",
            "name",
            (Texts, Partial),
            Fault::in_read(|read| {
                let Some(set) = read.constraints.summary.get_mut("name") else { return };
                let quoted = members(set).is_some_and(|members| {
                    let accented = |member: &Cell| match member {
                        Cell::Text(text) => !text.is_ascii(),
                        _ => false,
                    };
                    members.iter().any(accented)
                });
                if quoted {
                    *set = nothing_like(set);
                }
            }),
        )
        .shown_by(ask("people").split(0).when("name", Is::Equal("p\u{e9}rson 1")))
        .answered("3 7 15 27 39", "3 15 27 39"),
    ]
}

fn definitions() -> Vec<Mutant> {
    let kind = "definition of a table changes";
    let described = AtomicUsize::new(0);
    vec![
        mutant(
            kind,
            "every third description lacks the last column",
            (Texts, None),
            Fault::in_response(move |_, _, response| {
                if let Response::GetTable(response) = response
                    && described.fetch_add(1, Ordering::Relaxed) % 3 == 2
                {
                    let fields = response.schema.fields();
                    let fields: Vec<_> = fields.iter().take(fields.len() - 1).cloned().collect();
                    response.schema = Arc::new(Schema::new(fields));
                }
            }),
        )
        .shown_by(
            ask("people")
                .split(0)
                .columns(&["zoned"])
                .when("id", Is::Equal("0"))
                .after(ask("people").split(0))
                .after(ask("people").split(1)),
        )
        .answered("50 rows, 3 with null", "error"),
        mutant(
            kind,
            "a read returns a wider type",
            (Events, Partial),
            Fault::in_response(|_, request, response| {
                let (Request::ReadRecords(request), Response::ReadRecords(response)) =
                    (request, response)
                else {
                    return;
                };
                let Ok(index) = response.records.schema().index_of("first") else { return };
                if !request.constraints.summary.contains_key("first") {
                    return;
                }
                let rows = &response.records;
                let wide =
                    arrow::compute::cast(rows.column(index), &DataType::Int64).expect("a number");
                let mut columns = rows.columns().to_vec();
                columns[index] = wide;
                let schema = rows.schema();
                let fields: Vec<Field> = schema
                    .fields()
                    .iter()
                    .map(|field| match field.name().as_str() {
                        "first" => field.as_ref().clone().with_data_type(DataType::Int64),
                        _ => field.as_ref().clone(),
                    })
                    .collect();
                response.records = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
                    .expect("the new type");
            }),
        )
        .shown_by(ask("events").split(1).columns(&["first"]).when("first", Is::Equal("7")))
        .answered("7 -", "error"),
    ]
}
