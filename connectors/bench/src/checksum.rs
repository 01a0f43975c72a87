//! Order-independent checksums, which prove that two sides hold the same rows.

use athena_connector_sdk::{
    Error, Result,
    arrow::{
        array::{Array, AsArray},
        datatypes::{
            DataType, Date32Type, Date64Type, Decimal128Type, Float64Type, Int16Type, Int32Type,
            Int64Type,
        },
        record_batch::RecordBatch,
    },
};

use crate::hash::splitmix64;

const NULL: u64 = 0x6E75_6C6C_6E75_6C6C;

/// Checksum over rows that does not depend on their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checksum {
    /// Number of rows added.
    pub rows: u64,
    /// Sum of every column.
    pub columns: Vec<u64>,
    /// Sum over whole rows, which ties the values of a row together.
    pub all: u64,
}

impl Checksum {
    /// Adds every row of `batch`.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a column of a type that none of the tables has.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        self.columns.resize(self.columns.len().max(batch.num_columns()), 0);
        let mut rows = vec![0_u64; batch.num_rows()];
        for ((column, sum), rotation) in
            batch.columns().iter().zip(&mut self.columns).zip((0..).step_by(4))
        {
            for (word, row) in words(column)?.into_iter().zip(&mut rows) {
                let term = splitmix64(word);
                *sum = sum.wrapping_add(term);
                *row = row.wrapping_add(term.rotate_left(rotation % 64));
            }
        }
        self.rows += batch.num_rows() as u64;
        self.all = rows.into_iter().fold(self.all, |all, row| all.wrapping_add(splitmix64(row)));
        Ok(())
    }
}

/// Returns one word for every value.
#[expect(
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "integers hash by their two's complement; no decimal here exceeds 64 bits"
)]
fn words(array: &dyn Array) -> Result<Vec<u64>> {
    macro_rules! primitive {
        ($kind:ty, $word:expr) => {
            array.as_primitive::<$kind>().iter().map(|value| value.map_or(NULL, $word)).collect()
        };
    }
    Ok(match array.data_type() {
        DataType::Boolean => {
            array.as_boolean().iter().map(|bit| bit.map_or(NULL, u64::from)).collect()
        }
        DataType::Int16 => primitive!(Int16Type, |value| i64::from(value) as u64),
        DataType::Int32 => primitive!(Int32Type, |value| i64::from(value) as u64),
        DataType::Int64 => primitive!(Int64Type, |value| value as u64),
        DataType::Float64 => primitive!(Float64Type, f64::to_bits),
        DataType::Date32 => primitive!(Date32Type, |value| i64::from(value) as u64),
        DataType::Date64 => primitive!(Date64Type, |value| value as u64),
        DataType::Decimal128(..) => primitive!(Decimal128Type, |value| value as u64),
        DataType::Utf8 => {
            array.as_string::<i32>().iter().map(|text| text.map_or(NULL, fnv1a)).collect()
        }
        other => {
            return Err(Error::unsupported(format!(
                "no checksum is defined for values of type {other}"
            )));
        }
    })
}

fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
