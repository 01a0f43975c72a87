//! Mapping of Rust types to Arrow types.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float32Array, Float64Array, Int8Array,
        Int16Array, Int32Array, Int64Array, StringArray,
    },
    datatypes::DataType,
};

use crate::{Error, Result};

/// Rust type of an argument of a scalar function.
///
/// Implemented for `bool`, `i8` to `i64`, `f32`, `f64`, `&str`, `String`, `&[u8]`, `Vec<u8>`, and
/// [`Option`] of each.
pub trait Argument {
    /// Type of one value, borrowed from a column for `'a`.
    type Item<'a>;
    /// Arrow array that the values are read from.
    type Column: Array + Clone;

    /// Returns the Arrow type of the column.
    fn data_type() -> DataType;

    /// Downcasts a column; `None` if it has another type.
    fn column(array: &ArrayRef) -> Option<Self::Column>;

    /// Returns the value in `row`; `None` if it is null and the type is not an [`Option`].
    fn get(column: &Self::Column, row: usize) -> Option<Self::Item<'_>>;
}

/// Rust type of a value that a scalar function computes.
///
/// Implemented for `bool`, `i8` to `i64`, `f32`, `f64`, `String` and `Vec<u8>`.
pub trait Value: Sized {
    /// Returns the Arrow type of a column of such values.
    fn data_type() -> DataType;

    /// Creates a column of `values`, in which `None` is null.
    fn column(values: Vec<Option<Self>>) -> ArrayRef;
}

/// Return type of a scalar function: a [`Value`], an [`Option`] of one, or a [`Result`] of either.
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

/// Implements [`Argument`]: Rust type, borrowed form, Arrow array, Arrow type, accessor.
macro_rules! arguments {
    ($($rust:ty, $item:ty, $column:ty, $arrow:expr, |$array:ident, $row:ident| $value:expr;)*) => {
        $(impl Argument for $rust {
            type Item<'a> = $item;
            type Column = $column;

            fn data_type() -> DataType {
                $arrow
            }

            fn column(array: &ArrayRef) -> Option<$column> {
                array.as_any().downcast_ref::<$column>().cloned()
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

    fn column(array: &ArrayRef) -> Option<StringArray> {
        array.as_string_opt().cloned()
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

    fn column(array: &ArrayRef) -> Option<BinaryArray> {
        array.as_binary_opt().cloned()
    }

    fn get(column: &BinaryArray, row: usize) -> Option<&[u8]> {
        column.is_valid(row).then(|| column.value(row))
    }
}

impl<T: Argument> Argument for Option<T> {
    type Item<'a> = Option<T::Item<'a>>;
    type Column = T::Column;

    fn data_type() -> DataType {
        T::data_type()
    }

    fn column(array: &ArrayRef) -> Option<T::Column> {
        T::column(array)
    }

    fn get(column: &T::Column, row: usize) -> Option<Option<T::Item<'_>>> {
        Some(T::get(column, row))
    }
}

/// Implements [`Value`] and [`Output`]: Rust type, Arrow array, Arrow type.
macro_rules! values {
    ($($rust:ty, $column:ty, $arrow:expr;)*) => {
        $(impl Value for $rust {
            fn data_type() -> DataType {
                $arrow
            }

            fn column(values: Vec<Option<Self>>) -> ArrayRef {
                Arc::new(values.into_iter().collect::<$column>())
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
    bool, BooleanArray, DataType::Boolean;
    i8, Int8Array, DataType::Int8;
    i16, Int16Array, DataType::Int16;
    i32, Int32Array, DataType::Int32;
    i64, Int64Array, DataType::Int64;
    f32, Float32Array, DataType::Float32;
    f64, Float64Array, DataType::Float64;
    String, StringArray, DataType::Utf8;
    Vec<u8>, BinaryArray, DataType::Binary;
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
