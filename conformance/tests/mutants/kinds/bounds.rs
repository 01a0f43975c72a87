//! Faults in the bounds of ranges.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array},
    datatypes::{DataType, Decimal128Type, Float64Type, Int64Type},
};
use athena_protocol::predicate::{Bound, Range};

use super::super::{
    ask::{Is, ask},
    faults::{
        bounds_on, constants_on, is_point, ranges_on, round_high_down, round_low_up, value_of,
    },
    mutant::{Fault, Mutant, mutant},
    source::Level::{Full, Partial},
    tables::Source::{Events, Numbers, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = rounded();
    mutants.extend(narrowed());
    mutants.extend(closed_as_open());
    mutants.extend(open_as_closed());
    mutants.extend(special_ranges());
    mutants.extend(overflowing());
    mutants
}

fn rounded() -> Vec<Mutant> {
    let high = "upper bound rounded down";
    let low = "lower bound rounded up";
    vec![
        mutant(high, "amount to two digits", (Numbers, Full), round_high_down("amount", 100))
            .shown_by(ask("ledger").split(1).when("amount", Is::Equal("47.2011")))
            .answered("47", ""),
        mutant(high, "amount to three digits", (Numbers, Partial), round_high_down("amount", 10))
            .shown_by(ask("ledger").split(0).when("amount", Is::Between("1.0000", "1.1345")))
            .answered("1 16 33", "16 33"),
        mutant(high, "rate to nine digits", (Numbers, Full), round_high_down("rate", 10))
            .shown_by(ask("ledger").split(3).when("rate", Is::Equal("1234567890.1234568737")))
            .answered("121", ""),
        mutant(high, "seen to seconds", (Texts, Full), round_high_down("seen", 1_000))
            .shown_by(ask("people").split(1).when("seen", Is::AtMost("72000351")))
            .answered("50", ""),
        mutant(high, "zoned to minutes", (Texts, Partial), round_high_down("zoned", 60_000))
            .shown_by(ask("people").split(0).when("zoned", Is::AtMost("1700000000001@UTC")))
            .answered("0 1 2 13 27 41", "13 27 41"),
        mutant(high, "real8 to tenths", (Numbers, Full), round_high_down("real8", 1))
            .shown_by(ask("ledger").split(0).when("real8", Is::Inside("-5.5", "-4.81")))
            .answered("0 1", "0"),
        mutant(low, "amount to three digits", (Numbers, Full), round_low_up("amount", 10))
            .shown_by(ask("ledger").split(3).when("amount", Is::Equal("120.1234")))
            .answered("120", ""),
        mutant(low, "seen to seconds", (Texts, Partial), round_low_up("seen", 1_000))
            .shown_by(ask("people").split(2).when("seen", Is::AtLeast("320400834")))
            .answered("95 111 119", "95 111"),
    ]
}

/// Converts through a type that has fewer values.
fn narrowed() -> Vec<Mutant> {
    let kind = "constant converted through a narrower type";
    let by_double = |value: &ArrayRef| -> ArrayRef {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "the fault"
        )]
        match value.data_type() {
            DataType::Int64 => {
                let value: Int64Array =
                    value.as_primitive::<Int64Type>().unary(|value| value as f64 as i64);
                Arc::new(value)
            }
            other => {
                let digits: Decimal128Array =
                    value.as_primitive::<Decimal128Type>().unary(|value| value as f64 as i128);
                Arc::new(digits.with_data_type(other.clone()))
            }
        }
    };
    let to_int = |value: &ArrayRef| -> ArrayRef {
        let clamped: Int64Array = value
            .as_primitive::<Int64Type>()
            .unary(|value| value.clamp(i32::MIN.into(), i32::MAX.into()));
        Arc::new(clamped)
    };
    let to_single = |value: &ArrayRef| -> ArrayRef {
        #[expect(clippy::cast_possible_truncation, reason = "the fault")]
        let narrowed: Float64Array =
            value.as_primitive::<Float64Type>().unary(|value| f64::from(value as f32));
        Arc::new(narrowed)
    };
    vec![
        mutant(kind, "large through a double", (Numbers, Full), constants_on("large", by_double))
            .shown_by(
                ask("ledger")
                    .split(2)
                    .when("large", Is::Between("9007199254741074", "9007199254741075")),
            )
            .answered("82", "82 84"),
        mutant(kind, "rate through a double", (Numbers, Partial), constants_on("rate", by_double))
            .shown_by(ask("ledger").split(1).when("rate", Is::Equal("1234567890.1234568205")))
            .answered("45 56 75", "56 75"),
        mutant(kind, "large through 32 bits", (Numbers, Partial), constants_on("large", to_int))
            .shown_by(ask("ledger").split(0).when("large", Is::Equal("9007199254740994")))
            .answered("2 12 25 38", "12 25 38"),
        mutant(kind, "real8 through 32 bits", (Numbers, Full), constants_on("real8", to_single))
            .shown_by(ask("ledger").split(0).when("real8", Is::Equal("-4.857142857142857")))
            .answered("1", ""),
    ]
}

fn open_high(column: &'static str) -> Fault {
    bounds_on(column, |range| {
        if !is_point(range) && range.high.bound == Bound::Exactly {
            range.high.bound = Bound::Below;
        }
    })
}

fn open_low(column: &'static str) -> Fault {
    bounds_on(column, |range| {
        if !is_point(range) && range.low.bound == Bound::Exactly {
            range.low.bound = Bound::Above;
        }
    })
}

fn closed_as_open() -> Vec<Mutant> {
    let high = "closed upper bound treated as open";
    let low = "closed lower bound treated as open";
    vec![
        mutant(high, "small", (Numbers, Full), open_high("small"))
            .shown_by(ask("ledger").split(2).when("small", Is::AtMost("-88")))
            .answered("93", ""),
        mutant(high, "name", (Texts, Partial), open_high("name"))
            .shown_by(ask("people").split(0).when("name", Is::Between("Person 0", "Person 10")))
            .answered("0 3 4 15 27 39 40", "0 3 4 15 27 39"),
        mutant(high, "born", (Texts, Full), open_high("born"))
            .shown_by(ask("people").split(1).when("born", Is::AtMost("1970-02-20")))
            .answered("50", ""),
        mutant(low, "amount", (Numbers, Partial), open_low("amount"))
            .shown_by(ask("ledger").split(3).when("amount", Is::AtLeast("159.5563")))
            .answered("135 152 159", "135 152"),
        mutant(low, "zoned", (Texts, Full), open_low("zoned"))
            .shown_by(ask("people").split(2).when("zoned", Is::AtLeast("1700070200001@UTC")))
            .answered("117 119", ""),
        mutant(low, "id", (Events, Full), open_low("id"))
            .shown_by(ask("events").split(3).when("id", Is::Between("20", "22")))
            .answered("20 21 22", "21 22"),
    ]
}

fn open_as_closed() -> Vec<Mutant> {
    let kind = "open bound treated as closed";
    let close_high = |range: &mut Range| {
        if range.high.value.is_some() {
            range.high.bound = Bound::Exactly;
        }
    };
    let close_low = |range: &mut Range| {
        if range.low.value.is_some() {
            range.low.bound = Bound::Exactly;
        }
    };
    vec![
        mutant(kind, "upper of small", (Numbers, Full), bounds_on("small", close_high))
            .shown_by(ask("ledger").split(0).when("small", Is::Below("-86")))
            .answered("0", "0 5"),
        mutant(kind, "lower of code", (Texts, Partial), bounds_on("code", close_low))
            .shown_by(ask("people").split(0).when("code", Is::Above("rare38")))
            .answered("5 49", "5 38 49"),
        mutant(kind, "upper of seen", (Texts, Full), bounds_on("seen", close_high))
            .shown_by(
                ask("people")
                    .split(0)
                    .when("seen", Is::Below("-104399992"))
                    .columns(&["id", "seen"]),
            )
            .answered("0,-107999999", "0,-107999999 1,-104399992"),
    ]
}

fn special_ranges() -> Vec<Mutant> {
    let point = "range of one value treated as empty";
    let between = "range with both bounds loses its end";
    let no_points = |column| {
        ranges_on(column, |ranges: &mut Vec<Range>| ranges.retain(|range| !is_point(range)))
    };
    let shortened = |column| {
        bounds_on(column, |range| {
            if range.low.value.is_some() && range.high.value.is_some() && !is_point(range) {
                range.high.bound = Bound::Below;
            }
        })
    };
    vec![
        mutant(point, "born", (Texts, Full), no_points("born"))
            .shown_by(ask("people").split(0).when("born", Is::Equal("1915-03-31")))
            .answered("0", ""),
        mutant(point, "path", (Events, Full), no_points("path"))
            .shown_by(ask("files").split(9).when("path", Is::Equal("dir2/file80.csv")))
            .answered("80", ""),
        mutant(between, "name", (Texts, Full), shortened("name"))
            .shown_by(ask("people").split(1).when("name", Is::Between("Person 13", "Person 14")))
            .answered("52 56", "52"),
        mutant(between, "amount", (Numbers, Full), shortened("amount"))
            .shown_by(ask("ledger").split(2).when("amount", Is::Between("80", "80.1234")))
            .answered("80", ""),
    ]
}

/// Computes the next value of a bound, which overflows at the end of the type.
fn overflowing() -> Vec<Mutant> {
    let kind = "bound overflows at the end of the type";
    let wraps = |column: &'static str, least: i64, most: i64| {
        ranges_on(column, move |ranges| {
            ranges.retain(|range| {
                let is = |value: Option<_>, end: i64| {
                    value == Some(athena_conformance::oracle::Cell::Int(end))
                };
                let high = range.high.bound == Bound::Exactly && is(value_of(&range.high), most);
                let low = range.low.bound == Bound::Exactly && is(value_of(&range.low), least);
                !(high || low)
            });
        })
    };
    vec![
        mutant(kind, "tiny", (Numbers, Full), wraps("tiny", i8::MIN.into(), i8::MAX.into()))
            .shown_by(ask("ledger").split(0).when("tiny", Is::Between("1", "127")).limit(3))
            .answered("3 4 9", ""),
        mutant(kind, "whole", (Numbers, Partial), wraps("whole", i32::MIN.into(), i32::MAX.into()))
            .shown_by(ask("ledger").split(1).when("whole", Is::Between("7", "2147483647")))
            .answered("41 44 46 48 51 53 55 58 60 62 65 67 69 72 74 76 79", "44 51 58 65 72 79"),
        mutant(kind, "large", (Numbers, Full), wraps("large", i64::MIN, i64::MAX))
            .shown_by(ask("ledger").split(0).when("large", Is::Equal("9223372036854775807")))
            .answered("6", ""),
    ]
}
