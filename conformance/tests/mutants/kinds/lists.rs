//! Faults in lists of values and in several ranges.

use athena_conformance::oracle::Cell;
use athena_protocol::predicate::{Range, ValueSet};

use super::super::{
    ask::{Is, ask},
    faults::{everything_like, holds, is_point, judged_on, members, members_on, ranges_on, set_on},
    mutant::{Fault, Mutant, cmp, mutant},
    source::Level::{Full, Partial},
    tables::Source::{Events, Numbers, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = members_lost();
    mutants.extend(several_ranges());
    mutants.extend(exclusive());
    mutants
}

fn without_last(column: &'static str) -> Fault {
    members_on(column, |index, all| all == 1 || index + 1 < all)
}

fn without_first(column: &'static str) -> Fault {
    members_on(column, |index, all| all == 1 || index > 0)
}

fn at_most(column: &'static str, most: usize) -> Fault {
    members_on(column, move |index, _| index < most)
}

/// Searches a list as if it was sorted.
fn binary_search(column: &'static str) -> Fault {
    judged_on(column, move |set, cell| match (set, members(set)) {
        (ValueSet::Equatable(_), Some(members)) => {
            members.binary_search_by(|member| cmp(member, cell)).is_ok()
        }
        _ => holds(set, cell, |left, right| Some(cmp(left, right))),
    })
}

fn members_lost() -> Vec<Mutant> {
    let last = "IN loses its last member";
    let first = "IN loses its first member";
    let many = "IN keeps only some members";
    let search = "list searched as if it was sorted";
    vec![
        mutant(last, "small", (Numbers, Full), without_last("small"))
            .shown_by(ask("ledger").split(1).when("small", Is::In(&["-58", "61"])))
            .answered("40 53", "40"),
        mutant(last, "amount", (Numbers, Partial), without_last("amount"))
            .shown_by(ask("ledger").split(3).when("amount", Is::Listed(&["120.1234", "129.2233"])))
            .answered("120 129 135 152", "120 135 152"),
        mutant(last, "code", (Texts, Full), without_last("code"))
            .shown_by(ask("people").split(1).when("code", Is::In(&["rare60", "rare82"])))
            .answered("60 82", "60"),
        mutant(first, "name", (Texts, Partial), without_first("name"))
            .shown_by(ask("people").split(2).when("name", Is::In(&["Person 24", "person 24"])))
            .answered("96 97 99 111", "97 99 111"),
        mutant(first, "rate", (Numbers, Full), without_first("rate"))
            .shown_by(
                ask("ledger")
                    .split(2)
                    .when("rate", Is::Listed(&["1234567890.1234568478", "1234567890.1234568485"])),
            )
            .answered("84 85", "85"),
        mutant(first, "zoned", (Texts, Full), without_first("zoned"))
            .shown_by(
                ask("people")
                    .split(0)
                    .when("zoned", Is::In(&["1700000000000@UTC", "1700000000001@UTC"])),
            )
            .answered("0 1 2", "1"),
        mutant(many, "two of whole", (Numbers, Full), at_most("whole", 2))
            .shown_by(
                ask("ledger").split(0).when("whole", Is::In(&["-7", "0", "1"])).columns(&["whole"]),
            )
            .answered("1 0 -7 1 0 -7 1 0 -7 1 0 -7 1 0 -7 1 0", "0 -7 0 -7 0 -7 0 -7 0 -7 0"),
        mutant(many, "three of name", (Texts, Full), at_most("name", 3))
            .shown_by(
                ask("people")
                    .split(0)
                    .when("name", Is::In(&["Person 0", "Person 1", "person 0", "person 1"])),
            )
            .answered("0 1 4 5", "0 1 4"),
        mutant(many, "five of size", (Events, Partial), at_most("size", 5))
            .shown_by(
                ask("files").split(0).when("size", Is::In(&["0", "1", "4", "9", "16", "25", "36"])),
            )
            .answered("0 1 2 3 4 5 6 8", "0 1 2 3 4 8"),
        mutant(search, "note", (Texts, Partial), binary_search("note"))
            .shown_by(
                ask("people")
                    .split(1)
                    .when("note", Is::Listed(&["b", "A", "a"]))
                    .columns(&["note"]),
            )
            .answered("A - b a A - b a A - b a A", "A - a A - a A - a A"),
    ]
}

fn several_ranges() -> Vec<Mutant> {
    let first = "only the first of several ranges";
    let last = "only the last of several ranges";
    let span = "several ranges merged into their span";
    let merged = |ranges: &mut Vec<Range>| {
        if let [low, .., high] = &ranges[..]
            && !(is_point(low) && is_point(high))
        {
            *ranges = vec![Range { low: low.low.clone(), high: high.high.clone() }];
        }
    };
    let only_last = |ranges: &mut Vec<Range>| {
        let last = ranges.pop();
        ranges.clear();
        ranges.extend(last);
    };
    vec![
        mutant(first, "amount", (Numbers, Full), ranges_on("amount", |ranges| ranges.truncate(1)))
            .shown_by(
                ask("ledger").split(1).when("amount", Is::Ranges(&[("41", "42"), ("47", "48")])),
            )
            .answered("41 47", "41"),
        mutant(last, "born", (Texts, Full), ranges_on("born", only_last))
            .shown_by(ask("people").split(0).when(
                "born",
                Is::Ranges(&[("1915-01-01", "1916-01-01"), ("1917-01-01", "1918-01-01")]),
            ))
            .answered("0 2", "2"),
        mutant(span, "small", (Numbers, Partial), ranges_on("small", merged))
            .shown_by(
                ask("ledger").split(3).when("small", Is::Ranges(&[("-61", "-60"), ("-55", "-50")])),
            )
            .answered("120 128 131 138 142 153", "120 128 131 133 138 142 153"),
    ]
}

fn exclusive() -> Vec<Mutant> {
    let ignored = "NOT IN ignored";
    let empty = "NOT IN loses the values after the last";
    let everything = |column| {
        set_on(column, |set| {
            if let ValueSet::Equatable(list) = set
                && !list.inclusive
            {
                *set = everything_like(set);
            }
        })
    };
    let unbounded_lost = |column| {
        ranges_on(column, |ranges: &mut Vec<Range>| {
            if ranges.len() > 1 && ranges.last().is_some_and(|range| range.high.value.is_none()) {
                ranges.pop();
            }
        })
    };
    vec![
        mutant(ignored, "list on kind", (Events, Full), everything("kind"))
            .shown_by(ask("events").split(2).when("kind", Is::Unlisted(&["buy", "click"])))
            .answered("15 17", "12 14 15 16 17"),
        mutant(empty, "small", (Numbers, Full), unbounded_lost("small"))
            .shown_by(
                ask("ledger")
                    .split(0)
                    .when("small", Is::NotIn(&["-50"]))
                    .when("amount", Is::Between("1", "4")),
            )
            .answered("1 2 3", "1"),
        mutant(
            "several ranges keep what they exclude",
            "name",
            (Texts, Full),
            judged_on("name", |set, cell| match set {
                ValueSet::SortedRange(ranges)
                    if ranges.ranges.len() > 1 && members(set).is_none() =>
                {
                    true
                }
                _ => holds(set, cell, |left, right| Some(cmp(left, right))),
            }),
        )
        .shown_by(
            ask("people")
                .split(2)
                .when("name", Is::NotIn(&["Person 24"]))
                .when("id", Is::Between("95", "98")),
        )
        .answered("95 97 98", "95 96 97 98"),
        mutant(
            "boolean list of both values treated as empty",
            "flag",
            (Texts, Partial),
            judged_on("flag", |set, cell| match members(set) {
                Some(values) if values.len() > 1 => values.last() == Some(&Cell::Null),
                _ => holds(set, cell, |left, right| Some(cmp(left, right))),
            }),
        )
        .shown_by(
            ask("people").split(2).when("flag", Is::Listed(&["false", "true"])).columns(&["flag"]),
        )
        .answered("30 rows, 10 with null", "- - - - - - - - - -"),
    ]
}
