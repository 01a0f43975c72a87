//! What a column holds, and its values for a range of rows.

use std::{ops::Range, sync::Arc};

use athena_connector_sdk::arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, Date64Array, Decimal128Array, Float64Array, Int16Array, Int32Array,
        Int64Array, StringArray,
    },
    buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer},
    datatypes::DataType,
};

use crate::hash::{cell, is_null, letters};

/// How the values of a column come from its hash.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values {
    RowNumber,
    BigInt(fn(u64) -> i64),
    Int(fn(u64) -> i32),
    SmallInt,
    Bit,
    /// Of [0, 1).
    Unit,
    /// Between plus and minus 2^29.
    Wide,
    /// With two digits behind the point.
    Money,
    Days,
    Milliseconds,
    /// Letters, at least so many and at most `mask` more.
    Text {
        least: usize,
        mask: u64,
        with_end: bool,
    },
}

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) nulls: bool,
    pub(crate) values: Values,
}

impl Column {
    pub(crate) fn data_type(&self) -> DataType {
        match self.values {
            Values::RowNumber | Values::BigInt(_) => DataType::Int64,
            Values::Int(_) => DataType::Int32,
            Values::SmallInt => DataType::Int16,
            Values::Bit => DataType::Boolean,
            Values::Unit | Values::Wide => DataType::Float64,
            Values::Money => DataType::Decimal128(15, 2),
            Values::Days => DataType::Date32,
            Values::Milliseconds => DataType::Date64,
            Values::Text { .. } => DataType::Utf8,
        }
    }

    /// The values of `rows`, where this is column `index` of its table.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_precision_loss,
        reason = "values are the low bits of a hash; the floats are exact"
    )]
    pub(crate) fn array(&self, index: u64, rows: Range<u64>) -> ArrayRef {
        let hash = |at: usize| cell(rows.start + at as u64, index);
        let len = (rows.end - rows.start) as usize;
        let hashes = || (0..len).map(hash);
        let nulls = self.nulls.then(|| NullBuffer::new(BooleanBuffer::collect_bool(len, |at| !is_null(hash(at)))));
        match self.values {
            Values::RowNumber => Arc::new(Int64Array::new(rows.clone().map(|row| row as i64).collect(), nulls)),
            Values::BigInt(of) => Arc::new(Int64Array::new(hashes().map(of).collect(), nulls)),
            Values::Int(of) => Arc::new(Int32Array::new(hashes().map(of).collect(), nulls)),
            Values::SmallInt => Arc::new(Int16Array::new(hashes().map(|h| h as i16).collect(), nulls)),
            Values::Bit => Arc::new(BooleanArray::new(BooleanBuffer::collect_bool(len, |at| hash(at) & 1 == 1), nulls)),
            Values::Unit => {
                let values: ScalarBuffer<f64> = hashes().map(|h| (h >> 11) as f64 / (1_u64 << 53) as f64).collect();
                Arc::new(Float64Array::new(values, nulls))
            }
            Values::Wide => {
                let values: ScalarBuffer<f64> = hashes().map(|h| ((h as i64) >> 24) as f64 / 1024.0).collect();
                Arc::new(Float64Array::new(values, nulls))
            }
            Values::Money => {
                let values: ScalarBuffer<i128> = hashes().map(|h| i128::from((h as i64) >> 20)).collect();
                let array = Decimal128Array::new(values, nulls);
                Arc::new(array.with_data_type(self.data_type()))
            }
            Values::Days => Arc::new(Date32Array::new(hashes().map(|h| (h & 0x7FFF) as i32).collect(), nulls)),
            Values::Milliseconds => Arc::new(Date64Array::new(hashes().map(|h| (h >> 24) as i64).collect(), nulls)),
            Values::Text { least, mask, with_end } => Arc::new(text(hashes(), nulls, least, mask, with_end)),
        }
    }
}

fn text(
    hashes: impl ExactSizeIterator<Item = u64>,
    nulls: Option<NullBuffer>,
    least: usize,
    mask: u64,
    with_end: bool,
) -> StringArray {
    let count = hashes.len();
    let mut offsets = Vec::with_capacity(count + 1);
    // A word more than the longest: letters come by the word.
    let mut values = Vec::with_capacity(count * (least + length(mask) + 8));
    offsets.push(0);
    for (at, hash) in hashes.enumerate() {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(at)) {
            letters(hash, least + length((hash >> 8) & mask), &mut values);
            if with_end {
                values.extend_from_slice(
                    match (hash >> 32) & 15 {
                        0 => "\u{E9}",
                        1 => "\u{6F22}",
                        2 => "\u{1F680}",
                        _ => "",
                    }
                    .as_bytes(),
                );
            }
        }
        offsets.push(i32::try_from(values.len()).expect("a batch of text is far below 2 GiB"));
    }
    StringArray::new(OffsetBuffer::new(offsets.into()), values.into(), nulls)
}

fn length(bits: u64) -> usize {
    usize::try_from(bits).expect("lengths are small")
}
