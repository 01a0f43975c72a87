//! Numbers of all types and scales.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, StringArray,
};

use super::{SourceTable, batch, cycle};

const ROWS: usize = 160;

pub(super) fn tables() -> Vec<SourceTable> {
    vec![codes(), ledger(), SourceTable { name: "nothing", ..empty_ledger() }]
}

fn empty_ledger() -> SourceTable {
    let ledger = ledger();
    SourceTable { rows: ledger.rows.slice(0, 0), splits: vec![0], ..ledger }
}

/// Rows of four splits. Most values are in one row only; `price` is skewed.
fn ledger() -> SourceTable {
    let decimals = |array: Decimal128Array, precision, scale| -> ArrayRef {
        Arc::new(array.with_precision_and_scale(precision, scale).expect("few digits"))
    };
    let rows = i64::try_from(ROWS).expect("few rows");
    let small = |i: i64| (i % 11 != 10).then(|| i16::try_from(i * 37 % 181 - 90).expect("small"));
    let large = |i: i64| match i {
        5 => Some(i64::MIN),
        6 => Some(i64::MAX),
        _ if i % 13 == 12 => None,
        _ if i % 2 == 0 => Some(9_007_199_254_740_992 + i),
        _ => Some(-i),
    };
    // Four digits after the point, of which none is zero.
    let amount = |i: i64| {
        let amount = i128::from(i) * 10_000 + 1_234 + i128::from(i % 40) * 111;
        (i % 17 != 16).then_some(if i % 9 == 4 { -amount } else { amount })
    };
    // More digits than a double has.
    let rate = |i: i64| (i % 19 != 18).then(|| 12_345_678_901_234_567_890 + i128::from(i) * 7);
    let price = |i: i64| Some(if i % 10 == 3 { i128::from(i) * 100 + 50 } else { 999 });
    let double = |i: i64| match i % 20 {
        7 => Some(f64::NAN),
        3 => Some(-0.0),
        13 => Some(0.0),
        11 => None,
        _ => Some(f64::from(i32::try_from(i).expect("few rows")) / 7.0 - 5.0),
    };
    let singles = [f32::NEG_INFINITY, -1.5, -0.0, 0.0, 0.1, f32::NAN, f32::INFINITY, 16_777_216.0];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..rows))),
        ("tiny", Arc::new(cycle::<i8, Int8Array>(&[i8::MIN, -1, 0, 1, i8::MAX], 1, ROWS))),
        ("small", Arc::new((0..rows).map(small).collect::<Int16Array>())),
        ("whole", Arc::new(cycle::<i32, Int32Array>(&[i32::MIN, -7, 0, 1, 7, i32::MAX], 3, ROWS))),
        ("large", Arc::new((0..rows).map(large).collect::<Int64Array>())),
        ("amount", decimals((0..rows).map(amount).collect(), 18, 4)),
        ("rate", decimals((0..rows).map(rate).collect(), 38, 10)),
        ("price", decimals((0..rows).map(price).collect(), 9, 2)),
        ("real4", Arc::new(cycle::<f32, Float32Array>(&singles, 2, ROWS))),
        ("real8", Arc::new((0..rows).map(double).collect::<Float64Array>())),
    ];
    SourceTable::new("ledger", batch(columns), &[40, 40, 40, 40])
}

/// Returns a small table of one split.
fn codes() -> SourceTable {
    let labels = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..12))),
        ("code", Arc::new(Int32Array::from_iter_values((0..12).map(|i| i * i - 20)))),
        ("label", Arc::new(cycle::<String, StringArray>(&labels.map(str::to_owned), 2, 12))),
        (
            "factor",
            Arc::new(Float64Array::from_iter_values((0..12).map(|i| f64::from(i) * 0.5 - 2.0))),
        ),
    ];
    SourceTable::new("codes", batch(columns), &[12])
}
