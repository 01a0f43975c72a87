//! Constants, exactly in the type of the column that they are compared with.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, Date64Array, Decimal128Array, Float32Array,
        Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, StringArray,
    },
    datatypes::{DataType, Date32Type, Field},
};
use athena_protocol::{Error, Result};
use chrono::{NaiveDate, NaiveDateTime};
use sqlparser::ast::{DataType as SqlType, Expr, TypedString, UnaryOperator, Value};

/// Value that is not null, ordered as in SQL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scalar {
    Boolean(bool),
    /// Integers, days and milliseconds.
    Integer(i64),
    /// Unscaled decimal.
    Decimal(i128),
    /// Floating point in the order of its bits: see [`ordered`].
    Float(i64),
    Text(String),
}

impl Scalar {
    /// Reads the constant `literal` for `column`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for anything but a literal, or one that is no value of the type.
    pub(super) fn read(literal: &Expr, column: &Field) -> Result<Self> {
        let value = match literal {
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
                Expr::Value(number) => Self::number(&format!("-{number}"), column),
                _ => None,
            },
            Expr::Value(value) => match (&value.value, column.data_type()) {
                (Value::Number(number, _), _) => Self::number(number, column),
                (Value::Boolean(flag), DataType::Boolean) => Some(Self::Boolean(*flag)),
                (Value::SingleQuotedString(text), DataType::Utf8) => Some(Self::Text(text.clone())),
                _ => None,
            },
            Expr::TypedString(typed) => Self::time(typed, column),
            // Foreign enum: no other expression is a literal.
            _ => None,
        };
        value.ok_or_else(|| {
            Error::invalid_input(format!(
                "{literal} is no literal of type {} for column {:?}; write a number, a text in \
                 quotes, true, false, DATE '...' or TIMESTAMP '...', exactly in the type of the \
                 column",
                column.data_type(),
                column.name()
            ))
        })
    }

    fn number(text: &str, column: &Field) -> Option<Self> {
        let integer = |most: i64, least: i64| {
            let number = text.parse().ok().filter(|number| (least..=most).contains(number));
            number.map(Self::Integer)
        };
        match column.data_type() {
            DataType::Int8 => integer(i8::MAX.into(), i8::MIN.into()),
            DataType::Int16 => integer(i16::MAX.into(), i16::MIN.into()),
            DataType::Int32 => integer(i32::MAX.into(), i32::MIN.into()),
            DataType::Int64 => integer(i64::MAX, i64::MIN),
            DataType::Decimal128(precision, scale) => {
                unscaled(text, *precision, *scale).map(Self::Decimal)
            }
            DataType::Float64 => text.parse().ok().map(|number| Self::Float(ordered(number))),
            DataType::Float32 => {
                let number: f64 = text.parse().ok()?;
                let narrow: f32 = text.parse().ok()?;
                let (narrow, number) = (ordered(narrow.into()), ordered(number));
                (narrow == number).then_some(Self::Float(number))
            }
            _ => None,
        }
    }

    fn time(typed: &TypedString, column: &Field) -> Option<Self> {
        let Value::SingleQuotedString(text) = &typed.value.value else { return None };
        match (&typed.data_type, column.data_type()) {
            (SqlType::Date, DataType::Date32) => {
                let date: NaiveDate = text.parse().ok()?;
                Some(Self::Integer(Date32Type::from_naive_date(date).into()))
            }
            (SqlType::Timestamp(..), DataType::Date64) => {
                let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
                let micros = time.and_utc().timestamp_micros();
                (micros % 1_000 == 0).then_some(Self::Integer(micros / 1_000))
            }
            _ => None,
        }
    }

    /// Returns an array of this value.
    ///
    /// # Panics
    ///
    /// Panics if the value was read for another type.
    pub(super) fn to_array(&self, data_type: &DataType) -> ArrayRef {
        fn narrow<T: TryFrom<i64>>(integer: i64) -> T {
            T::try_from(integer).ok().expect("the literal was checked against the type")
        }
        match (self, data_type) {
            (Self::Boolean(flag), _) => Arc::new(BooleanArray::from(vec![*flag])),
            (Self::Text(text), _) => Arc::new(StringArray::from(vec![text.as_str()])),
            (Self::Decimal(unscaled), data_type) => {
                let column = Decimal128Array::from(vec![*unscaled]);
                Arc::new(column.with_data_type(data_type.clone()))
            }
            #[expect(clippy::cast_possible_truncation, reason = "the literal is exact in the type")]
            (Self::Float(bits), DataType::Float32) => {
                Arc::new(Float32Array::from(vec![float(*bits) as f32]))
            }
            (Self::Float(bits), _) => Arc::new(Float64Array::from(vec![float(*bits)])),
            (Self::Integer(n), DataType::Int8) => Arc::new(Int8Array::from(vec![narrow::<i8>(*n)])),
            (Self::Integer(n), DataType::Int16) => {
                Arc::new(Int16Array::from(vec![narrow::<i16>(*n)]))
            }
            (Self::Integer(n), DataType::Int32) => {
                Arc::new(Int32Array::from(vec![narrow::<i32>(*n)]))
            }
            (Self::Integer(n), DataType::Date32) => {
                Arc::new(Date32Array::from(vec![narrow::<i32>(*n)]))
            }
            (Self::Integer(n), DataType::Date64) => Arc::new(Date64Array::from(vec![*n])),
            (Self::Integer(n), _) => Arc::new(Int64Array::from(vec![*n])),
        }
    }
}

/// Parses a decimal without loss.
fn unscaled(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let scale = usize::try_from(scale).ok()?;
    if fraction.len() > scale {
        return None;
    }
    let number: i128 = format!("{whole}{fraction:0<scale$}").parse().ok()?;
    let fits = number < 10_i128.checked_pow(precision.into())?;
    fits.then_some(if negative { -number } else { number })
}

/// Maps floating-point numbers, -0.0 as 0.0, to integers of the same order.
fn ordered(number: f64) -> i64 {
    flip((number + 0.0).to_bits().cast_signed())
}

fn float(ordered: i64) -> f64 {
    f64::from_bits(flip(ordered).cast_unsigned())
}

/// Reverses the order of negative numbers, whose bits grow with their distance from zero.
fn flip(bits: i64) -> i64 {
    bits ^ ((bits >> 63) & i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_without_loss_or_not_at_all() {
        assert_eq!(unscaled("1.5", 10, 2), Some(150));
        assert_eq!(unscaled("-1.50", 10, 2), Some(-150));
        assert_eq!(unscaled("7", 10, 2), Some(700));
        assert_eq!(unscaled("1.005", 10, 2), None);
        assert_eq!(unscaled("100", 4, 2), None);
    }

    #[test]
    fn numbers_keep_their_order() {
        let numbers = [f64::NEG_INFINITY, -1.5, -1e-300, 0.0, 1e-300, 1.5, f64::INFINITY];
        assert!(numbers.map(ordered).is_sorted());
        assert!(numbers.iter().all(|number| float(ordered(*number)).total_cmp(number).is_eq()));
        assert_eq!(ordered(-0.0), ordered(0.0));
    }
}
