//! Adapter from closures over rows to functions over columns.

use arrow::{array::ArrayRef, datatypes::DataType};

use super::value::{Argument, Output, Value};
use crate::{Error, Result};

/// Closure of one to four [`Argument`]s that returns an [`Output`], for [`Udfs::scalar`].
///
/// Implemented for closures and functions of matching types; there is no need to implement it. The
/// marker `M` lets the compiler distinguish closures of different arguments, and is inferred.
///
/// [`Udfs::scalar`]: crate::Udfs::scalar
pub trait ScalarFunction<M>: Send + Sync + 'static {
    /// Returns the types of the arguments.
    fn arguments() -> Vec<DataType>;

    /// Evaluates the closure for every row of `columns`, each of which has the type of its argument
    /// and `rows` rows.
    ///
    /// # Errors
    ///
    /// The first error of the closure; `Internal` for a column of another type.
    fn evaluate(&self, columns: &[ArrayRef], rows: usize) -> Result<ArrayRef>;
}

fn column_of<A: Argument>(columns: &[ArrayRef], index: usize) -> Result<A::Column> {
    columns.get(index).and_then(A::column).ok_or_else(|| {
        Error::internal(format!(
            "argument {} of a function has not been cast to {}",
            index + 1,
            A::data_type()
        ))
    })
}

macro_rules! scalar_function {
    ($($argument:ident $column:ident $value:ident $index:tt),*) => {
        // Two bounds on the closure: the first determines the argument types, the second allows
        // them to borrow from any row.
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
                        None // an argument that is not an `Option` is null
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
