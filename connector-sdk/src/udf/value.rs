//! Mapping of Rust types to Arrow types.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array,
        Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, PrimitiveArray, StringArray,
        TimestampMicrosecondArray,
    },
    datatypes::{ArrowPrimitiveType, DataType, Date32Type, TimeUnit},
    temporal_conversions::as_datetime,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::Decimal;
use crate::{Error, Result};

/// Zone of instants in Arrow. Its name would need a time zone database.
const UTC: &str = "+00:00";

/// Rust type of an argument of a scalar function.
///
/// | Rust | SQL |
/// |---|---|
/// | `bool` | `BOOLEAN` |
/// | `i8`, `i16`, `i32`, `i64` | `TINYINT`, `SMALLINT`, `INTEGER`, `BIGINT` |
/// | `f32`, `f64` | `REAL`, `DOUBLE` |
/// | [`Decimal<P, S>`](Decimal) | `DECIMAL(P, S)` |
/// | `&str`, `String` | `VARCHAR` |
/// | `&[u8]`, `Vec<u8>` | `VARBINARY` |
/// | `chrono::NaiveDate` | `DATE` |
/// | `chrono::NaiveDateTime` | `TIMESTAMP` |
/// | `chrono::DateTime<Utc>` | `TIMESTAMP WITH TIME ZONE` |
/// | [`Option`] of one of these | the same; the function sees nulls |
#[diagnostic::on_unimplemented(
    message = "a scalar function cannot have an argument of type `{Self}`",
    label = "not a type of SQL",
    note = "bool, i8 to i64, f32, f64, udf::Decimal, &str, String, &[u8], Vec<u8>, chrono's \
            NaiveDate, NaiveDateTime and DateTime<Utc>, and an Option of one of them are; lists, \
            rows and maps are arguments of `Udfs::vectorized`"
)]
pub trait Argument {
    /// Type of one value, borrowed from a column for `'a`.
    type Item<'a>;
    /// Arrow array that the values are read from.
    type Column: Array + Clone;

    /// Returns the Arrow type of the column.
    fn data_type() -> DataType;

    /// Downcasts a column.
    ///
    /// # Errors
    ///
    /// `Internal` for a column of another type, `InvalidInput` for one with a value that the Rust
    /// type cannot express.
    fn column(array: &ArrayRef) -> Result<Self::Column>;

    /// Returns the value in `row`; `None` if it is null and the type is not an [`Option`].
    fn get(column: &Self::Column, row: usize) -> Option<Self::Item<'_>>;
}

/// Rust type of a value that a scalar function computes: those of [`Argument`] that own their
/// value.
#[diagnostic::on_unimplemented(
    message = "a scalar function cannot return `{Self}`",
    label = "not a type of SQL, or not an owned one",
    note = "bool, i8 to i64, f32, f64, udf::Decimal, String, Vec<u8>, chrono's NaiveDate, \
            NaiveDateTime and DateTime<Utc> are; lists, rows and maps are results of \
            `Udfs::vectorized`"
)]
pub trait Value: Sized {
    /// Returns the Arrow type of a column of such values.
    fn data_type() -> DataType;

    /// Creates a column of `values`, in which `None` is null.
    fn column(values: Vec<Option<Self>>) -> ArrayRef;
}

/// Return type of a scalar function: a [`Value`], an [`Option`] of one, or a [`Result`] of either.
#[diagnostic::on_unimplemented(
    message = "a scalar function cannot return `{Self}`",
    label = "not a type of SQL, or not an owned one",
    note = "bool, i8 to i64, f32, f64, udf::Decimal, String, Vec<u8>, chrono's NaiveDate, \
            NaiveDateTime and DateTime<Utc>, an Option of one of them, and a Result of either \
            are; lists, rows and maps are results of `Udfs::vectorized`"
)]
pub trait Output {
    /// Type of the values of the result column.
    type Value: Value;

    /// Converts the result into a value, or `None` for null.
    ///
    /// # Errors
    ///
    /// The error that the function returned.
    fn into_value(self) -> Result<Option<Self::Value>>;
}

fn downcast<C: Array + Clone + 'static>(array: &ArrayRef, to: &DataType) -> Result<C> {
    array.as_any().downcast_ref::<C>().cloned().ok_or_else(|| {
        let from = array.data_type();
        Error::internal(format!("an argument of a function is {from}, and was not cast to {to}"))
    })
}

/// Downcasts a column of times, each of which must be in the years that `chrono` knows.
fn downcast_times<T: ArrowPrimitiveType<Native: Into<i64>>>(
    array: &ArrayRef,
) -> Result<PrimitiveArray<T>> {
    let column: PrimitiveArray<T> = downcast(array, &T::DATA_TYPE)?;
    if column.iter().flatten().all(|time| as_datetime::<T>(time.into()).is_some()) {
        return Ok(column);
    }
    Err(Error::invalid_input(
        "an argument of a function is outside of the years from -262143 to 262142",
    ))
}

/// Implements [`Argument`]: Rust type, borrowed form, Arrow array, Arrow type, column, accessor.
macro_rules! arguments {
    ($($rust:ty, $item:ty, $column:ty, $arrow:expr, |$array:ident, $row:ident| $value:expr;)*) => {
        $(impl Argument for $rust {
            type Item<'a> = $item;
            type Column = $column;

            fn data_type() -> DataType {
                $arrow
            }

            fn column(array: &ArrayRef) -> Result<$column> {
                downcast(array, &$arrow)
            }

            fn get($array: &$column, $row: usize) -> Option<$item> {
                $array.is_valid($row).then(|| $value)
            }
        })*
    };
}

arguments! {
    bool, bool, BooleanArray, DataType::Boolean, |array, row| array.value(row);
    i8, i8, Int8Array, DataType::Int8, |array, row| array.value(row);
    i16, i16, Int16Array, DataType::Int16, |array, row| array.value(row);
    i32, i32, Int32Array, DataType::Int32, |array, row| array.value(row);
    i64, i64, Int64Array, DataType::Int64, |array, row| array.value(row);
    f32, f32, Float32Array, DataType::Float32, |array, row| array.value(row);
    f64, f64, Float64Array, DataType::Float64, |array, row| array.value(row);
    String, String, StringArray, DataType::Utf8, |array, row| array.value(row).to_owned();
    Vec<u8>, Vec<u8>, BinaryArray, DataType::Binary, |array, row| array.value(row).to_owned();
}

impl Argument for &str {
    type Item<'a> = &'a str;
    type Column = StringArray;

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn column(array: &ArrayRef) -> Result<StringArray> {
        downcast(array, &DataType::Utf8)
    }

    fn get(column: &StringArray, row: usize) -> Option<&str> {
        column.is_valid(row).then(|| column.value(row))
    }
}

impl Argument for &[u8] {
    type Item<'a> = &'a [u8];
    type Column = BinaryArray;

    fn data_type() -> DataType {
        DataType::Binary
    }

    fn column(array: &ArrayRef) -> Result<BinaryArray> {
        downcast(array, &DataType::Binary)
    }

    fn get(column: &BinaryArray, row: usize) -> Option<&[u8]> {
        column.is_valid(row).then(|| column.value(row))
    }
}

impl<const PRECISION: u8, const SCALE: i8> Argument for Decimal<PRECISION, SCALE> {
    type Item<'a> = Self;
    type Column = Decimal128Array;

    fn data_type() -> DataType {
        Self::data_type()
    }

    fn column(array: &ArrayRef) -> Result<Decimal128Array> {
        downcast(array, &Self::data_type())
    }

    fn get(column: &Decimal128Array, row: usize) -> Option<Self> {
        column.is_valid(row).then(|| Self::from_column(column.value(row)))
    }
}

impl Argument for NaiveDate {
    type Item<'a> = Self;
    type Column = Date32Array;

    fn data_type() -> DataType {
        DataType::Date32
    }

    fn column(array: &ArrayRef) -> Result<Date32Array> {
        downcast_times(array)
    }

    fn get(column: &Date32Array, row: usize) -> Option<Self> {
        column.is_valid(row).then(|| column.value_as_date(row)).flatten()
    }
}

impl Argument for NaiveDateTime {
    type Item<'a> = Self;
    type Column = TimestampMicrosecondArray;

    fn data_type() -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, None)
    }

    fn column(array: &ArrayRef) -> Result<TimestampMicrosecondArray> {
        downcast_times(array)
    }

    fn get(column: &TimestampMicrosecondArray, row: usize) -> Option<Self> {
        column.is_valid(row).then(|| column.value_as_datetime(row)).flatten()
    }
}

impl Argument for DateTime<Utc> {
    type Item<'a> = Self;
    type Column = TimestampMicrosecondArray;

    fn data_type() -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
    }

    fn column(array: &ArrayRef) -> Result<TimestampMicrosecondArray> {
        <NaiveDateTime as Argument>::column(array)
    }

    fn get(column: &TimestampMicrosecondArray, row: usize) -> Option<Self> {
        <NaiveDateTime as Argument>::get(column, row).map(|time| time.and_utc())
    }
}

impl<T: Argument> Argument for Option<T> {
    type Item<'a> = Option<T::Item<'a>>;
    type Column = T::Column;

    fn data_type() -> DataType {
        T::data_type()
    }

    fn column(array: &ArrayRef) -> Result<T::Column> {
        T::column(array)
    }

    fn get(column: &T::Column, row: usize) -> Option<Option<T::Item<'_>>> {
        Some(T::get(column, row))
    }
}

/// Implements [`Value`]: Rust type, Arrow type, values to a column.
macro_rules! values {
    ($($rust:ty, $arrow:expr, |$values:ident| $column:expr;)*) => {
        $(impl Value for $rust {
            fn data_type() -> DataType {
                $arrow
            }

            fn column($values: Vec<Option<Self>>) -> ArrayRef {
                Arc::new($column)
            }
        }

        impl Output for $rust {
            type Value = Self;

            fn into_value(self) -> Result<Option<Self>> {
                Ok(Some(self))
            }
        })*
    };
}

values! {
    bool, DataType::Boolean, |values| BooleanArray::from(values);
    i8, DataType::Int8, |values| Int8Array::from(values);
    i16, DataType::Int16, |values| Int16Array::from(values);
    i32, DataType::Int32, |values| Int32Array::from(values);
    i64, DataType::Int64, |values| Int64Array::from(values);
    f32, DataType::Float32, |values| Float32Array::from(values);
    f64, DataType::Float64, |values| Float64Array::from(values);
    String, DataType::Utf8, |values| StringArray::from(values);
    Vec<u8>, DataType::Binary, |values| values.into_iter().collect::<BinaryArray>();
    NaiveDate, DataType::Date32, |values| values
        .into_iter()
        .map(|date| date.map(Date32Type::from_naive_date))
        .collect::<Date32Array>();
    NaiveDateTime, DataType::Timestamp(TimeUnit::Microsecond, None), |values| values
        .into_iter()
        .map(|time| time.map(|time| time.and_utc().timestamp_micros()))
        .collect::<TimestampMicrosecondArray>();
    DateTime<Utc>, DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())), |values| values
        .into_iter()
        .map(|time| time.map(|time| time.timestamp_micros()))
        .collect::<TimestampMicrosecondArray>()
        .with_timezone(UTC);
}

impl<const PRECISION: u8, const SCALE: i8> Value for Decimal<PRECISION, SCALE> {
    fn data_type() -> DataType {
        Self::data_type()
    }

    fn column(values: Vec<Option<Self>>) -> ArrayRef {
        let unscaled = values.into_iter().map(|value| value.map(Self::unscaled));
        let column: Decimal128Array = unscaled.collect();
        Arc::new(column.with_data_type(Self::data_type()))
    }
}

impl<const PRECISION: u8, const SCALE: i8> Output for Decimal<PRECISION, SCALE> {
    type Value = Self;

    fn into_value(self) -> Result<Option<Self>> {
        Ok(Some(self))
    }
}

impl<T: Value> Output for Option<T> {
    type Value = T;

    fn into_value(self) -> Result<Option<T>> {
        Ok(self)
    }
}

impl<T: Output, E: Into<Error>> Output for Result<T, E> {
    type Value = T::Value;

    fn into_value(self) -> Result<Option<T::Value>> {
        self.map_err(Into::into)?.into_value()
    }
}
