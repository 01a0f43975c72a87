//! Faults that need conditions on two columns.

use athena_protocol::{Constraints, predicate::ValueSet};

use super::super::{
    ask::{Is, ask},
    faults::{allow_null, cell_of, everything_like, is_point, members, span},
    mutant::{Fault, Mutant, cmp, mutant, passes},
    source::Level::{Full, Partial},
    tables::Source::{Events, Numbers, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = swapped();
    mutants.extend(ignored());
    mutants.extend(united());
    mutants.extend(composite());
    mutants
}

/// Changes the sets if there is one on each of two columns.
fn both(
    first: &'static str,
    second: &'static str,
    change: impl Fn(&mut ValueSet, &mut ValueSet) + Send + Sync + 'static,
) -> Fault {
    Fault::in_read(move |read| {
        let summary = &mut read.constraints.summary;
        let (Some(left), Some(right)) = (summary.get(first), summary.get(second)) else { return };
        let (mut left, mut right) = (left.clone(), right.clone());
        change(&mut left, &mut right);
        summary.insert(first.to_owned(), left);
        summary.insert(second.to_owned(), right);
    })
}

fn swapped() -> Vec<Mutant> {
    let kind = "conditions of two columns swapped";
    vec![
        mutant(kind, "first and last", (Events, Full), both("first", "last", std::mem::swap))
            .shown_by(
                ask("events")
                    .split(1)
                    .when("first", Is::Between("6", "8"))
                    .when("last", Is::AtLeast("20")),
            )
            .answered("8", ""),
        mutant(kind, "name and note", (Texts, Partial), both("name", "note", std::mem::swap))
            .shown_by(
                ask("people")
                    .split(0)
                    .when("name", Is::AtLeast("person 1"))
                    .when("note", Is::Equal("b")),
            )
            .answered("5 6 18 19 31 45", ""),
    ]
}

fn ignored() -> Vec<Mutant> {
    let second = "second of two conditions ignored";
    let null = "null lost by two conditions";
    let second_of = |first, other| both(first, other, |_, set| *set = everything_like(set));
    let no_null = |first, other| both(first, other, |left, _| allow_null(left, false));
    vec![
        mutant(
            second,
            "any columns",
            (Numbers, Full),
            Fault::in_read(|read| {
                let first = read.constraints.summary.pop_first();
                if let Some((column, set)) = first {
                    read.constraints.summary = [(column, set)].into();
                }
            }),
        )
        .shown_by(
            ask("ledger")
                .split(0)
                .when("small", Is::Between("0", "30"))
                .when("amount", Is::AtLeast("20")),
        )
        .answered("27 37", "20 21 23 24 25 26 27 28 29 30 32 34 35 36 37 38 39"),
        mutant(second, "kind and value", (Events, Full), second_of("kind", "value"))
            .shown_by(
                ask("events")
                    .split(1)
                    .when("kind", Is::Equal("buy"))
                    .when("value", Is::AtLeast("13")),
            )
            .answered("", "10"),
        mutant(null, "name and flag", (Texts, Full), no_null("name", "flag"))
            .shown_by(
                ask("people")
                    .split(0)
                    .when("name", Is::EqualOrNull("Person 0"))
                    .when("flag", Is::Equal("true")),
            )
            .answered("0 3 15 27 39", "0"),
    ]
}

fn united() -> Vec<Mutant> {
    let kind = "two conditions combined with OR";
    let either = |first: &'static str, second: &'static str| {
        Fault::in_filter(move |constraints, names, row| {
            let (Some(left), Some(right)) =
                (constraints.summary.get(first), constraints.summary.get(second))
            else {
                return passes(constraints, names, row);
            };
            let with = |column: &str, set: &ValueSet| {
                let mut changed: Constraints = constraints.clone();
                changed.summary.remove(first);
                changed.summary.remove(second);
                changed.summary.insert(column.to_owned(), set.clone());
                passes(&changed, names, row)
            };
            with(first, left) || with(second, right)
        })
    };
    vec![
        mutant(kind, "amount and price", (Numbers, Full), either("amount", "price"))
            .shown_by(
                ask("ledger")
                    .split(1)
                    .when("amount", Is::Equal("47.2011"))
                    .when("price", Is::Equal("43.50")),
            )
            .answered("", "43 47"),
        mutant(kind, "id and kind", (Events, Partial), either("id", "kind"))
            .shown_by(
                ask("events").split(1).when("id", Is::Equal("6")).when("kind", Is::Equal("view")),
            )
            .answered("6", "6 9"),
    ]
}

/// Compares two columns of a composite key together, as a range of pairs.
fn composite() -> Vec<Mutant> {
    let kind = "ranges on a composite key compared as pairs";
    let pairs = |first: &'static str, second: &'static str| {
        Fault::in_filter(move |constraints, names, row| {
            let sets = (constraints.summary.get(first), constraints.summary.get(second));
            let cells = (cell_of(names, row, first), cell_of(names, row, second));
            let ((Some(left), Some(right)), (Some(one), Some(two))) = (sets, cells) else {
                return passes(constraints, names, row);
            };
            if members(left).is_some() || one.is_null() || two.is_null() {
                return passes(constraints, names, row);
            }
            let (low, high) = (span(left), span(right));
            let mut others = constraints.clone();
            others.summary.remove(first);
            others.summary.remove(second);
            let (Some(low_one), Some(low_two)) = (low.0, high.0) else {
                return passes(constraints, names, row);
            };
            // A row with a greater first value passes whatever its second value is.
            cmp(one, &low_one).then(cmp(two, &low_two)).is_ge() && passes(&others, names, row)
        })
    };
    vec![
        mutant(kind, "year and id", (Events, Full), pairs("year", "id"))
            .shown_by(
                ask("events")
                    .split(12)
                    .when("year", Is::AtLeast("2023"))
                    .when("id", Is::AtLeast("75")),
            )
            .answered("75 76 77", "72 73 74 75 76 77"),
        mutant(
            "two equalities find nothing",
            "code and flag",
            (Texts, Full),
            Fault::in_filter(|constraints, names, row| {
                let point = |column: &str| match constraints.summary.get(column) {
                    Some(ValueSet::SortedRange(set)) => {
                        matches!(&set.ranges[..], [range] if is_point(range))
                    }
                    _ => false,
                };
                passes(constraints, names, row) && !(point("code") && point("flag"))
            }),
        )
        .shown_by(
            ask("people")
                .split(0)
                .when("code", Is::Equal("common"))
                .when("flag", Is::Equal("true"))
                .limit(3),
        )
        .answered("0 3 6", ""),
    ]
}
