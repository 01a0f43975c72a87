//! Faults in the comparison of text and bytes.

use std::cmp::Ordering;

use athena_conformance::oracle::Cell;

use super::super::{
    ask::{Is, ask},
    faults::{compared_as, holds, judged_on, members, ordered_as},
    mutant::{Fault, Mutant, cmp, mutant},
    source::Level::{Full, Partial},
    tables::Source::{Events, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = equalities();
    mutants.extend(prefixes());
    mutants.extend(orders());
    mutants.extend(bytes());
    mutants
}

/// Returns a cell with its text mapped.
fn map_text(cell: &Cell, map: impl Fn(&str) -> String) -> Cell {
    match cell {
        Cell::Text(text) => Cell::Text(map(text).into()),
        cell => cell.clone(),
    }
}

fn lower(cell: &Cell) -> Cell {
    map_text(cell, str::to_lowercase)
}

fn trimmed(cell: &Cell) -> Cell {
    map_text(cell, |text| text.trim_end().to_owned())
}

/// Compares values with `map` only where a set lists them.
fn equal_as(column: &'static str, map: fn(&Cell) -> Cell) -> Fault {
    judged_on(column, move |set, cell| {
        let order = |left: &Cell, right: &Cell| Some(cmp(left, right));
        match members(set) {
            Some(members) => members.iter().any(|member| map(member) == map(cell)),
            None => holds(set, cell, order),
        }
    })
}

fn equalities() -> Vec<Mutant> {
    let case = "text compared without case";
    let spaces = "trailing spaces ignored";
    vec![
        mutant(case, "ranges and lists of name", (Texts, Full), compared_as("name", lower))
            .shown_by(ask("people").split(0).when("name", Is::Equal("person 3")))
            .answered("13", "12 13"),
        mutant(case, "equality of note", (Texts, Partial), equal_as("note", lower))
            .shown_by(ask("people").split(2).when("note", Is::Equal("a")))
            .answered("96 99 109 112", "96 99 102 109 112 115"),
        mutant(case, "equality of kind", (Events, Full), equal_as("kind", lower))
            .shown_by(ask("events").split(1).when("kind", Is::Equal("click")))
            .answered("8", "7 8 11"),
        mutant(spaces, "ranges and lists of name", (Texts, Partial), compared_as("name", trimmed))
            .shown_by(ask("people").split(0).when("name", Is::Equal("person 3")))
            .answered("3 13 15 27 39", "3 13 14 15 27 39"),
        mutant(spaces, "equality of note", (Texts, Full), equal_as("note", trimmed))
            .shown_by(ask("people").split(2).when("note", Is::Equal("a ")))
            .answered("94 107", "94 99 107 112"),
    ]
}

fn prefixes() -> Vec<Mutant> {
    let kind = "only the first characters compared";
    let cut =
        |cell: &Cell, length: usize| map_text(cell, |text| text.chars().take(length).collect());
    vec![
        mutant(kind, "20 of note", (Texts, Full), compared_as("note", move |cell| cut(cell, 20)))
            .shown_by(
                ask("people")
                    .split(2)
                    .when("note", Is::Above("more than twenty characters long, first"))
                    .when("id", Is::Between("90", "102")),
            )
            .answered("90 98 101", "90 98"),
        mutant(kind, "8 of name", (Texts, Partial), compared_as("name", move |cell| cut(cell, 8)))
            .shown_by(ask("people").split(1).when("name", Is::Below("Person 14")))
            .answered("51 52 63 75 87", "51 63 75 87"),
        mutant(kind, "10 of path", (Events, Full), compared_as("path", move |cell| cut(cell, 10)))
            .shown_by(ask("files").split(8).when("path", Is::Equal("dir1/file70.csv")))
            .answered("70", "70 73 76 79"),
    ]
}

fn orders() -> Vec<Mutant> {
    let kind = "text in the order of a collation";
    let utf16 = |left: &Cell, right: &Cell| match (left, right) {
        (Cell::Text(left), Cell::Text(right)) => left.encode_utf16().cmp(right.encode_utf16()),
        (left, right) => cmp(left, right),
    };
    // Letters first without case, then upper case after lower case.
    let locale =
        |left: &Cell, right: &Cell| cmp(&lower(left), &lower(right)).then_with(|| cmp(right, left));
    let plain = |cell: &Cell| map_text(cell, |text| text.replace('\u{e9}', "e"));
    vec![
        mutant(kind, "UTF-16 in note", (Texts, Full), ordered_as("note", utf16))
            .shown_by(ask("people").split(1).when("note", Is::Above("\u{FFFF}")))
            .answered("51 64 77", ""),
        mutant(kind, "locale in kind", (Events, Full), ordered_as("kind", locale))
            .shown_by(ask("events").split(0).when("kind", Is::Below("buy")))
            .answered("3", ""),
        mutant(kind, "no accents in name", (Texts, Partial), compared_as("name", plain))
            .shown_by(
                ask("people").split(0).when("name", Is::Between("p\u{e9}rson 1", "p\u{e9}rson 2")),
            )
            .answered("3 7 11 15 27 39 43 47", "3 5 6 7 9 11 15 27 39 41 42 43 45 46 47 49"),
        mutant(
            "text compared as the number that it contains",
            "path",
            (Events, Partial),
            ordered_as("path", |left, right| {
                let number = |cell: &Cell| match cell {
                    Cell::Text(text) => {
                        let digits: String =
                            text.chars().skip(5).filter(char::is_ascii_digit).collect();
                        digits.parse::<i64>().unwrap_or(-1)
                    }
                    _ => -1,
                };
                match (left, right) {
                    (left, right) if left == right => Ordering::Equal,
                    (left, right) => number(left).cmp(&number(right)).then(cmp(left, right)),
                }
            }),
        )
        .shown_by(ask("files").split(9).when("path", Is::Below("dir0/file9.csv")))
        .answered("81 84 87", ""),
    ]
}

fn bytes() -> Vec<Mutant> {
    let kind = "bytes compared as something else";
    let map = |cell: &Cell, map: fn(&[u8]) -> Vec<u8>| match cell {
        Cell::Bytes(bytes) => Cell::Bytes(map(bytes).into()),
        cell => cell.clone(),
    };
    let signed =
        move |cell: &Cell| map(cell, |bytes| bytes.iter().map(|byte| byte ^ 0x80).collect());
    let ended = move |cell: &Cell| {
        map(cell, |bytes| bytes.iter().copied().take_while(|byte| *byte != 0).collect())
    };
    vec![
        mutant(kind, "signed bytes", (Texts, Full), compared_as("bin", signed))
            .shown_by(
                ask("people")
                    .split(2)
                    .when("bin", Is::Above("a"))
                    .when("id", Is::Between("90", "96"))
                    .columns(&["bin"]),
            )
            .answered("7f 610063 610062 80ff", "7f 610063 610062"),
        mutant(kind, "text up to the first NUL", (Texts, Full), compared_as("bin", ended))
            .shown_by(ask("people").split(2).when("bin", Is::Equal("a\0b")).columns(&["bin"]))
            .answered(
                "610062 610062 610062 610062",
                "610063 610062 610063 610062 610063 610062 610063 610062",
            ),
    ]
}
