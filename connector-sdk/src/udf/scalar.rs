//! Closures over rows as functions over columns.

use arrow::{array::ArrayRef, datatypes::DataType};

use super::value::{Argument, Output, Value};
use crate::{Error, Result};

/// A closure of one to four [`Argument`]s that returns an [`Output`].
///
/// `M` tells closures of different arguments apart for the compiler; nobody names it.
pub trait ScalarFunction<M>: Send + Sync + 'static {
    /// The types of the arguments.
    fn arguments() -> Vec<DataType>;

    /// The results over `columns`, each of the type of its argument and of `rows` rows.
    fn evaluate(&self, columns: &[ArrayRef], rows: usize) -> Result<ArrayRef>;
}

fn column_of<A: Argument>(columns: &[ArrayRef], index: usize) -> Result<A::Column> {
    columns.get(index).and_then(A::column).ok_or_else(|| {
        Error::internal(format!(
            "argument {} of a function was not cast to {}",
            index + 1,
            A::data_type()
        ))
    })
}

macro_rules! scalar_function {
    ($($argument:ident $column:ident $value:ident $index:tt),*) => {
        // Both bounds on the closure: the first finds the argument types, the second lets it borrow
        // from any row.
        impl<F, R, $($argument),*> ScalarFunction<fn($($argument),*) -> R> for F
        where
            F: Fn($($argument),*) -> R + for<'a> Fn($($argument::Item<'a>),*) -> R + Send + Sync + 'static,
            R: Output,
            $($argument: Argument,)*
        {
            fn arguments() -> Vec<DataType> {
                vec![$($argument::data_type()),*]
            }

            fn evaluate(&self, columns: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
                $(let $column = column_of::<$argument>(columns, $index)?;)*
                let mut values = Vec::with_capacity(rows);
                for row in 0..rows {
                    let arguments = ($($argument::get(&$column, row),)*);
                    let value = if let ($(Some($value),)*) = arguments {
                        self($($value),*).into_value()?
                    } else {
                        None // a plain argument is null
                    };
                    values.push(value);
                }
                Ok(R::Value::column(values))
            }
        }
    };
}

scalar_function!(A a first 0);
scalar_function!(A a first 0, B b second 1);
scalar_function!(A a first 0, B b second 1, C c third 2);
scalar_function!(A a first 0, B b second 1, C c third 2, D d fourth 3);
