//! Faults in partitions, splits and their pages.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _};
use athena_conformance::oracle::Cell;
use athena_protocol::{
    Constraints, Request, Response, Split,
    message::{GetSplitsRequest, GetTableLayoutRequest},
    predicate::ValueSet,
};

use super::super::{
    ask::{Is, ask},
    faults::{is_point, members, span, value_of},
    mutant::{Fault, Mutant, cmp, mutant, pick},
    source::Level::{Full, None, Partial},
    tables::Source::{Events, Numbers, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = pruned();
    mutants.extend(lost_splits());
    mutants.extend(pages());
    mutants
}

/// Drops the partitions for which `lost` is true, given the constraints and the value of a column.
fn pruning(
    column: &'static str,
    lost: impl Fn(&ValueSet, &Cell) -> bool + Send + Sync + 'static,
) -> Fault {
    Fault::in_response(move |_, request, response| {
        let (
            Request::GetTableLayout(GetTableLayoutRequest { constraints, .. }),
            Response::GetTableLayout(response),
        ) = (request, response)
        else {
            return;
        };
        let partitions = &response.partitions;
        let (Some(set), Some(values)) =
            (constraints.summary.get(column), partitions.column_by_name(column))
        else {
            return;
        };
        let values = Arc::clone(values);
        let kept: Vec<usize> = (0..partitions.num_rows())
            .filter(|&row| !lost(set, &Cell::read(&values, row)))
            .collect();
        response.partitions = pick(partitions, &kept);
    })
}

fn is_between(set: &ValueSet) -> bool {
    let ValueSet::SortedRange(set) = set else { return false };
    set.ranges.iter().any(|range| {
        !is_point(range) && value_of(&range.low).is_some() && value_of(&range.high).is_some()
    })
}

fn pruned() -> Vec<Mutant> {
    let kind = "partition pruned wrongly";
    vec![
        mutant(kind, "null region", (Events, Full), pruning("region", |_, cell| cell.is_null()))
            .shown_by(
                ask("events")
                    .when("region", Is::EqualOrNull("amer"))
                    .when("id", Is::Between("20", "25")),
            )
            .answered("24 25", ""),
        mutant(
            kind,
            "region equal to the last member of IN",
            (Events, None),
            pruning("region", |set, cell| {
                members(set)
                    .is_some_and(|members| members.len() > 1 && members.last() == Some(cell))
            }),
        )
        .shown_by(
            ask("events")
                .when("region", Is::In(&["amer", "emea"]))
                .columns(&["region"])
                .when("year", Is::Equal("2022")),
        )
        .answered(
            "24 rows, 0 with null",
            "amer amer amer amer amer amer amer amer amer amer amer amer",
        ),
        mutant(
            kind,
            "year equal to the upper bound",
            (Events, Full),
            pruning("year", |set, cell| is_between(set) && span(set).1.as_ref() == Some(cell)),
        )
        .shown_by(
            ask("events").when("year", Is::Between("2022", "2023")).when("id", Is::AtLeast("36")),
        )
        .answered("36 rows, 0 with null", ""),
        mutant(
            kind,
            "year compared as text with an open bound",
            (Events, Partial),
            pruning("year", |set, cell| {
                span(set).0.is_some_and(|from| cmp(&from, cell).is_eq())
                    && members(set).is_none()
                    && !is_between(set)
            }),
        )
        .shown_by(ask("events").when("year", Is::AtLeast("2024")).when("id", Is::AtLeast("106")))
        .answered("106 107", ""),
        mutant(
            kind,
            "NOT IN on region",
            (Events, Full),
            pruning("region", |set, cell| match set {
                ValueSet::Equatable(list) if !list.inclusive => !cell.is_null(),
                _ => false,
            }),
        )
        .shown_by(
            ask("events")
                .when("region", Is::Unlisted(&["amer"]))
                .when("id", Is::Between("12", "15")),
        )
        .answered("12 13 14 15", ""),
        mutant(
            kind,
            "two partition columns",
            (Events, Full),
            Fault::in_response(|_, request, response| {
                if let (Request::GetTableLayout(request), Response::GetTableLayout(response)) =
                    (request, response)
                    && request.constraints.summary.contains_key("year")
                    && request.constraints.summary.contains_key("region")
                {
                    response.partitions =
                        response.partitions.slice(0, response.partitions.num_rows().min(1));
                }
            }),
        )
        .shown_by(
            ask("events")
                .when("year", Is::Equal("2022"))
                .when("region", Is::AtLeast("amer"))
                .when("id", Is::AtLeast("22")),
        )
        .answered("22 23", ""),
    ]
}

/// Changes the splits of a plan.
fn planned(change: impl Fn(&GetSplitsRequest, &mut Vec<Split>) + Send + Sync + 'static) -> Fault {
    Fault::in_response(move |_, request, response| {
        if let (Request::GetSplits(request), Response::GetSplits(response)) = (request, response) {
            change(request, &mut response.splits);
        }
    })
}

fn constrains(constraints: &Constraints, column: &str) -> bool {
    constraints.summary.contains_key(column)
}

fn lost_splits() -> Vec<Mutant> {
    let kind = "split lost by a plan with a predicate";
    let single = "plan of some partitions differs";
    vec![
        mutant(
            kind,
            "last of several, any predicate",
            (Numbers, Full),
            planned(|request, splits| {
                if splits.len() > 1 && !request.constraints.summary.is_empty() {
                    splits.pop();
                }
            }),
        )
        .shown_by(ask("ledger").when("amount", Is::AtLeast("159")))
        .answered("159", ""),
        mutant(
            kind,
            "predicate on id of files",
            (Events, Partial),
            planned(|request, splits| {
                if request.table_name.table == "files" && constrains(&request.constraints, "id") {
                    // Keys are divided by their number of digits.
                    splits.truncate(11);
                }
            }),
        )
        .shown_by(ask("files").when("id", Is::AtLeast("108")))
        .answered("108 109", ""),
        mutant(
            kind,
            "second split of people, condition on born",
            (Texts, None),
            planned(|request, splits| {
                if constrains(&request.constraints, "born") && splits.len() > 2 {
                    splits.remove(1);
                }
            }),
        )
        .shown_by(
            ask("people")
                .when("born", Is::Between("1985-01-01", "1990-01-01"))
                .columns(&["id", "born"]),
        )
        .answered("120 rows, 8 with null", "80 rows, 5 with null"),
        mutant(
            single,
            "last split of more than three partitions",
            (Events, Full),
            planned(|request, splits| {
                if request.partitions.num_rows() > 3 {
                    splits.pop();
                }
            }),
        )
        .shown_by(ask("events").when("id", Is::AtLeast("100")))
        .answered("100 101 102 103 104 105 106 107", "100 101"),
        mutant(
            single,
            "partition with a null has its first split twice",
            (Events, Full),
            planned(|request, splits| {
                let region = request.partitions.column_by_name("region");
                let all_null = region.is_some_and(|region| {
                    let region = region.as_string::<i32>();
                    region.null_count() == region.len() && !region.is_empty()
                });
                if let (Some(first), true) = (splits.first().cloned(), all_null) {
                    splits.push(Split {
                        spill_location: splits.last().and_then(|split| {
                            let mut location = split.spill_location.clone()?;
                            location.key = location.key.map(|key| key + "-again");
                            Some(location)
                        }),
                        ..first
                    });
                }
            }),
        )
        .shown_by(ask("events").when("region", Is::Null).when("year", Is::Equal("2022")))
        .answered(
            "24 25 26 27 28 29 30 31 32 33 34 35",
            "24 25 26 27 28 29 30 31 32 33 34 35 24 25 26 27 28 29",
        ),
    ]
}

fn pages() -> Vec<Mutant> {
    let lost = "page token skips a split";
    let again = "page token repeats a split";
    vec![
        mutant(lost, "splits of events", (Events, Full), Fault::in_page_token(1))
            .shown_by(ask("events").when("id", Is::AtMost("25")))
            .answered("26 rows, 0 with null", "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 24 25"),
        mutant(again, "splits of ledger", (Numbers, Partial), Fault::in_page_token(-1))
            .shown_by(ask("ledger").when("amount", Is::Equal("80.1234")))
            .answered(
                "16 33 50 67 80 84 101 118 135 152",
                "16 33 50 67 80 84 101 118 80 84 101 118 135 152",
            ),
    ]
}
