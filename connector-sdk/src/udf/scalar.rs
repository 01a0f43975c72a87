//! Adapter from closures over rows to functions over columns.

use arrow::{array::ArrayRef, datatypes::DataType};

use super::value::{Argument, Output, Value};
use crate::{Error, Result};

/// Closure of up to eight [`Argument`]s that returns an [`Output`], for [`Udfs::scalar`].
///
/// Implemented for closures and functions of matching types; there is no need to implement it. The
/// marker `M` lets the compiler distinguish closures of different arguments, and is inferred.
///
/// [`Udfs::scalar`]: crate::Udfs::scalar
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scalar function",
    label = "expected a closure of at most eight arguments",
    note = "arguments are bool, i8 to i64, f32, f64, udf::Decimal, &str, String, &[u8], Vec<u8>, \
            chrono's NaiveDate, NaiveDateTime and DateTime<Utc>, or an Option of one of them, and \
            their types are written at the closure: |text: &str, n: i64|",
    note = "the result is one of the owned ones, an Option, or a Result of either",
    note = "`Udfs::vectorized` takes any number of arguments of any type"
)]
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
    let column = columns.get(index);
    A::column(column.ok_or_else(|| {
        Error::internal(format!("a function is called without argument {}", index + 1))
    })?)
}

impl<F, R> ScalarFunction<fn() -> R> for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Output,
{
    fn arguments() -> Vec<DataType> {
        Vec::new()
    }

    fn evaluate(&self, _: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let values = (0..rows).map(|_| self().into_value()).collect::<Result<Vec<_>>>()?;
        Ok(R::Value::column(values))
    }
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
scalar_function!(A a first 0, B b second 1, C c third 2, D d fourth 3, E e fifth 4);
scalar_function!(A a first 0, B b second 1, C c third 2, D d fourth 3, E e fifth 4, G g sixth 5);
scalar_function!(
    A a first 0, B b second 1, C c third 2, D d fourth 3, E e fifth 4, G g sixth 5, H h seventh 6
);
scalar_function!(
    A a first 0, B b second 1, C c third 2, D d fourth 3, E e fifth 4, G g sixth 5, H h seventh 6,
    I i eighth 7
);
