//! Sample batches, keys and waits for tests.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::{
    array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array,
        Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int32Builder, Int64Array,
        ListBuilder, MapBuilder, MapFieldNames, StringArray, StringBuilder, StructArray,
        TimestampMicrosecondArray, TimestampMillisecondArray,
    },
    datatypes::{DataType, Field, Schema, SchemaRef},
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_protocol::EncryptionKey;
use rand::{RngExt, rngs::StdRng};

/// Returns a constant key of `len` bytes.
pub(crate) fn key(len: u8) -> EncryptionKey {
    EncryptionKey { key: (0..len).collect(), nonce: (100..112).collect() }
}

/// Creates a batch of one column with these numbers.
pub(crate) fn numbers(numbers: std::ops::Range<i64>) -> RecordBatch {
    RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from_iter_values(numbers)) as ArrayRef)])
        .unwrap()
}

/// Creates a batch with rows and without columns.
pub(crate) fn no_columns(rows: usize) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).unwrap()
}

/// Returns the schema of [`mixed`], which has every kind of layout.
pub(crate) fn mixed_schema() -> SchemaRef {
    mixed(&mut rand::make_rng(), 0, 0).schema()
}

/// Creates `rows` rows of every kind of layout, with nulls, and texts of up to `text` bytes.
pub(crate) fn mixed(random: &mut StdRng, rows: usize, text: usize) -> RecordBatch {
    let mut texts = StringBuilder::new();
    let mut lists = ListBuilder::new(Int32Builder::new());
    let names = MapFieldNames { entry: "entries".into(), key: "key".into(), value: "value".into() };
    let mut maps =
        MapBuilder::new(Some(names), StringBuilder::new(), ListBuilder::new(Int32Builder::new()));
    let mut longs = Vec::new();
    let mut flags = Vec::new();
    for row in 0..rows {
        texts.append_option(
            random.random_bool(0.8).then(|| "x".repeat(random.random_range(0..=text))),
        );
        lists.append_option(
            random.random_bool(0.7).then(|| [Some(7), None].repeat(random.random_range(0..3))),
        );
        for entry in 0..random.random_range(0..3) {
            maps.keys().append_value(format!("{entry}"));
            maps.values().append_value([Some(entry), None]);
        }
        maps.append(random.random_bool(0.7)).unwrap();
        longs.push(random.random_bool(0.9).then(|| i64::try_from(row).unwrap()));
        flags.push(random.random_bool(0.9).then(|| random.random()));
    }
    let longs = Int64Array::from(longs);
    let texts = Arc::new(texts.finish());
    let fields =
        vec![Field::new("n", DataType::Int64, true), Field::new("t", DataType::Utf8, true)];
    let pairs = StructArray::new(
        fields.into(),
        vec![Arc::new(longs.clone()), Arc::clone(&texts) as _],
        None,
    );
    RecordBatch::try_from_iter_with_nullable([
        ("n", Arc::new(longs) as ArrayRef, true),
        ("flag", Arc::new(BooleanArray::from(flags)), true),
        ("t", texts, true),
        ("l", Arc::new(lists.finish()), true),
        ("m", Arc::new(maps.finish()), true),
        ("s", Arc::new(pairs), true),
    ])
    .unwrap()
}

/// Creates a few rows of every type that a table may have, some null.
pub(crate) fn every_type() -> RecordBatch {
    let mixed = mixed(&mut rand::make_rng(), 5, 12);
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int8Array::from(vec![Some(-1), None, Some(2), None, Some(i8::MAX)])),
        Arc::new(Int16Array::from(vec![Some(-1), None, Some(2), None, Some(i16::MIN)])),
        Arc::new(Int32Array::from(vec![Some(-1), None, Some(2), None, Some(i32::MIN)])),
        Arc::new(Float32Array::from(vec![Some(-0.0), None, Some(f32::INFINITY), None, Some(1.5)])),
        Arc::new(Float64Array::from(vec![Some(-0.0), None, Some(f64::MIN), None, Some(1.5)])),
        Arc::new(
            Decimal128Array::from(vec![
                Some(-1),
                None,
                Some(i128::from(i64::MAX) * 10),
                None,
                Some(0),
            ])
            .with_precision_and_scale(38, 4)
            .unwrap(),
        ),
        Arc::new(Date32Array::from(vec![Some(-1), None, Some(20_000), None, Some(0)])),
        Arc::new(Date64Array::from(vec![Some(-1), None, Some(1_700_000_000_123), None, Some(0)])),
        Arc::new(
            TimestampMillisecondArray::from(vec![Some(-1), None, Some(7), None, Some(0)])
                .with_timezone("UTC"),
        ),
        Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), None, Some(7), None, Some(0)])),
        Arc::new(BinaryArray::from_opt_vec(vec![
            Some(b"a"),
            None,
            Some(b""),
            None,
            Some(b"\0\xFF"),
        ])),
        Arc::new(StringArray::from(vec![Some("é"), None, Some(""), None, Some("\u{1F600}")])),
    ];
    columns.extend(mixed.columns().iter().map(Arc::clone));
    let fields = columns.iter().enumerate().map(|(index, column)| {
        let name = format!("c{index}");
        Field::new(name, column.data_type().clone(), true)
    });
    let schema = Schema::new(fields.collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

/// Yields to other tasks until `condition` holds.
pub(crate) async fn until(description: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "timed out waiting until {description}"
        );
        tokio::task::yield_now().await;
    }
}

/// Yields to other tasks long enough for any forbidden action.
pub(crate) async fn a_while() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}
