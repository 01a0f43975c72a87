//! Faults that depend on the split that is read: its number, its statistics, its index.

use athena_conformance::oracle::{Cell, compare};
use athena_protocol::predicate::ValueSet;

use super::super::{
    ask::{Is, ask},
    faults::{extremes, hash_of, is_point, last_row_lost_if, members, skipping_on, span, value_of},
    mutant::{Fault, Mutant, cmp, mutant, passes, pick},
    source::Level::{Full, None, Partial},
    tables::Source::{Events, Numbers, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = one_split();
    mutants.extend(statistics());
    mutants.extend(indexes());
    mutants.extend(ends());
    mutants
}

/// Finds nothing for a condition on a column in one split, if `wrong` is true for the set.
fn in_split(
    table: &'static str,
    number: usize,
    column: &'static str,
    wrong: fn(&ValueSet) -> bool,
) -> Fault {
    Fault::in_scan(move |read, rows| {
        let is_wrong = read.request.table_name.table == table
            && read.split == number
            && read.applied.summary.get(column).is_some_and(wrong);
        if is_wrong { rows.slice(0, 0) } else { rows }
    })
}

fn is_equality(set: &ValueSet) -> bool {
    members(set).is_some_and(|members| members.len() == 1)
}

fn is_closed_range(set: &ValueSet) -> bool {
    let ValueSet::SortedRange(set) = set else { return false };
    let [range] = &set.ranges[..] else { return false };
    !is_point(range) && value_of(&range.low).is_some() && value_of(&range.high).is_some()
}

fn is_in(set: &ValueSet) -> bool {
    members(set).is_some_and(|members| members.len() > 1)
}

fn one_split() -> Vec<Mutant> {
    let kind = "one split answers a condition wrongly";
    vec![
        mutant(
            kind,
            "ledger 2, equality of amount",
            (Numbers, Full),
            in_split("ledger", 2, "amount", is_equality),
        )
        .shown_by(ask("ledger").split(2).when("amount", Is::Equal("80.1234")))
        .answered("80", ""),
        mutant(
            kind,
            "ledger 3, range of small",
            (Numbers, Partial),
            in_split("ledger", 3, "small", is_closed_range),
        )
        .shown_by(ask("ledger").split(3).when("small", Is::Between("83", "87")))
        .answered("120 127 131 142 153", ""),
        mutant(kind, "people 1, IN of name", (Texts, Full), in_split("people", 1, "name", is_in))
            .shown_by(ask("people").split(1).when("name", Is::In(&["Person 14", "Person 15"])))
            .answered("56 60", ""),
        mutant(
            kind,
            "events 7, equality of id",
            (Events, Full),
            in_split("events", 7, "id", is_equality),
        )
        .shown_by(ask("events").split(7).when("id", Is::Equal("43")))
        .answered("43", ""),
        mutant(
            kind,
            "visits 1, equality of city",
            (Texts, Full),
            in_split("visits", 1, "city", is_equality),
        )
        .shown_by(ask("visits").split(1).columns(&["count"]).when("city", Is::Equal("Lima")))
        .answered("2 2 0 1 1 2 0 0", ""),
    ]
}

/// Skips splits by their least and greatest values.
fn statistics() -> Vec<Mutant> {
    let kind = "split skipped by wrong statistics";
    let excludes = |set: &ValueSet, low: &Cell, high: &Cell| {
        let (from, to) = span(set);
        from.is_some_and(|from| compare(&from, high).is_some_and(std::cmp::Ordering::is_gt))
            || to.is_some_and(|to| compare(&to, low).is_some_and(std::cmp::Ordering::is_lt))
    };
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => Cell::Text(text.chars().take(8).collect::<String>().into()),
        cell => cell.clone(),
    };
    vec![
        mutant(
            kind,
            "bound at the greatest amount",
            (Numbers, Full),
            skipping_on("amount", |set, cells| {
                let Some((_, high)) = extremes(cells) else { return false };
                span(set).0.is_some_and(|from| cmp(&from, &high).is_ge())
            }),
        )
        .shown_by(ask("ledger").split(1).when("amount", Is::AtLeast("79.5563")))
        .answered("79", ""),
        mutant(
            kind,
            "bound at the least born",
            (Texts, Partial),
            skipping_on("born", |set, cells| {
                let Some((low, _)) = extremes(cells) else { return false };
                span(set).1.is_some_and(|to| cmp(&to, &low).is_le())
            }),
        )
        .shown_by(ask("people").split(2).when("born", Is::AtMost("2014-01-20")))
        .answered("90 104 119", ""),
        mutant(
            kind,
            "greatest name cut",
            (Texts, Full),
            skipping_on("name", move |set, cells| {
                extremes(cells).is_some_and(|(low, high)| excludes(set, &low, &text(&high)))
            }),
        )
        .shown_by(ask("people").split(2).when("name", Is::Equal("p\u{e9}rson 29")))
        .answered("119", ""),
        mutant(
            kind,
            "NaN in real8",
            (Numbers, Full),
            skipping_on("real8", |set, cells| {
                // Every comparison with NaN is false, so the least value stays the first.
                cells.iter().any(Cell::is_nan)
                    && span(set).0.is_some_and(|from| {
                        cells.first().is_some_and(|first| {
                            compare(&from, first).is_some_and(std::cmp::Ordering::is_gt)
                        })
                    })
            }),
        )
        .shown_by(ask("ledger").split(1).when("real8", Is::AtLeast("6.1")))
        .answered("78 79", ""),
        mutant(
            kind,
            "nulls of kind",
            (Events, Full),
            skipping_on("kind", |set, cells| {
                let nulls = matches!(set, ValueSet::SortedRange(set) if set.ranges.is_empty());
                nulls && cells.iter().filter(|cell| cell.is_null()).count() < 2
            }),
        )
        .shown_by(ask("events").split(1).when("kind", Is::Null))
        .answered("6", ""),
        mutant(
            kind,
            "first and last path",
            (Events, Partial),
            skipping_on("path", move |set, cells| {
                // The first and the last row are taken for the least and the greatest value.
                match (cells.first(), cells.last()) {
                    (Some(low), Some(high)) => excludes(set, low, high),
                    _ => false,
                }
            }),
        )
        .shown_by(ask("files").split(0).when("path", Is::Equal("dir2/file8.csv")))
        .answered("8", ""),
    ]
}

/// Loses the values of a column whose hash leaves the remainder 0.
fn missing(column: &'static str, buckets: u64) -> Fault {
    Fault::in_scan(move |read, rows| {
        let Some(set) = read.applied.summary.get(column) else { return rows };
        let Ok(index) = rows.schema().index_of(column) else { return rows };
        let Some(members) = members(set) else { return rows };
        let values = rows.column(index);
        let found = |row: &usize| {
            let cell = Cell::read(values, *row);
            !(members.contains(&cell) && hash_of(&cell).is_multiple_of(buckets))
        };
        let kept: Vec<usize> = (0..rows.num_rows()).filter(found).collect();
        pick(&rows, &kept)
    })
}

fn indexes() -> Vec<Mutant> {
    let kind = "index misses some values";
    let one = "index misses one value";
    let only = |column: &'static str, value: Cell| {
        Fault::in_scan(move |read, rows| {
            let asked = read.applied.summary.get(column).and_then(members);
            if asked.is_none_or(|asked| !asked.contains(&value)) {
                return rows;
            }
            rows.slice(0, 0)
        })
    };
    vec![
        mutant(kind, "a quarter of amount", (Numbers, Full), missing("amount", 4))
            .shown_by(ask("ledger").split(0).when(
                "amount",
                Is::In(&[
                    "1.1345", "2.1456", "3.1567", "5.1789", "6.1900", "7.2011", "8.2122", "9.2233",
                ]),
            ))
            .answered("1 2 3 5 6 7 8 9", "1 2 3 5 6 7 8"),
        mutant(kind, "a quarter of path", (Events, Partial), missing("path", 4))
            .shown_by(ask("files").split(0).when(
                "path",
                Is::In(&[
                    "dir0/file0.csv",
                    "dir1/file1.csv",
                    "dir2/file2.csv",
                    "dir0/file3.csv",
                    "dir1/file4.csv",
                ]),
            ))
            .answered("0 1 2 3 4", "0 1 2 4"),
        mutant(kind, "an eighth of name", (Texts, Full), missing("name", 8))
            .shown_by(ask("people").split(0).when(
                "name",
                Is::In(&[
                    "Person 0", "Person 1", "Person 2", "Person 3", "Person 4", "Person 5",
                    "Person 6", "Person 7", "Person 8", "Person 9",
                ]),
            ))
            .answered("0 4 8 12 16 20 24 28 32 36", "0 4 8 12 20 24 28 32 36"),
        mutant(one, "amount of id 77", (Numbers, Full), only("amount", Cell::Decimal(775_341, 4)))
            .shown_by(ask("ledger").split(1).when("amount", Is::Equal("77.5341")))
            .answered("77", ""),
        mutant(
            one,
            "the most frequent code",
            (Texts, Full),
            only("code", Cell::Text("common".into())),
        )
        .shown_by(ask("people").split(2).when("code", Is::Equal("common")).limit(2))
        .answered("90 91", ""),
        mutant(one, "size of id 40", (Events, Full), only("size", Cell::Int(1_600)))
            .shown_by(ask("files").split(4).when("size", Is::Equal("1600")))
            .answered("40", ""),
    ]
}

fn ends() -> Vec<Mutant> {
    let kind = "row at the end of a split lost";
    let double = "row of a split repeated";
    vec![
        mutant(
            kind,
            "any range",
            (Numbers, Full),
            Fault::in_scan(|read, rows| {
                let ranged = read.applied.summary.values().any(is_closed_range);
                rows.slice(0, rows.num_rows().saturating_sub(usize::from(ranged)))
            }),
        )
        .shown_by(ask("ledger").split(1).when("amount", Is::Between("79", "80")))
        .answered("79", ""),
        mutant(
            kind,
            "first row, condition on path",
            (Events, Partial),
            Fault::in_scan(|read, rows| {
                let skip =
                    usize::from(read.applied.summary.contains_key("path")).min(rows.num_rows());
                rows.slice(skip, rows.num_rows() - skip)
            }),
        )
        .shown_by(ask("files").split(3).when("path", Is::Equal("dir0/file30.csv")))
        .answered("30", ""),
        mutant(
            kind,
            "read without columns",
            (Texts, None),
            last_row_lost_if(|read| read.request.schema.fields().is_empty() && read.split == 1),
        )
        .shown_by(ask("visits").split(1).columns(&[]))
        .answered("30 rows, 0 with null", "29 rows, 0 with null"),
        mutant(
            double,
            "last row, range on seen",
            (Texts, Full),
            Fault::in_rows(|read, rows| {
                let last = rows.num_rows().saturating_sub(1);
                let again = read.applied.summary.get("seen").is_some_and(is_closed_range);
                let indices: Vec<usize> = (0..rows.num_rows())
                    .chain((again && rows.num_rows() > 0).then_some(last))
                    .collect();
                pick(&rows, &indices)
            }),
        )
        .shown_by(ask("people").split(1).when("seen", Is::Between("72000000", "76000000")))
        .answered("50 51", "50 51 51"),
        mutant(
            "two conditions evaluated on half of a split",
            "amount and small",
            (Numbers, Full),
            Fault::in_filter(|constraints, names, row| {
                let pair = constraints.summary.contains_key("amount")
                    && constraints.summary.contains_key("small");
                let id = names.iter().position(|name| name == "id").map(|index| row[index].clone());
                let second_half = matches!(id, Some(Cell::Int(id)) if id % 40 >= 20);
                passes(constraints, names, row) && !(pair && second_half)
            }),
        )
        .shown_by(
            ask("ledger")
                .split(0)
                .when("amount", Is::AtLeast("30"))
                .when("small", Is::AtLeast("50")),
        )
        .answered("34 39", ""),
    ]
}
