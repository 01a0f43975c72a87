//! Sample columns of every type with a wire form, in every state of an array.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array,
        FixedSizeBinaryBuilder, FixedSizeListBuilder, Float16Array, Float32Array, Float64Array,
        Int8Array, Int16Array, Int32Array, Int32Builder, Int64Array, IntervalDayTimeArray,
        IntervalMonthDayNanoArray, IntervalYearMonthArray, ListBuilder, MapBuilder, MapFieldNames,
        NullArray, StringArray, StringBuilder, StructArray, Time32MillisecondArray,
        Time32SecondArray, Time64MicrosecondArray, Time64NanosecondArray,
        TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
        TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
    },
    buffer::NullBuffer,
    datatypes::{DataType, Field, IntervalDayTime, IntervalMonthDayNano, Schema},
    record_batch::{RecordBatch, RecordBatchOptions},
};

/// Rows of the full columns: more than a byte of bits, and not a multiple of 8.
const ROWS: usize = 21;

fn batch(column: ArrayRef) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("c", column.data_type().clone(), true)]);
    RecordBatch::try_new(Arc::new(schema), vec![column]).unwrap()
}

/// Returns every type in every state, with a name.
pub(super) fn batches() -> Vec<(String, RecordBatch)> {
    let mut batches = Vec::new();
    for nulls in [false, true] {
        for column in columns(nulls) {
            for (state, start, len) in [
                ("empty", 0, 0),
                ("one", 0, 1),
                ("all", 0, ROWS),
                ("cut", 3, 11),
                ("bytes", 8, 8),
                ("end", 17, 4),
            ] {
                let name = format!(
                    "{} {state}{}",
                    column.data_type(),
                    if nulls { " with nulls" } else { "" }
                );
                batches.push((name, batch(column.slice(start, len))));
            }
        }
    }
    for rows in [0, 1, 7] {
        batches.push((format!("no columns, {rows} rows"), no_columns(rows)));
    }
    let columns = columns(true);
    let fields = columns
        .iter()
        .enumerate()
        .map(|(i, column)| Field::new(format!("c{i}"), column.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let all = RecordBatch::try_new(schema, columns).unwrap();
    batches.push(("every type".to_owned(), all.clone()));
    batches.push(("every type cut".to_owned(), all.slice(5, 9)));
    batches
}

pub(super) fn no_columns(rows: usize) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).unwrap()
}

/// Returns one column of each type; with `nulls`, every third value is null.
fn columns(nulls: bool) -> Vec<ArrayRef> {
    macro_rules! array {
        ($array:ty, $value:expr) => {{
            let value: fn(i64) -> _ = $value;
            <$array>::from_iter(
                (0i64..).take(ROWS).map(|n| (!(nulls && n % 3 == 1)).then(|| value(n))),
            )
        }};
    }
    let zoned = array!(TimestampMillisecondArray, |n| n * 4_096_000);
    let decimal = array!(Decimal128Array, |n| i128::from(n) << 70);
    let text = array!(StringArray, |n| "é".repeat(usize::try_from(n % 4).unwrap()));
    let validity =
        nulls.then(|| NullBuffer::from((0..ROWS).map(|n| n % 3 != 1).collect::<Vec<_>>()));
    let structure = StructArray::new(
        vec![Field::new("n", DataType::Int16, true), Field::new("t", DataType::Utf8, true)].into(),
        vec![Arc::new(array!(Int16Array, |n| i16::try_from(n).unwrap())), Arc::new(text.clone())],
        validity.clone(),
    );
    let no_fields = StructArray::new_empty_fields(ROWS, validity);
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(NullArray::new(ROWS)),
        Arc::new(
            (0i64..)
                .take(ROWS)
                .map(|n| (!(nulls && n % 3 == 1)).then_some(n % 2 == 0))
                .collect::<BooleanArray>(),
        ),
        Arc::new(array!(Int8Array, |n| i8::try_from(n).unwrap())),
        Arc::new(array!(Int16Array, |n| i16::try_from(n).unwrap())),
        Arc::new(array!(Int32Array, |n| i32::try_from(n).unwrap())),
        Arc::new(array!(Int64Array, |n| -n)),
        Arc::new(array!(UInt8Array, |n| u8::try_from(n).unwrap())),
        Arc::new(array!(UInt16Array, |n| u16::try_from(n).unwrap())),
        Arc::new(array!(UInt32Array, |n| u32::try_from(n).unwrap())),
        Arc::new(array!(UInt64Array, |n| u64::MAX - u64::try_from(n).unwrap())),
        Arc::new(array!(Float16Array, |n| half(n))),
        Arc::new(array!(Float32Array, |n| f32::from(i16::try_from(n).unwrap()))),
        Arc::new(array!(Float64Array, |n| -f64::from(i16::try_from(n).unwrap()))),
        Arc::new(decimal.with_precision_and_scale(38, 9).unwrap()),
        Arc::new(array!(Date32Array, |n| i32::try_from(n).unwrap() - 4)),
        Arc::new(array!(Date64Array, |n| n * 12_345)),
        Arc::new(array!(Time32SecondArray, |n| i32::try_from(n).unwrap())),
        Arc::new(array!(Time32MillisecondArray, |n| i32::try_from(n).unwrap())),
        Arc::new(array!(Time64MicrosecondArray, |n| n)),
        Arc::new(array!(Time64NanosecondArray, |n| n)),
        Arc::new(array!(TimestampSecondArray, |n| n)),
        Arc::new(zoned.clone()),
        Arc::new(zoned.with_timezone("UTC")),
        Arc::new(array!(TimestampMicrosecondArray, |n| n).with_timezone("+05:30")),
        Arc::new(array!(TimestampNanosecondArray, |n| n)),
        Arc::new(array!(IntervalYearMonthArray, |n| i32::try_from(n).unwrap())),
        Arc::new(array!(IntervalDayTimeArray, |n| IntervalDayTime::new(
            i32::try_from(n).unwrap(),
            -1
        ))),
        Arc::new(array!(IntervalMonthDayNanoArray, |n| IntervalMonthDayNano::new(1, 2, n))),
        Arc::new(text),
        Arc::new(array!(BinaryArray, |n| n.to_be_bytes())),
        Arc::new(structure),
        Arc::new(no_fields),
    ];
    columns.extend(built(nulls));
    columns
}

fn half(n: i64) -> <arrow::datatypes::Float16Type as arrow::datatypes::ArrowPrimitiveType>::Native {
    let bits = u16::try_from(n).unwrap() << 10;
    <arrow::datatypes::Float16Type as arrow::datatypes::ArrowPrimitiveType>::Native::from_bits(bits)
}

/// Returns the columns that need a builder.
fn built(nulls: bool) -> Vec<ArrayRef> {
    let names = MapFieldNames { entry: "entries".into(), key: "key".into(), value: "value".into() };
    let mut fixed = FixedSizeBinaryBuilder::new(3);
    let mut triples = FixedSizeListBuilder::new(Int32Builder::new(), 3);
    let mut lists = ListBuilder::new(StringBuilder::new());
    let mut empties = ListBuilder::new(ListBuilder::new(Int32Builder::new()));
    let mut maps =
        MapBuilder::new(Some(names), StringBuilder::new(), ListBuilder::new(Int32Builder::new()));
    for n in (0i32..).take(ROWS) {
        let present = !(nulls && n % 3 == 1);
        if present {
            fixed.append_value([1, 2, u8::try_from(n).unwrap()]).unwrap();
        } else {
            fixed.append_null();
        }
        triples.values().append_slice(&[n, n + 1, n + 2]);
        triples.append(present);
        for element in 0..n % 5 {
            lists.values().append_option((element != 2).then(|| element.to_string()));
            maps.keys().append_value(element.to_string());
            maps.values().append_value([Some(element), None, Some(n)]);
        }
        lists.append(present);
        empties.append(present);
        maps.append(present).unwrap();
    }
    vec![
        Arc::new(fixed.finish()),
        Arc::new(triples.finish()),
        Arc::new(lists.finish()),
        Arc::new(empties.finish()),
        Arc::new(maps.finish()),
    ]
}
