//! Kinds of columns, and their values for a range of rows.

use std::{ops::Range, sync::Arc};

use athena_connector_sdk::arrow::{
    array::{ArrayRef, ArrowPrimitiveType, BooleanArray, Decimal128Array, PrimitiveArray},
    buffer::{BooleanBuffer, NullBuffer},
    datatypes::{DataType, Date32Type, Date64Type, Float64Type, Int16Type, Int32Type, Int64Type},
};

use crate::{
    hash::{cell, is_null},
    text::Text,
};

/// Derivation of a column's values from its hashes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values {
    RowNumber,
    /// In [0, 2^20).
    Million,
    BigInt,
    Int,
    /// In [-2^15, 2^15).
    IntOf16Bits,
    SmallInt,
    Bit,
    /// In [0, 1).
    Unit,
    /// In [-2^29, 2^29).
    Wide,
    /// With two digits after the decimal point.
    Money,
    Days,
    Milliseconds,
    Text(Text),
}

/// Column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) nulls: bool,
    pub(crate) values: Values,
}

impl Column {
    pub(crate) fn data_type(&self) -> DataType {
        match self.values {
            Values::RowNumber | Values::Million | Values::BigInt => DataType::Int64,
            Values::Int | Values::IntOf16Bits => DataType::Int32,
            Values::SmallInt => DataType::Int16,
            Values::Bit => DataType::Boolean,
            Values::Unit | Values::Wide => DataType::Float64,
            Values::Money => DataType::Decimal128(15, 2),
            Values::Days => DataType::Date32,
            Values::Milliseconds => DataType::Date64,
            Values::Text(_) => DataType::Utf8,
        }
    }

    /// Generates the values of `rows`, for column `index` of the table.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_precision_loss,
        reason = "values are bits of a hash; the floats are exact"
    )]
    pub(crate) fn array(&self, index: u64, rows: Range<u64>) -> ArrayRef {
        // Row numbers are their own hashes.
        let hashes: Vec<u64> = match self.values {
            Values::RowNumber => rows.collect(),
            _ => rows.map(|row| cell(row, index)).collect(),
        };
        let nulls = self.nulls.then(|| NullBuffer::new(bits(&hashes, |h| !is_null(h))));
        match self.values {
            Values::Million => primitive::<Int64Type>(&hashes, nulls, |h| (h >> 44) as i64),
            Values::RowNumber | Values::BigInt => {
                primitive::<Int64Type>(&hashes, nulls, |h| h as i64)
            }
            Values::Int => primitive::<Int32Type>(&hashes, nulls, |h| (h >> 32) as i32),
            Values::IntOf16Bits => {
                primitive::<Int32Type>(&hashes, nulls, |h| (h & 0xFFFF) as i32 - 32_768)
            }
            Values::SmallInt => primitive::<Int16Type>(&hashes, nulls, |h| h as i16),
            Values::Bit => Arc::new(BooleanArray::new(bits(&hashes, |h| h & 1 == 1), nulls)),
            Values::Unit => primitive::<Float64Type>(&hashes, nulls, |h| {
                (h >> 11) as f64 / (1_u64 << 53) as f64
            }),
            Values::Wide => {
                primitive::<Float64Type>(&hashes, nulls, |h| ((h as i64) >> 24) as f64 / 1024.0)
            }
            Values::Money => {
                let values = hashes.iter().map(|&h| i128::from((h as i64) >> 20)).collect();
                Arc::new(Decimal128Array::new(values, nulls).with_data_type(self.data_type()))
            }
            Values::Days => primitive::<Date32Type>(&hashes, nulls, |h| (h & 0x7FFF) as i32),
            Values::Milliseconds => primitive::<Date64Type>(&hashes, nulls, |h| (h >> 24) as i64),
            Values::Text(text) => Arc::new(text.array(&hashes, nulls)),
        }
    }
}

fn bits(hashes: &[u64], bit: impl Fn(u64) -> bool) -> BooleanBuffer {
    BooleanBuffer::collect_bool(hashes.len(), |at| bit(hashes[at]))
}

fn primitive<T: ArrowPrimitiveType>(
    hashes: &[u64],
    nulls: Option<NullBuffer>,
    value: impl Fn(u64) -> T::Native,
) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(hashes.iter().map(|&hash| value(hash)).collect(), nulls))
}
