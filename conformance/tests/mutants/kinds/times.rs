//! Faults in the comparison of dates and times.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Date32Array, Date64Array, TimestampMillisecondArray},
    datatypes::{Date32Type, Date64Type, TimestampMillisecondType},
};
use athena_conformance::oracle::Cell;
use athena_protocol::timestamp_tz::{pack, unpack};

use super::super::{
    ask::{Is, ask},
    faults::{compared_as, constants_on},
    mutant::{Fault, Mutant, mutant},
    source::Level::{Full, Partial},
    tables::Source::Texts,
};

const HOUR: i64 = 3_600_000;

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = shifted();
    mutants.extend(truncated());
    mutants
}

/// Moves constants by some milliseconds.
fn moved(column: &'static str, by: i64) -> Fault {
    constants_on(column, move |value| -> ArrayRef {
        if let Some(times) = value.as_primitive_opt::<TimestampMillisecondType>() {
            let moved: TimestampMillisecondArray = times.unary(|packed| {
                let (millis, zone) = unpack(packed);
                pack(millis + by, zone).expect("a representable instant")
            });
            return Arc::new(moved.with_data_type(value.data_type().clone()));
        }
        let moved: Date64Array = value.as_primitive::<Date64Type>().unary(|millis| millis + by);
        Arc::new(moved)
    })
}

fn shifted() -> Vec<Mutant> {
    let kind = "time shifted by a zone";
    let day_before = |value: &ArrayRef| -> ArrayRef {
        // Rounds towards zero, as integer division of milliseconds does.
        let days: Date32Array =
            value.as_primitive::<Date32Type>().unary(|day| if day < 0 { day + 1 } else { day });
        Arc::new(days)
    };
    let local = |cell: &Cell| match cell {
        Cell::Zoned(packed) => {
            let (millis, zone) = unpack(*packed);
            let offset = match zone.name().as_deref() {
                Some("America/New_York") => -5 * HOUR,
                Some("Asia/Kolkata") => 11 * HOUR / 2,
                _ => 0,
            };
            Cell::Milli(millis + offset)
        }
        cell => cell.clone(),
    };
    vec![
        mutant(kind, "zoned by five hours", (Texts, Full), moved("zoned", 5 * HOUR))
            .shown_by(ask("people").split(0).when("zoned", Is::Below("1700003600000@UTC")))
            .answered("0 1 2 3 4 5", "34 rows, 0 with null"),
        mutant(kind, "seen by one hour", (Texts, Partial), moved("seen", HOUR))
            .shown_by(ask("people").split(0).when("seen", Is::Equal("-107999999")))
            .answered("0 15 31 47", "15 31 47"),
        mutant(kind, "days before 1970", (Texts, Full), constants_on("born", day_before))
            .shown_by(ask("people").split(0).when("born", Is::Equal("1915-03-31")))
            .answered("0", ""),
        mutant(kind, "zoned by its own zone", (Texts, Partial), compared_as("zoned", local))
            .shown_by(ask("people").split(2).when("zoned", Is::AtLeast("1700070200000@UTC")))
            .answered("97 111 117 118 119", "97 111"),
    ]
}

fn truncated() -> Vec<Mutant> {
    let kind = "time compared with less precision";
    let cut = |cell: &Cell, unit: i64| match cell {
        Cell::Milli(millis) => Cell::Milli(millis / unit),
        Cell::Zoned(packed) => Cell::Milli(unpack(*packed).0 / unit),
        cell => cell.clone(),
    };
    vec![
        mutant(
            kind,
            "seen in seconds",
            (Texts, Full),
            compared_as("seen", move |cell| cut(cell, 1_000)),
        )
        .shown_by(ask("people").split(1).when("seen", Is::Above("72000300")).limit(2))
        .answered("50 51", "51 52"),
        mutant(
            kind,
            "zoned in seconds",
            (Texts, Full),
            compared_as("zoned", move |cell| cut(cell, 1_000)),
        )
        .shown_by(ask("people").split(0).when("zoned", Is::Equal("1700000000001@UTC")))
        .answered("1", "0 1 2"),
    ]
}
