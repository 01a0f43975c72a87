//! Decimals as arguments and results of functions.

use std::fmt;

use arrow::datatypes::{DataType, Decimal128Type, DecimalType};

use crate::{Error, Result};

/// Decimal of at most `PRECISION` digits, `SCALE` of them after the point: `DECIMAL(PRECISION,
/// SCALE)` in SQL.
///
/// ```
/// # use athena_connector_sdk::udf::Decimal;
/// let price: Decimal<10, 2> = Decimal::from_unscaled(1_999)?;
/// assert_eq!(price.to_string(), "19.99");
/// assert_eq!(price.unscaled(), 1_999);
/// assert!(Decimal::<3, 2>::from_unscaled(1_999).is_err());
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
///
/// A precision above 38, or a scale that is negative or above the precision, does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal<const PRECISION: u8, const SCALE: i8>(i128);

impl<const PRECISION: u8, const SCALE: i8> Decimal<PRECISION, SCALE> {
    const TYPE: DataType = {
        assert!(PRECISION >= 1 && PRECISION <= 38, "the precision is from 1 to 38");
        assert!(
            SCALE >= 0 && SCALE.unsigned_abs() <= PRECISION,
            "the scale is from 0 to the precision"
        );
        DataType::Decimal128(PRECISION, SCALE)
    };

    /// Creates the decimal `unscaled` / 10^`SCALE`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for more than `PRECISION` digits.
    pub fn from_unscaled(unscaled: i128) -> Result<Self> {
        if unscaled.unsigned_abs() < 10_u128.pow(u32::from(PRECISION)) {
            return Ok(Self(unscaled));
        }
        Err(Error::invalid_input(format!("a number does not fit DECIMAL({PRECISION}, {SCALE})")))
    }

    /// Returns the number times 10^`SCALE`.
    pub fn unscaled(self) -> i128 {
        self.0
    }

    /// Creates a decimal from a value of a column of this type.
    pub(super) fn from_column(unscaled: i128) -> Self {
        Self(unscaled)
    }

    pub(super) fn data_type() -> DataType {
        Self::TYPE
    }
}

/// Writes all `SCALE` digits after the point.
impl<const PRECISION: u8, const SCALE: i8> fmt::Display for Decimal<PRECISION, SCALE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&Decimal128Type::format_decimal(self.0, PRECISION, SCALE))
    }
}
