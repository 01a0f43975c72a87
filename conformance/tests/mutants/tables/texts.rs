//! Text, bytes, booleans, dates and times, and a table with duplicates.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Int32Array, Int64Array,
    StringArray, TimestampMillisecondArray,
};

use super::{SourceTable, batch, cycle};

const ROWS: i64 = 120;

pub(super) fn tables() -> Vec<SourceTable> {
    vec![people(), visits()]
}

/// Rows of three splits of different lengths.
fn people() -> SourceTable {
    // Names differ in case, trailing spaces and accents.
    let name = |i: i64| {
        let number = i / 4;
        Some(match i % 4 {
            0 => format!("Person {number}"),
            1 => format!("person {number}"),
            2 => format!("person {number} "),
            _ if number % 3 == 0 => return None,
            _ => format!("p\u{e9}rson {number}"),
        })
    };
    let code = |i: i64| Some(if i % 11 == 5 { format!("rare{i}") } else { "common".to_owned() });
    let notes = [
        "",
        "a",
        "a ",
        "A",
        "b",
        "a%b",
        "a_b",
        "axb",
        "\u{1F600}",
        "\u{FFFF}",
        "more than twenty characters long, first",
        "more than twenty characters long, second",
    ];
    let note = cycle::<String, StringArray>(&notes.map(str::to_owned), 5, rows());
    let bytes: [&[u8]; 6] = [b"", b"\0", b"a\0b", b"a\0c", b"\x7f", b"\x80\xff"];
    let born = |i: i64| (i % 15 != 14).then(|| i32::try_from(i * 401 - 20_000).expect("a day"));
    // Milliseconds that are not zero, on both sides of the epoch.
    let seen = |i: i64| (i % 16 != 15).then(|| (i - 30) * 3_600_000 + i * 7 + 1);
    let zoned = |i: i64| (i % 14 != 13).then_some(1_700_000_000_000 + i / 3 * 1_800_000 + i % 2);
    let zoned: TimestampMillisecondArray = (0..ROWS).map(zoned).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..ROWS))),
        ("name", Arc::new((0..ROWS).map(name).collect::<StringArray>())),
        ("code", Arc::new((0..ROWS).map(code).collect::<StringArray>())),
        ("note", Arc::new(note)),
        ("bin", Arc::new(cycle::<&[u8], BinaryArray>(&bytes, 3, rows()))),
        ("flag", Arc::new(cycle::<bool, BooleanArray>(&[true, false], 1, rows()))),
        ("born", Arc::new((0..ROWS).map(born).collect::<Date32Array>())),
        ("seen", Arc::new((0..ROWS).map(seen).collect::<Date64Array>())),
        ("zoned", Arc::new(zoned.with_timezone("America/New_York"))),
    ];
    SourceTable::new("people", batch(columns), &[50, 40, 30])
}

/// Rows without a key, most of them several times in both splits.
fn visits() -> SourceTable {
    let cities = ["Rome", "Oslo", "Lima"].map(str::to_owned);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("city", Arc::new(cycle::<String, StringArray>(&cities, 1, 60))),
        (
            "count",
            Arc::new((0..60).map(|i| (i % 12 != 7).then_some(i / 6 % 3)).collect::<Int32Array>()),
        ),
    ];
    SourceTable::new("visits", batch(columns), &[30, 30])
}

fn rows() -> usize {
    usize::try_from(ROWS).expect("few rows")
}
