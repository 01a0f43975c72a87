//! Faults in the comparison of numbers.

use athena_conformance::oracle::{Cell, compare};
use athena_protocol::predicate::ValueSet;

use super::super::{
    ask::{Is, ask},
    faults::{compared_as, holds, judged_on, losing_on, members},
    mutant::{Mutant, cmp, mutant},
    source::Level::{Full, Partial},
    tables::Source::Numbers,
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = integers();
    mutants.extend(nan());
    mutants.extend(floats());
    mutants.extend(decimals());
    mutants
}

fn as_text(cell: &Cell) -> Cell {
    match cell {
        Cell::Int(value) => Cell::Text(value.to_string().into()),
        Cell::Decimal(digits, scale) => {
            let unit = 10_i128.pow(u32::from(scale.unsigned_abs()));
            let sign = if *digits < 0 { "-" } else { "" };
            let digits = digits.abs();
            Cell::Text(format!("{sign}{}.{:04}", digits / unit, digits % unit).into())
        }
        cell => cell.clone(),
    }
}

fn unsigned(cell: &Cell) -> Cell {
    match cell {
        // The order of unsigned numbers, in signed ones.
        Cell::Int(value) => Cell::Int(value ^ i64::MIN),
        cell => cell.clone(),
    }
}

fn integers() -> Vec<Mutant> {
    let sign = "signed numbers compared as unsigned";
    let text = "numbers compared as text";
    vec![
        mutant(sign, "small", (Numbers, Partial), compared_as("small", unsigned))
            .shown_by(ask("ledger").split(1).when("small", Is::Between("-10", "10")))
            .answered("43 54 56 61 65 66 71 76", "43 54 65 76"),
        mutant(sign, "large", (Numbers, Full), compared_as("large", unsigned))
            .shown_by(ask("ledger").split(0).when("large", Is::Between("-5", "9007199254740992")))
            .answered("0 1 3", ""),
        mutant(text, "whole", (Numbers, Partial), compared_as("whole", as_text))
            .shown_by(ask("ledger").split(0).when("whole", Is::Above("7")).columns(&["whole"]))
            .answered(
                "- 2147483647 - 2147483647 - 2147483647 - 2147483647 - 2147483647 - 2147483647",
                "- - - - - -",
            ),
        mutant(text, "amount", (Numbers, Full), compared_as("amount", as_text))
            .shown_by(ask("ledger").split(2).when("amount", Is::AtLeast("99")))
            .answered("99 100 102 104 105 106 107 108 109 110 111 113 114 115 116 117 119", "99"),
    ]
}

fn nan() -> Vec<Mutant> {
    let kind = "NaN is a number";
    let dropped = "NaN always dropped";
    let greatest = |set: &ValueSet, cell: &Cell| {
        if cell.is_nan() {
            let most = match cell {
                Cell::Single(_) => Cell::Single(f32::INFINITY),
                _ => Cell::Double(f64::INFINITY),
            };
            return holds(set, &most, compare);
        }
        holds(set, cell, compare)
    };
    vec![
        mutant(kind, "the greatest in real4", (Numbers, Full), judged_on("real4", greatest))
            .shown_by(
                ask("ledger").split(0).when("real4", Is::Above("1")).columns(&["real4"]).limit(3),
            )
            .answered("inf 16777216 inf", "inf NaN 16777216"),
        mutant(kind, "the greatest in real8", (Numbers, Partial), judged_on("real8", greatest))
            .shown_by(ask("ledger").split(3).when("real8", Is::AtLeast("17.5")))
            .answered("131 151 158 159", "127 131 147 151 158 159"),
        mutant(
            dropped,
            "any set on real8",
            (Numbers, Full),
            losing_on("real8", |_, cell| cell.is_nan()),
        )
        .shown_by(
            ask("ledger").split(1).when("real8", Is::NotNull).when("id", Is::Between("46", "48")),
        )
        .answered("46 47 48", "46 48"),
        mutant(
            dropped,
            "NOT IN on real4",
            (Numbers, Full),
            losing_on("real4", |set, cell| {
                cell.is_nan() && matches!(set, ValueSet::Equatable(list) if !list.inclusive)
            }),
        )
        .shown_by(
            ask("ledger")
                .split(2)
                .when("real4", Is::Unlisted(&["-inf", "-1.5", "0", "0.1", "inf"]))
                .when("id", Is::Between("80", "90"))
                .columns(&["real4"]),
        )
        .answered("16777216 NaN 16777216", "16777216 16777216"),
    ]
}

fn floats() -> Vec<Mutant> {
    let zero = "minus zero differs from zero";
    let tolerance = "floats compared with a tolerance";
    // The smallest negative number stands for minus zero.
    let below_zero = |cell: &Cell| match cell {
        Cell::Double(value) if *value == 0.0 && value.is_sign_negative() => {
            Cell::Double(-f64::from_bits(1))
        }
        Cell::Single(value) if *value == 0.0 && value.is_sign_negative() => {
            Cell::Single(-f32::from_bits(1))
        }
        cell => cell.clone(),
    };
    let total = |column, map: fn(&Cell) -> Cell| {
        judged_on(column, move |set, cell| {
            holds(set, &map(cell), |left, right| compare(left, &map(right)))
        })
    };
    let nearly = |left: f64, right: f64| (left - right).abs() <= 1e-6 * right.abs().max(1.0);
    vec![
        mutant(zero, "real8", (Numbers, Full), total("real8", below_zero))
            .shown_by(ask("ledger").split(0).when("real8", Is::Equal("0")))
            .answered("3 13 23 33 35", "13 33 35"),
        mutant(zero, "real4", (Numbers, Partial), total("real4", below_zero))
            .shown_by(
                ask("ledger").split(0).when("real4", Is::Between("0", "0.05")).columns(&["real4"]),
            )
            .answered("-0 - 0 -0 - 0 -0 - 0 -0 - 0 -0", "- 0 - 0 - 0 - 0"),
        mutant(
            tolerance,
            "equality of real8",
            (Numbers, Full),
            judged_on("real8", move |set, cell| match (members(set), cell) {
                (Some(members), Cell::Double(value)) => members.iter().any(
                    |member| matches!(member, Cell::Double(member) if nearly(*value, *member)),
                ),
                _ => holds(set, cell, compare),
            }),
        )
        .shown_by(ask("ledger").split(0).when("real8", Is::Equal("-4.857142857142856")))
        .answered("", "1"),
        mutant(
            "infinity lost",
            "real4",
            (Numbers, Full),
            losing_on(
                "real4",
                |_, cell| matches!(cell, Cell::Single(value) if value.is_infinite()),
            ),
        )
        .shown_by(
            ask("ledger").split(0).when("real4", Is::Below("-2")).limit(2).columns(&["real4"]),
        )
        .answered("-inf -inf", ""),
    ]
}

fn decimals() -> Vec<Mutant> {
    let scale = "decimal compared at a wrong scale";
    let fraction = "decimals compared without their fraction";
    let mapped = |column, map: fn(i128) -> i128| {
        compared_as(column, move |cell| match cell {
            Cell::Decimal(digits, scale) => Cell::Decimal(map(*digits), *scale),
            cell => cell.clone(),
        })
    };
    // The constant loses its scale, the values keep theirs.
    let rescaled = |column, factor: i128| {
        judged_on(column, move |set, cell| {
            holds(set, cell, |left, right| match right {
                Cell::Decimal(digits, scale) => {
                    Some(cmp(left, &Cell::Decimal(digits / factor, *scale)))
                }
                right => Some(cmp(left, right)),
            })
        })
    };
    vec![
        mutant(scale, "amount by 100", (Numbers, Full), rescaled("amount", 100))
            .shown_by(ask("ledger").split(1).when("amount", Is::Between("47", "48")))
            .answered("47", ""),
        mutant(
            fraction,
            "amount",
            (Numbers, Partial),
            mapped("amount", |digits| digits / 10_000 * 10_000),
        )
        .shown_by(ask("ledger").split(0).when("amount", Is::Above("39.1")))
        .answered("16 33 39", "16 33"),
        mutant(
            fraction,
            "rate",
            (Numbers, Full),
            mapped("rate", |digits| digits / 10_000_000_000 * 10_000_000_000),
        )
        .shown_by(ask("ledger").split(0).when("rate", Is::Below("1234567890.1234567895")))
        .answered("0", ""),
        mutant(
            "sign of a decimal lost",
            "equality of amount",
            (Numbers, Full),
            judged_on("amount", |set, cell| {
                let positive = |cell: &Cell| match cell {
                    Cell::Decimal(digits, scale) => Cell::Decimal(digits.abs(), *scale),
                    cell => cell.clone(),
                };
                match members(set) {
                    Some(members) => members.iter().any(|member| member == &positive(cell)),
                    None => holds(set, cell, compare),
                }
            }),
        )
        .shown_by(ask("ledger").split(0).when("amount", Is::Equal("-4.1678")))
        .answered("4", ""),
    ]
}
