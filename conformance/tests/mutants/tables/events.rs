//! A partitioned table with nested columns, and a table of many splits.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanArray, Date64Array, Decimal128Array, Int32Array, Int64Array, Int64Builder,
        ListBuilder, MapBuilder, MapFieldNames, StringArray, StringBuilder, StructArray,
    },
    datatypes::{DataType, Field},
};

use super::{Partitions, SourceTable, batch};

const YEARS: [i32; 3] = [2022, 2023, 2024];
const REGIONS: [Option<&str>; 3] = [Some("amer"), Some("emea"), None];
const ROWS_OF_A_PARTITION: i64 = 12;
const ROWS: i64 = 108;

pub(super) fn tables() -> Vec<SourceTable> {
    vec![events(), files()]
}

/// Rows of nine partitions, each of two splits.
fn events() -> SourceTable {
    let partition = |i: i64| usize::try_from(i / ROWS_OF_A_PARTITION).expect("not negative");
    let year = |number: usize| YEARS[number / REGIONS.len()];
    let region = |number: usize| REGIONS[number % REGIONS.len()];
    let kinds = ["click", "view", "buy", "Click"];
    let kind = |i: i64| (i % 7 != 6).then(|| kinds[usize::try_from(i % 4).expect("small")]);
    let value = |i: i64| (i % 10 != 9).then(|| i128::from(i) * 12_345 + 67);
    let value: Decimal128Array = (0..ROWS).map(value).collect();
    let number = |i: i64| i32::try_from(i).expect("few rows");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("year", Arc::new((0..ROWS).map(|i| Some(year(partition(i)))).collect::<Int32Array>())),
        ("region", Arc::new((0..ROWS).map(|i| region(partition(i))).collect::<StringArray>())),
        ("id", Arc::new(Int64Array::from_iter_values(0..ROWS))),
        ("kind", Arc::new((0..ROWS).map(kind).collect::<StringArray>())),
        ("value", Arc::new(value.with_precision_and_scale(12, 4).expect("few digits"))),
        ("at", Arc::new(Date64Array::from_iter_values((0..ROWS).map(|i| i * 61_001)))),
        (
            "first",
            Arc::new((0..ROWS).map(|i| (i % 5 != 4).then_some(number(i))).collect::<Int32Array>()),
        ),
        (
            "last",
            Arc::new(
                (0..ROWS)
                    .map(|i| (i % 4 != 3).then_some(number(i) * 3 % 100))
                    .collect::<Int32Array>(),
            ),
        ),
        (
            "ok",
            Arc::new(
                (0..ROWS).map(|i| (i % 6 != 5).then_some(i % 2 == 0)).collect::<BooleanArray>(),
            ),
        ),
        ("tags", tags()),
        ("point", Arc::new(points())),
        ("counts", counts()),
    ];
    let partitions = YEARS.len() * REGIONS.len();
    let values = batch(vec![
        (
            "year",
            Arc::new((0..partitions).map(|number| Some(year(number))).collect::<Int32Array>()),
        ),
        ("region", Arc::new((0..partitions).map(region).collect::<StringArray>())),
        ("number", Arc::new(Int64Array::from_iter_values(0..9))),
    ]);
    SourceTable {
        partitions: Some(Partitions { columns: &["year", "region"], values, splits: 2 }),
        ..SourceTable::new("events", batch(columns), &[6; 18])
    }
}

/// Rows of twelve splits, of which one is empty.
fn files() -> SourceTable {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..110))),
        (
            "path",
            Arc::new(StringArray::from_iter_values(
                (0..110).map(|i| format!("dir{}/file{i}.csv", i % 3)),
            )),
        ),
        ("size", Arc::new((0..110).map(|i| (i % 9 != 8).then_some(i * i)).collect::<Int64Array>())),
    ];
    let mut splits = vec![10; 12];
    splits[7] = 0;
    SourceTable::new("files", batch(columns), &splits)
}

fn tags() -> ArrayRef {
    let mut tags = ListBuilder::new(StringBuilder::new());
    for row in 0..ROWS {
        for tag in 0..row % 3 {
            tags.values().append_option((tag != 1).then(|| format!("tag {row}")));
        }
        tags.append(row % 5 != 0);
    }
    Arc::new(tags.finish())
}

fn points() -> StructArray {
    let x: ArrayRef =
        Arc::new((0..ROWS).map(|row| (row % 4 != 0).then_some(row)).collect::<Int64Array>());
    let label: ArrayRef =
        Arc::new((0..ROWS).map(|row| Some(format!("p{}", row % 6))).collect::<StringArray>());
    let fields =
        vec![Field::new("x", DataType::Int64, true), Field::new("label", DataType::Utf8, true)];
    let valid: Vec<bool> = (0..ROWS).map(|row| row % 7 != 0).collect();
    StructArray::new(fields.into(), vec![x, label], Some(valid.into()))
}

fn counts() -> ArrayRef {
    let names = MapFieldNames { entry: "entries".into(), key: "key".into(), value: "value".into() };
    let mut counts = MapBuilder::new(Some(names), StringBuilder::new(), Int64Builder::new());
    for row in 0..ROWS {
        for entry in 0..row % 3 {
            counts.keys().append_value(format!("k{entry}"));
            counts.values().append_option((entry != 1).then_some(row));
        }
        counts.append(row % 8 != 0).expect("as many keys as values");
    }
    Arc::new(counts.finish())
}
