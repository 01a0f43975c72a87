//! Faults in the handling of null.

use athena_conformance::oracle::Cell;
use athena_protocol::predicate::{Range, ValueSet};

use super::super::{
    ask::{Is, ask},
    faults::{allow_null, compared_as, everything_like, losing_on, set_on},
    mutant::{Fault, Mutant, mutant},
    source::Level::{Full, Partial},
    tables::Source::{Events, Numbers, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = dropped();
    mutants.extend(kept());
    mutants.extend(tests());
    mutants.extend(empty_texts());
    mutants
}

fn dropping(column: &'static str) -> Fault {
    set_on(column, |set| allow_null(set, false))
}

fn keeping(column: &'static str) -> Fault {
    set_on(column, |set| allow_null(set, true))
}

fn is_null_test(set: &ValueSet) -> bool {
    matches!(set, ValueSet::SortedRange(set) if set.ranges.is_empty() && set.null_allowed)
}

fn is_not_null_test(set: &ValueSet) -> bool {
    match set {
        ValueSet::SortedRange(set) => set.ranges.iter().any(Range::is_all),
        ValueSet::AllOrNone(set) => set.all,
        ValueSet::Equatable(_) => false,
    }
}

fn dropped() -> Vec<Mutant> {
    let kind = "null dropped that the predicate allows";
    // The honest connector of partial pushdown keeps all nulls, so the loss is in its scan.
    let lost = |column| losing_on(column, |_, cell| cell.is_null());
    vec![
        mutant(kind, "amount", (Numbers, Partial), lost("amount"))
            .shown_by(ask("ledger").split(1).when("amount", Is::EqualOrNull("47.2011")))
            .answered("47 50 67", "47"),
        mutant(kind, "zoned", (Texts, Full), dropping("zoned"))
            .shown_by(ask("people").split(0).when("zoned", Is::AtMostOrNull("1700000000001@UTC")))
            .answered("0 1 2 13 27 41", "0 1 2"),
        mutant(kind, "size", (Events, Partial), lost("size"))
            .shown_by(ask("files").split(0).when("size", Is::AtMostOrNull("1")))
            .answered("0 1 8", "0 1"),
    ]
}

fn kept() -> Vec<Mutant> {
    let kind = "null kept that the predicate drops";
    vec![
        mutant(kind, "rate", (Numbers, Full), keeping("rate"))
            .shown_by(ask("ledger").split(0).when("rate", Is::Equal("1234567890.1234567890")))
            .answered("0", "0 18 37"),
        mutant(kind, "name", (Texts, Full), keeping("name"))
            .shown_by(ask("people").split(2).when("name", Is::Between("Person 24", "Person 25")))
            .answered("96 100", "96 99 100 111"),
        mutant(
            kind,
            "lists on code and flag",
            (Texts, Full),
            Fault::in_read(|read| {
                for set in read.constraints.summary.values_mut() {
                    if let ValueSet::Equatable(set) = set {
                        set.null_allowed = true;
                    }
                }
            }),
        )
        .shown_by(ask("people").split(1).when("flag", Is::Listed(&["false"])).limit(3))
        .answered("52 55 58", "50 52 53"),
    ]
}

fn tests() -> Vec<Mutant> {
    let is_null = "IS NULL finds nothing";
    let ignored = "IS NULL ignored";
    let not_null = "IS NOT NULL ignored";
    let nothing = |column| {
        set_on(column, |set| {
            if is_null_test(set) {
                allow_null(set, false);
            }
        })
    };
    let everything = |column| {
        set_on(column, |set| {
            if is_null_test(set) {
                *set = everything_like(set);
            }
        })
    };
    let all = |column| {
        set_on(column, |set| {
            if is_not_null_test(set) {
                allow_null(set, true);
            }
        })
    };
    vec![
        mutant(is_null, "flag", (Texts, Full), nothing("flag"))
            .shown_by(ask("people").split(2).when("flag", Is::Null))
            .answered("92 95 98 101 104 107 110 113 116 119", ""),
        mutant(is_null, "real8", (Numbers, Full), nothing("real8"))
            .shown_by(ask("ledger").split(1).when("real8", Is::Null))
            .answered("51 71", ""),
        mutant(ignored, "seen", (Texts, Full), everything("seen"))
            .shown_by(ask("people").split(2).when("seen", Is::Null))
            .answered("95 111", "30 rows, 0 with null"),
        mutant(not_null, "first", (Events, Full), all("first"))
            .shown_by(ask("events").split(0).when("first", Is::NotNull))
            .answered("0 1 2 3 5", "0 1 2 3 4 5"),
        mutant(not_null, "bin", (Texts, Full), all("bin"))
            .shown_by(ask("people").split(2).when("bin", Is::NotNull).limit(6))
            .answered("90 91 92 94 95 96", "90 91 92 93 94 95"),
    ]
}

fn empty_texts() -> Vec<Mutant> {
    let kind = "empty value treated as null";
    let is_empty = |cell: &Cell| match cell {
        Cell::Text(text) => text.is_empty(),
        Cell::Bytes(bytes) => bytes.is_empty(),
        _ => false,
    };
    let lost = move |column| losing_on(column, move |_, cell| is_empty(cell));
    let as_space = |cell: &Cell| match cell {
        Cell::Text(text) if text.is_empty() => Cell::Text(" ".into()),
        cell => cell.clone(),
    };
    vec![
        mutant(kind, "every set on note", (Texts, Full), lost("note"))
            .shown_by(ask("people").split(2).when("note", Is::Below("A")))
            .answered("91 104 117", ""),
        mutant(kind, "every set on bin", (Texts, Partial), lost("bin"))
            .shown_by(ask("people").split(2).when("bin", Is::AtMost("")))
            .answered("91 93 98 100 105 107 112 114 119", "93 100 107 114"),
        mutant(
            kind,
            "IS NOT NULL on note",
            (Texts, Full),
            losing_on("note", move |set, cell| is_empty(cell) && is_not_null_test(set)),
        )
        .shown_by(ask("people").split(2).when("note", Is::NotNull))
        .answered("28 rows, 0 with null", "25 rows, 0 with null"),
        mutant(kind, "stored as a space in note", (Texts, Partial), compared_as("note", as_space))
            .shown_by(ask("people").split(2).when("note", Is::Equal(" ")))
            .answered("96 109", "91 96 104 109 117"),
    ]
}
