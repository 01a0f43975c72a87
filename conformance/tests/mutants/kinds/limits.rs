//! Faults in limits, with and without an order.

use athena_conformance::oracle::Cell;
use athena_protocol::{
    Constraints,
    predicate::{
        Direction::{self, AscNullsFirst, AscNullsLast, DescNullsFirst, DescNullsLast},
        OrderByField, ValueSet,
    },
};

use super::super::{
    ask::{Is, ask},
    mutant::{Fault, Mutant, cmp, mutant, pick},
    source::Level::Full,
    tables::Source::{Events, Numbers, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = limits();
    mutants.extend(orders());
    mutants.extend(keys());
    mutants
}

/// Changes reads with a limit and no order.
fn limited(change: impl Fn(&mut Constraints) + Send + Sync + 'static) -> Fault {
    Fault::in_read(move |read| {
        if read.constraints.limit.is_some() && read.constraints.order_by.is_empty() {
            change(&mut read.constraints);
        }
    })
}

fn limits() -> Vec<Mutant> {
    let off = "limit off by one";
    let early = "limit applied before the filter";
    vec![
        mutant(
            off,
            "one too few",
            (Numbers, Full),
            limited(|constraints| {
                constraints.limit = constraints.limit.map(|limit| limit.saturating_sub(1));
            }),
        )
        .shown_by(ask("ledger").split(0).limit(2))
        .answered("0 1", "0"),
        mutant(
            off,
            "limit of one",
            (Events, Full),
            limited(|constraints| {
                if constraints.limit == Some(1) {
                    constraints.limit = Some(0);
                }
            }),
        )
        .shown_by(ask("events").split(1).limit(1))
        .answered("6", ""),
        mutant(
            off,
            "no rows means no limit",
            (Numbers, Full),
            limited(|constraints| {
                if constraints.limit == Some(0) {
                    constraints.limit = None;
                }
            }),
        )
        .shown_by(ask("codes").split(0).limit(0))
        .answered("", "0 1 2 3 4 5 6 7 8 9 10 11"),
        mutant(
            early,
            "any filter",
            (Texts, Full),
            Fault::in_scan(|read, rows| match read.applied.limit {
                Some(limit) if read.applied.order_by.is_empty() => {
                    rows.slice(0, rows.num_rows().min(usize::try_from(limit).unwrap_or(usize::MAX)))
                }
                _ => rows,
            }),
        )
        .shown_by(ask("people").split(0).when("name", Is::AtLeast("person 9")).limit(2))
        .answered("7 11", ""),
        mutant(
            early,
            "expressions",
            (Numbers, Full),
            Fault::in_scan(|read, rows| match read.applied.limit {
                Some(limit)
                    if read.applied.order_by.is_empty() && !read.applied.expressions.is_empty() =>
                {
                    rows.slice(0, rows.num_rows().min(usize::try_from(limit).unwrap_or(usize::MAX)))
                }
                _ => rows,
            }),
        )
        .shown_by(
            ask("ledger")
                .split(0)
                .limit(2)
                .expression(super::expressions::at_least("amount", "30")),
        )
        .answered("30 32", ""),
        mutant(
            early,
            "IS NULL",
            (Events, Full),
            Fault::in_scan(|read, rows| match read.applied.limit {
                Some(limit)
                    if read.applied.order_by.is_empty()
                        && read.applied.summary.values().any(ValueSet::null_allowed) =>
                {
                    rows.slice(0, rows.num_rows().min(usize::try_from(limit).unwrap_or(usize::MAX)))
                }
                _ => rows,
            }),
        )
        .shown_by(ask("events").split(2).when("kind", Is::Null).limit(1))
        .answered("13", ""),
    ]
}

/// Changes the order of reads.
fn ordered(change: impl Fn(&mut Vec<OrderByField>) + Send + Sync + 'static) -> Fault {
    Fault::in_read(move |read| change(&mut read.constraints.order_by))
}

/// Changes the direction of a column.
fn turned(column: &'static str, turn: fn(Direction) -> Direction) -> Fault {
    ordered(move |order| {
        for field in order.iter_mut().filter(|field| field.column_name.as_deref() == Some(column)) {
            field.direction = turn(field.direction);
        }
    })
}

fn orders() -> Vec<Mutant> {
    let nulls = "top-N with nulls at the wrong end";
    let keys = "top-N by some of its keys";
    let greatest =
        |direction: Direction| Direction::new(direction.descending(), direction.descending());
    let first = |direction: Direction| Direction::new(direction.descending(), true);
    vec![
        mutant(nulls, "greatest in small", (Numbers, Full), turned("small", greatest))
            .shown_by(ask("ledger").split(0).order("small", AscNullsFirst).limit(3))
            .answered("10 21 32", "0 5 15"),
        mutant(nulls, "first in zoned", (Texts, Full), turned("zoned", first))
            .shown_by(ask("people").split(0).order("zoned", DescNullsLast).limit(2))
            .answered("49 48", "13 27"),
        mutant(keys, "only the first", (Numbers, Full), ordered(|order| order.truncate(1)))
            .shown_by(
                ask("ledger")
                    .split(0)
                    .order("price", AscNullsLast)
                    .order("amount", DescNullsLast)
                    .limit(2),
            )
            .answered("3 39", "3 20"),
        mutant(
            keys,
            "all in the direction of the first",
            (Texts, Full),
            ordered(|order| {
                let Some(first) = order.first().map(|field| field.direction) else { return };
                for field in order {
                    field.direction = first;
                }
            }),
        )
        .shown_by(
            ask("people")
                .split(0)
                .order("flag", AscNullsLast)
                .order("born", DescNullsLast)
                .limit(2),
        )
        .answered("49 46", "1 4"),
        mutant(
            "top-N before the filter",
            "conditions on kind",
            (Events, Full),
            Fault::in_scan(|read, rows| {
                let (Some(limit), Some(field)) =
                    (read.applied.limit, read.applied.order_by.first())
                else {
                    return rows;
                };
                let Some(values) =
                    field.column_name.as_deref().and_then(|name| rows.column_by_name(name))
                else {
                    return rows;
                };
                if !read.applied.summary.contains_key("kind") || field.direction != AscNullsLast {
                    return rows;
                }
                let mut indices: Vec<usize> = (0..rows.num_rows()).collect();
                let cell = |row: usize| Cell::read(values, row);
                indices.sort_by(|&left, &right| {
                    cell(left)
                        .is_null()
                        .cmp(&cell(right).is_null())
                        .then(cmp(&cell(left), &cell(right)))
                });
                indices.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                pick(&rows, &indices)
            }),
        )
        .shown_by(
            ask("events")
                .split(1)
                .when("kind", Is::Equal("view"))
                .order("id", AscNullsLast)
                .limit(2),
        )
        .answered("9", ""),
    ]
}

/// Orders the values of a column by what `key` returns.
fn by(column: &'static str, key: fn(&Cell) -> Cell) -> Fault {
    Fault::in_order(move |name, cell| if name == column { key(cell) } else { cell.clone() })
}

fn keys() -> Vec<Mutant> {
    let kind = "top-N by another order of values";
    let text = |cell: &Cell| match cell {
        Cell::Int(value) => Cell::Text(value.to_string().into()),
        Cell::Decimal(digits, _) => Cell::Text(digits.to_string().into()),
        cell => cell.clone(),
    };
    let least = |cell: &Cell| match cell {
        Cell::Double(value) if value.is_nan() => Cell::Double(f64::NEG_INFINITY),
        cell => cell.clone(),
    };
    let size = |cell: &Cell| match cell {
        Cell::Decimal(digits, scale) => Cell::Decimal(digits.abs(), *scale),
        cell => cell.clone(),
    };
    vec![
        mutant(kind, "size as text", (Events, Full), by("size", text))
            .shown_by(ask("files").split(0).order("size", DescNullsLast).limit(2))
            .answered("9 7", "3 9"),
        mutant(kind, "NaN as the least real8", (Numbers, Full), by("real8", least))
            .shown_by(ask("ledger").split(0).order("real8", AscNullsLast).limit(2))
            .answered("0 1", "7 27"),
        mutant(kind, "amount without its sign", (Numbers, Full), by("amount", size))
            .shown_by(ask("ledger").split(0).order("amount", AscNullsFirst).limit(4))
            .answered("16 33 31 22", "16 33 0 1"),
        mutant(
            kind,
            "note backwards if nulls are first",
            (Texts, Full),
            Fault::in_read(|read| {
                for field in &mut read.constraints.order_by {
                    if field.column_name.as_deref() == Some("note")
                        && field.direction == DescNullsFirst
                    {
                        field.direction = AscNullsFirst;
                    }
                }
            }),
        )
        .shown_by(ask("people").split(2).order("note", DescNullsFirst).limit(4).columns(&["note"]))
        .answered("- - \u{1F600} \u{1F600}", "- -  "),
    ]
}
