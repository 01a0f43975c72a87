//! Columns and constants for tests: a pool of edge values of each type, picked by a seeded
//! generator.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array,
        Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, StringArray,
        TimestampMillisecondArray, UInt32Array,
    },
    compute::take,
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    record_batch::RecordBatch,
};

/// Pseudorandom number generator, the same on every run for the same seed.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(0x9E37_79B9_7F4A_7C15))
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound as u64).expect("less than a bound that fits")
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

pub(super) fn decimal(digits: Vec<Option<i128>>, precision: u8, scale: i8) -> ArrayRef {
    let array = Decimal128Array::from(digits)
        .with_precision_and_scale(precision, scale)
        .expect("digits that fit");
    Arc::new(array)
}

pub(super) fn zoned(millis: Vec<Option<i64>>, zone: &str) -> ArrayRef {
    Arc::new(TimestampMillisecondArray::from(millis).with_timezone(zone))
}

/// Packs `instants` as in wire form: milliseconds and a zone key.
pub(super) fn packed(instants: &ArrayRef, key: i64) -> ArrayRef {
    use arrow::{array::AsArray, datatypes::TimestampMillisecondType};
    let millis = instants.as_primitive::<TimestampMillisecondType>();
    let packed = millis.unary::<_, TimestampMillisecondType>(|millis| (millis << 12) | key);
    Arc::new(packed.with_data_type(millis_with_zone("UTC")))
}

fn millis_with_zone(zone: &str) -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some(zone.into()))
}

/// Milliseconds that can still be packed with a zone.
const LAST_MILLI: i64 = i64::MAX >> 12;

/// Returns names and edge values of a column of every scalar type.
#[expect(clippy::too_many_lines, reason = "a flat list of independent entries")]
pub(super) fn pools() -> Vec<(&'static str, ArrayRef)> {
    let long = "x".repeat(3_000);
    let longer = "x".repeat(2_999) + "y";
    let text = [
        "", "a", "A", "ab", "abc", "b", "a\0", "a%c", "a_c", "\u{ffff}", "𝄞", "a𝄞c", "é",
        "e\u{301}", "zebra", &long, &longer,
    ];
    let bytes: [&[u8]; 8] = [b"", b"\0", b"\0\0", b"a", b"ab", b"\x7f", b"\x80", b"\xff\xff"];
    vec![
        ("bool", Arc::new(BooleanArray::from(vec![false, true]))),
        ("i8", Arc::new(Int8Array::from(vec![i8::MIN, -7, -1, 0, 1, 2, 5, i8::MAX]))),
        ("i16", Arc::new(Int16Array::from(vec![i16::MIN, -128, -1, 0, 1, 5, 300, i16::MAX]))),
        (
            "i32",
            Arc::new(Int32Array::from(vec![
                i32::MIN,
                -129,
                -1,
                0,
                1,
                2,
                5,
                128,
                1 << 25,
                i32::MAX,
            ])),
        ),
        (
            "i64",
            Arc::new(Int64Array::from(vec![
                i64::MIN,
                -1,
                0,
                1,
                2,
                5,
                1 << 31,
                (1 << 53) + 1,
                i64::MAX,
            ])),
        ),
        (
            "f32",
            Arc::new(Float32Array::from(vec![
                f32::NEG_INFINITY,
                f32::MIN,
                -1.5,
                -0.0,
                0.0,
                1e-45,
                0.1,
                1.0,
                5.0,
                16_777_216.0,
                f32::MAX,
                f32::INFINITY,
                f32::NAN,
                -f32::NAN,
            ])),
        ),
        (
            "f64",
            Arc::new(Float64Array::from(vec![
                f64::NEG_INFINITY,
                f64::MIN,
                -1.5,
                -0.0,
                0.0,
                5e-324,
                0.1,
                f64::from(0.1_f32),
                1.0,
                5.0,
                9_007_199_254_740_992.0,
                f64::MAX,
                f64::INFINITY,
                f64::NAN,
                -f64::NAN,
            ])),
        ),
        (
            "dec2",
            decimal(
                [-9_999_999_999, -150, -100, -1, 0, 1, 100, 150, 200, 500].map(Some).to_vec(),
                10,
                2,
            ),
        ),
        (
            "dec0",
            decimal(
                [-(10_i128.pow(20) - 1), -2, -1, 0, 1, 2, 5, 10_i128.pow(20) - 1]
                    .map(Some)
                    .to_vec(),
                20,
                0,
            ),
        ),
        (
            "dec38",
            decimal(
                [
                    -(10_i128.pow(38) - 1),
                    -15 * 10_i128.pow(36),
                    0,
                    1,
                    10_i128.pow(37),
                    10_i128.pow(38) - 1,
                ]
                .map(Some)
                .to_vec(),
                38,
                37,
            ),
        ),
        ("text", Arc::new(StringArray::from(text.to_vec()))),
        ("bytes", Arc::new(BinaryArray::from(bytes.to_vec()))),
        ("day", Arc::new(Date32Array::from(vec![i32::MIN, -25_567, -1, 0, 1, 19_783, i32::MAX]))),
        (
            "milli",
            Arc::new(Date64Array::from(vec![
                i64::MIN,
                -86_400_000,
                -86_399_999,
                -1,
                0,
                1,
                86_400_000,
                86_400_001,
                i64::MAX,
            ])),
        ),
        (
            "instant",
            zoned(
                [-LAST_MILLI, -86_400_000, -1, 0, 1, 1_709_294_400_000, LAST_MILLI]
                    .map(Some)
                    .to_vec(),
                "Asia/Tokyo",
            ),
        ),
    ]
}

/// Picks rows of `pool` at random, interspersed with nulls.
pub(super) fn rows(pool: &ArrayRef, rows: usize, rng: &mut Rng) -> ArrayRef {
    let last = pool.len();
    let indices: UInt32Array = (0..rows)
        .map(|_| (!rng.chance(15)).then(|| u32::try_from(rng.below(last)).expect("a small pool")))
        .collect();
    take(pool, &indices, None).expect("indices within the pool")
}

/// Creates a batch with a column of every scalar type.
pub(super) fn batch(len: usize, rng: &mut Rng) -> RecordBatch {
    let (fields, columns): (Vec<_>, Vec<_>) = pools()
        .into_iter()
        .map(|(name, pool)| {
            (Field::new(name, pool.data_type().clone(), true), rows(&pool, len, rng))
        })
        .unzip();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    RecordBatch::try_new(schema, columns).expect("columns of one length")
}
