//! One column of every type that Athena supports, with ordinary, extreme, null, empty and unusual
//! values.

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BinaryArray, BooleanArray, Decimal128Array, Float32Array, Float64Array,
        Int8Array, Int16Array, Int32Array, Int64Array, StringArray, StructArray,
    },
    buffer::NullBuffer,
    compute::cast,
    datatypes::{DataType, Field, Schema, TimeUnit},
    record_batch::RecordBatch,
};

use self::nested::{counts, lines, tags};

mod nested;

/// Returns all rows.
pub(crate) fn rows() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int32Array::from_iter_values(1..=10))),
        ("flag", Arc::new(flags())),
        ("tiny", Arc::new(integers::<Int8Array, i8>(i8::MAX, i8::MIN, [1, 0, -1, 9], Some(1)))),
        ("small", Arc::new(integers::<Int16Array, i16>(i16::MAX, i16::MIN, [2, 0, -1, 10], None))),
        (
            "whole",
            Arc::new(integers::<Int32Array, i32>(i32::MAX, i32::MIN, [3, 0, -1, 11], Some(4))),
        ),
        ("large", Arc::new(integers::<Int64Array, i64>(i64::MAX, i64::MIN, [4, 0, -1, 12], None))),
        ("real4", Arc::new(singles())),
        ("real8", Arc::new(doubles())),
        ("price", prices()),
        ("huge", huge()),
        ("name", Arc::new(names())),
        ("bytes", Arc::new(bytes())),
        ("born", born()),
        ("seen", seen()),
        ("zoned", zoned()),
        ("tags", Arc::new(tags())),
        ("point", Arc::new(points())),
        ("counts", Arc::new(counts())),
        ("lines", Arc::new(lines())),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
        .collect();
    let comments = HashMap::from([("price".to_owned(), "what it costs".to_owned())]);
    let schema = Schema::new_with_metadata(fields, comments);
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(schema), columns).expect("every column has ten rows")
}

fn flags() -> BooleanArray {
    let yes = Some(true);
    let no = Some(false);
    BooleanArray::from(vec![yes, yes, no, None, no, None, yes, no, None, yes])
}

/// Returns ordinary, maximum, minimum, null, zero, minus one, ordinary again, another, null, and
/// `end`.
fn integers<A: FromIterator<Option<T>>, T: Copy>(
    most: T,
    least: T,
    [one, zero, minus_one, other]: [T; 4],
    end: Option<T>,
) -> A {
    let some = |value| Some(value);
    [
        some(one),
        some(most),
        some(least),
        None,
        some(zero),
        some(minus_one),
        some(one),
        some(other),
        None,
        end,
    ]
    .into_iter()
    .collect()
}

fn singles() -> Float32Array {
    let smallest = f32::from_bits(1);
    floats([1.5, f32::MAX, f32::MIN, smallest], [f32::NAN, f32::INFINITY, f32::NEG_INFINITY])
}

fn doubles() -> Float64Array {
    let smallest = f64::from_bits(1);
    floats([2.5, f64::MAX, f64::MIN, smallest], [f64::NAN, f64::INFINITY, f64::NEG_INFINITY])
}

/// Returns ordinary, maximum, minimum, null, zero, negative zero, the special values, and the
/// smallest positive value.
fn floats<A: FromIterator<Option<T>>, T: Copy + Default + std::ops::Neg<Output = T>>(
    [one, max, min, smallest]: [T; 4],
    [nan, infinity, negative_infinity]: [T; 3],
) -> A {
    let zero = T::default();
    let some = |value| Some(value);
    [
        some(one),
        some(max),
        some(min),
        None,
        some(zero),
        some(-zero),
        some(nan),
        some(infinity),
        some(negative_infinity),
        some(smallest),
    ]
    .into_iter()
    .collect()
}

fn prices() -> ArrayRef {
    let most = 999_999_999_999;
    let values = vec![
        Some(1_234),
        Some(most),
        Some(-most),
        None,
        Some(0),
        Some(-1),
        Some(1_234),
        Some(10_000),
        None,
        None,
    ];
    decimals(values, 12, 2)
}

fn huge() -> ArrayRef {
    let most = 10_i128.pow(38) - 1;
    let one = 10_i128.pow(10);
    let values = [1, most, -most, 0, 0, -1, one * 3 / 2, one * 100, 0, one * 5 / 2];
    decimals(
        values
            .into_iter()
            .enumerate()
            .map(|(row, value)| (row != 3 && row != 8).then_some(value))
            .collect(),
        38,
        10,
    )
}

fn decimals(values: Vec<Option<i128>>, precision: u8, scale: i8) -> ArrayRef {
    let decimals = Decimal128Array::from(values).with_precision_and_scale(precision, scale);
    Arc::new(decimals.expect("the values fit the precision"))
}

fn names() -> StringArray {
    let long = "z".repeat(3_000);
    StringArray::from(vec![
        Some("one"),
        Some(&long),
        Some("\u{1}"),
        None,
        Some(""),
        Some("häuser 家 😀 'quoted' \"too\""),
        Some("ONE"),
        Some("one "),
        Some("tab\tline\nend"),
        None,
    ])
}

fn bytes() -> BinaryArray {
    BinaryArray::from(vec![
        Some(b"one".as_slice()),
        Some(&[255; 4]),
        Some(&[0]),
        None,
        Some(&[]),
        Some("häuser".as_bytes()),
        Some(b"ONE"),
        Some(b"one "),
        Some(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        None,
    ])
}

fn born() -> ArrayRef {
    parsed(
        vec![
            Some("2024-02-29"),
            Some("9999-12-31"),
            Some("0001-01-01"),
            None,
            Some("1970-01-01"),
            Some("1969-12-31"),
            Some("2024-02-29"),
            Some("1582-10-04"),
            None,
            Some("2024-03-01"),
        ],
        &DataType::Date32,
    )
}

fn seen() -> ArrayRef {
    parsed(
        vec![
            Some("2024-02-29T12:34:56.789"),
            Some("9999-12-31T23:59:59.999"),
            Some("0001-01-01T00:00:00"),
            None,
            Some("1970-01-01T00:00:00"),
            Some("1969-12-31T23:59:59.999"),
            Some("2024-02-29T12:34:56.789"),
            Some("1582-10-15T00:00:00"),
            None,
            None,
        ],
        &DataType::Timestamp(TimeUnit::Millisecond, None),
    )
}

/// Returns the instants of the Java connector. Its zones differ by row, which an Arrow column
/// cannot represent.
fn zoned() -> ArrayRef {
    parsed(
        vec![
            Some("2024-03-01T12:00:00Z"),
            Some("2037-12-31T23:59:59.999+14:00"),
            Some("1900-01-01T00:00:00-14:00"),
            None,
            Some("1970-01-01T00:00:00Z"),
            Some("2024-07-04T09:30:00-04:00"),
            Some("2024-03-01T17:30:00+05:30"),
            None,
            Some("2024-03-01T12:00:00Z"),
            None,
        ],
        &DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
    )
}

fn parsed(texts: Vec<Option<&str>>, data_type: &DataType) -> ArrayRef {
    cast(&StringArray::from(texts), data_type).expect("the texts are dates and times")
}

fn points() -> StructArray {
    let label = |label| Some(label);
    let points = [
        Some((Some(1.5), label("here"))),
        Some((Some(f64::MAX), label("most"))),
        Some((Some(f64::MIN), label("least"))),
        None,
        Some((Some(0.0), label(""))),
        Some((None, None)),
        Some((Some(f64::NAN), label("nowhere"))),
        Some((Some(f64::NEG_INFINITY), None)),
        None,
        Some((Some(2.5), label("there"))),
    ];
    let x: ArrayRef =
        Arc::new(points.iter().map(|point| point.and_then(|(x, _)| x)).collect::<Float64Array>());
    let labels: ArrayRef = Arc::new(
        points.iter().map(|point| point.and_then(|(_, label)| label)).collect::<StringArray>(),
    );
    let fields =
        vec![Field::new("x", DataType::Float64, true), Field::new("label", DataType::Utf8, true)];
    let nulls: NullBuffer = points.iter().map(Option::is_some).collect();
    StructArray::new(fields.into(), vec![x, labels], Some(nulls))
}
