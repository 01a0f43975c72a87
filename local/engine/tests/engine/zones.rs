//! Every comparison of timestamps with and without time zone, and of dates.

use crate::fake::{Fake, orders};

/// Offsets from UTC on 15 November 2022, in minutes.
const ZONES: [(&str, i64); 5] = [
    ("UTC", 0),
    ("America/New_York", -300),
    ("Asia/Kolkata", 330),
    ("Asia/Tokyo", 540),
    ("-11:30", -690),
];

/// Returns literals with their instants, in minutes since the 14th. The session zone is UTC.
fn literals() -> Vec<(String, i64)> {
    let wall = |minutes: i64| {
        let day = 14 + minutes.div_euclid(1_440);
        let minute = minutes.rem_euclid(1_440);
        format!("2022-11-{day} {:02}:{:02}:00", minute / 60, minute % 60)
    };
    let mut literals = vec![("DATE '2022-11-15'".to_owned(), 1_440)];
    for instant in [1_440, 1_500] {
        literals.push((format!("TIMESTAMP '{}'", wall(instant)), instant));
        let zones = if instant == 1_440 { ZONES.as_slice() } else { &ZONES[1..3] };
        for (zone, offset) in zones {
            literals.push((format!("TIMESTAMP '{} {zone}'", wall(instant + offset)), instant));
        }
    }
    literals
}

type Holds = fn(i64, i64) -> bool;

#[tokio::test]
async fn every_comparison_of_every_pair_of_types_compares_instants() {
    let operators: [(&str, Holds); 16] = [
        ("{a} = {b}", |a, b| a == b),
        ("{a} <> {b}", |a, b| a != b),
        ("{a} < {b}", |a, b| a < b),
        ("{a} <= {b}", |a, b| a <= b),
        ("{a} > {b}", |a, b| a > b),
        ("{a} >= {b}", |a, b| a >= b),
        ("{a} IS DISTINCT FROM {b}", |a, b| a != b),
        ("{a} IS NOT DISTINCT FROM {b}", |a, b| a == b),
        ("{a} IN ({b}, NULL) IS TRUE", |a, b| a == b),
        ("{a} NOT IN ({b})", |a, b| a != b),
        ("{a} BETWEEN {b} AND {b}", |a, b| a == b),
        ("{a} NOT BETWEEN {b} AND {b}", |a, b| a != b),
        ("CASE WHEN {a} < {b} THEN true ELSE false END", |a, b| a < b),
        ("CASE {a} WHEN {b} THEN true ELSE false END", |a, b| a == b),
        ("{a} = ANY (SELECT {b})", |a, b| a == b),
        ("{a} IN (SELECT {b})", |a, b| a == b),
    ];
    let literals = literals();
    let values: Vec<&str> = literals.iter().map(|(sql, _)| sql.as_str()).collect();
    let names: Vec<String> = (0..literals.len()).map(|n| format!("c{n}")).collect();
    let table = format!("(VALUES ({})) AS t({})", values.join(", "), names.join(", "));
    let mut wrong = Vec::new();
    for (operator, holds) in operators {
        let is_subquery = operator.contains("SELECT");
        for (a, (left, left_instant)) in literals.iter().enumerate() {
            let mut conditions = Vec::new();
            for (b, (_, right_instant)) in literals.iter().enumerate() {
                let right = if is_subquery { &literals[b].0 } else { &names[b] };
                let condition = operator.replace("{a}", &names[a]).replace("{b}", right);
                let negated = if holds(*left_instant, *right_instant) { "" } else { "NOT " };
                conditions.push(format!("{negated}({condition})"));
            }
            let sql =
                format!("SELECT count(*) AS n FROM {table} WHERE {}", conditions.join(" AND "));
            let engine =
                Fake::new(vec![orders(0..1)]).engine(athena_engine::EngineOptions::default());
            let rows = match engine.query(&sql).await {
                Ok(query) => query.collect().await,
                Err(error) => Err(error),
            };
            let found = rows
                .map(|rows| arrow::util::pretty::pretty_format_batches(&rows).unwrap().to_string());
            if !found.as_ref().is_ok_and(|rows| rows.contains("| 1 |")) {
                wrong.push(format!("{operator} of {left}: {found:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
