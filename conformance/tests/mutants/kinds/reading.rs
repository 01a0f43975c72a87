//! Faults that depend on the requested columns, or in the values of filtered rows.

use std::{collections::HashSet, sync::Arc};

use arrow::{
    array::BooleanArray,
    array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StringArray},
    compute::{concat, nullif},
};
use athena_conformance::oracle::Cell;

use super::super::{
    ask::{Is, ask},
    faults::with_column,
    mutant::{Fault, Mutant, mutant, pick},
    source::Level::{Full, None, Partial},
    tables::Source::{Events, Numbers, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = projections();
    mutants.extend(counts());
    mutants.extend(misaligned());
    mutants
}

/// Returns every distinct row once.
fn distinct(rows: &RecordBatch) -> RecordBatch {
    let mut seen = HashSet::new();
    let mut index = 0;
    let kept: Vec<usize> = Cell::rows(rows)
        .filter_map(|row| {
            let mut key = Vec::new();
            row.iter().for_each(|cell| cell.write_key(&mut key));
            index += 1;
            seen.insert(key).then_some(index - 1)
        })
        .collect();
    pick(rows, &kept)
}

/// Swaps two columns if they are requested in the opposite order of the table.
fn by_position(first: &'static str, second: &'static str) -> Fault {
    Fault::in_rows(move |_, rows| {
        let schema = rows.schema();
        match (schema.index_of(first), schema.index_of(second)) {
            (Ok(one), Ok(two)) if two < one => {
                let mut columns = rows.columns().to_vec();
                columns.swap(one, two);
                RecordBatch::try_new(schema, columns).expect("columns of one type")
            }
            _ => rows,
        }
    })
}

fn projections() -> Vec<Mutant> {
    let kind = "requested columns change the rows";
    vec![
        mutant(
            kind,
            "distinct rows without a key",
            (Texts, Full),
            Fault::in_rows(|read, rows| {
                let whole = read.whole.num_columns();
                let limited = read.request.constraints.limit.is_some();
                if rows.num_columns() == 1 && whole > 2 && !limited {
                    distinct(&rows)
                } else {
                    rows
                }
            }),
        )
        .shown_by(ask("people").split(2).columns(&["code"]).when("code", Is::Equal("common")))
        .answered("27 rows, 0 with null", "common"),
        mutant(kind, "first and last by position", (Events, None), by_position("first", "last"))
            .shown_by(ask("events").split(0).columns(&["last", "first"]))
            .answered("0,0 3,1 6,2 -,3 12,- 15,5", "0,0 1,3 2,6 3,- -,12 5,15"),
        mutant(
            kind,
            "null region is empty without year",
            (Events, Partial),
            Fault::in_rows(|_, rows| match rows.column_by_name("region") {
                Some(region) if rows.column_by_name("year").is_none() => {
                    let filled: StringArray = region
                        .as_string::<i32>()
                        .iter()
                        .map(|region| Some(region.unwrap_or_default()))
                        .collect();
                    let filled: ArrayRef = Arc::new(filled);
                    with_column(&rows, "region", filled)
                }
                _ => rows,
            }),
        )
        .shown_by(ask("events").split(4).columns(&["region", "id"]))
        .answered("-,24 -,25 -,26 -,27 -,28 -,29", ",24 ,25 ,26 ,27 ,28 ,29"),
        mutant(
            kind,
            "null structs without their siblings",
            (Events, None),
            Fault::in_rows(|read, rows| {
                if rows.num_columns() >= read.whole.num_columns() {
                    return rows;
                }
                let Some(point) = rows.column_by_name("point").map(Arc::clone) else { return rows };
                // A row whose list is null has no struct either.
                let Some(tags) = rows.column_by_name("tags") else { return rows };
                let null = (0..tags.len()).map(|row| Some(tags.is_null(row)));
                let null: BooleanArray = null.collect();
                let point = nullif(&point, &null).expect("as many rows");
                with_column(&rows, "point", point)
            }),
        )
        .shown_by(ask("events").split(3).columns(&["point", "tags"]))
        .answered(
            "(18;p0),[] (19;p1),[tag_19] (-;p2),- -,[] (22;p4),[tag_22] (23;p5),[tag_23;-]",
            "(18;p0),[] (19;p1),[tag_19] -,- -,[] (22;p4),[tag_22] (23;p5),[tag_23;-]",
        ),
        mutant(
            kind,
            "map requested first is that of the next row",
            (Events, Full),
            Fault::in_rows(|_, rows| {
                let schema = rows.schema();
                let first = schema.fields().first().map(|field| field.name().as_str());
                if first != Some("counts") || rows.num_rows() < 2 {
                    return rows;
                }
                let counts = rows.column(0);
                let rest = counts.slice(1, counts.len() - 1);
                let turned = concat(&[rest.as_ref(), counts.slice(0, 1).as_ref()]).expect("maps");
                with_column(&rows, "counts", turned)
            }),
        )
        .shown_by(ask("events").split(0).columns(&["counts", "id"]).when("id", Is::AtMost("2")))
        .answered("-,0 {k0:1},1 {k0:2;k1:-},2", "{k0:1},0 {k0:2;k1:-},1 -,2"),
    ]
}

fn counts() -> Vec<Mutant> {
    let kind = "rows counted wrongly without columns";
    vec![
        mutant(
            kind,
            "rows with a null",
            (Numbers, None),
            Fault::in_rows(|read, rows| {
                let whole = read.whole;
                if rows.num_columns() > 0 || whole.num_columns() < 5 {
                    return rows;
                }
                // count(column) instead of count(*).
                let nulls = whole.column(1).null_count();
                rows.slice(0, rows.num_rows() - nulls.min(rows.num_rows()))
            }),
        )
        .shown_by(ask("ledger").split(0).columns(&[]))
        .answered("40 rows, 0 with null", "34 rows, 0 with null"),
        mutant(
            kind,
            "one row for each split",
            (Events, Full),
            Fault::in_rows(|read, rows| {
                if rows.num_columns() > 0 || read.request.table_name.table != "events" {
                    return rows;
                }
                rows.slice(0, rows.num_rows().min(1))
            }),
        )
        .shown_by(ask("events").split(0).columns(&[]))
        .answered("row row row row row row", "row"),
    ]
}

/// Takes a column from rows that the filter dropped, as a late materialization with wrong
/// positions does.
fn late(column: &'static str, filtered: &'static str) -> Fault {
    Fault::in_rows(move |read, rows| {
        if !read.applied.summary.contains_key(filtered)
            || rows.num_rows() == read.whole.num_rows()
            || rows.column_by_name(column).is_none()
            || column == filtered
        {
            return rows;
        }
        let whole = read.whole.column_by_name(column).expect("a column of the table");
        with_column(&rows, column, whole.slice(0, rows.num_rows()))
    })
}

fn misaligned() -> Vec<Mutant> {
    let kind = "values of other rows after a filter";
    vec![
        mutant(kind, "price by amount", (Numbers, Full), late("price", "amount"))
            .shown_by(
                ask("ledger")
                    .split(0)
                    .columns(&["id", "price"])
                    .when("amount", Is::Between("3", "5")),
            )
            .answered("3,350e-2", "3,999e-2"),
        mutant(kind, "note by name", (Texts, Partial), late("note", "name"))
            .shown_by(
                ask("people").split(1).columns(&["note"]).when("name", Is::Equal("Person 14")),
            )
            .answered(
                "\u{1F600} axb A more_than_twenty_characters_long,_second a_b",
                "A \u{1F600}  a%b more_than_twenty_characters_long,_first",
            ),
        mutant(kind, "tags by id", (Events, Full), late("tags", "id"))
            .shown_by(ask("events").split(2).columns(&["tags"]).when("id", Is::Equal("14")))
            .answered("[tag_14;-]", "[]"),
    ]
}
