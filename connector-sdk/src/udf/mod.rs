//! User-defined functions: named, over columns of typed values.

mod scalar;
mod value;

pub use scalar::ScalarFunction;
pub use value::{Argument, Output, Value};

use std::{collections::BTreeMap, fmt, sync::Arc};

use arrow::{
    array::{Array, ArrayRef},
    datatypes::DataType,
};

use crate::{Error, Result, wire_type::cast_values};

/// The functions that a handler evaluates.
///
/// Athena lower-cases the names in a query, so names differ in more than case. One name is one
/// function: it has one list of argument types, and what comes in is cast to them where that loses
/// nothing.
///
/// ```
/// # use std::sync::Arc;
/// # use athena_connector_sdk::{Udfs, arrow::{array::{ArrayRef, AsArray, Float64Array}, datatypes::{DataType, Float64Type}}};
/// let udfs = Udfs::new()
///     .scalar("repeat", |text: &str, times: i64| text.repeat(usize::try_from(times).unwrap_or(0)))
///     // An `Option` sees nulls; a plain argument that is null makes the result null.
///     .scalar("or_zero", |n: Option<i64>| n.unwrap_or(0))
///     .vectorized("halve", [DataType::Float64], DataType::Float64, |args| {
///         let halves: Float64Array = args[0].as_primitive::<Float64Type>().unary(|x| x / 2.0);
///         Ok(Arc::new(halves) as ArrayRef)
///     });
/// # let _ = udfs;
/// ```
#[derive(Clone, Default)]
pub struct Udfs {
    functions: BTreeMap<String, Function>,
}

/// Columns of the argument types and their row count to a column of results.
type Evaluate = dyn Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync;

/// A function and what it takes.
#[derive(Clone)]
struct Function {
    arguments: Vec<DataType>,
    evaluate: Arc<Evaluate>,
}

impl fmt::Debug for Udfs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signatures = self.functions.iter().map(|(name, function)| (name, &function.arguments));
        f.debug_map().entries(signatures).finish()
    }
}

impl Udfs {
    /// No functions.
    pub fn new() -> Self {
        Self::default()
    }

    /// The functions with one more: a closure of one to four arguments, called for every row.
    ///
    /// Arguments are `bool`, `i8` to `i64`, `f32`, `f64`, `&str`, `String`, `&[u8]`, `Vec<u8>`, or
    /// an [`Option`] of one. The result is one of the owned types, an `Option`, or a `Result` of
    /// either; an `Err` fails the query. Registering a name again replaces the function.
    #[must_use]
    pub fn scalar<M, F: ScalarFunction<M>>(mut self, name: impl AsRef<str>, function: F) -> Self {
        let arguments = F::arguments();
        let evaluate = Arc::new(move |columns: &[ArrayRef], rows| function.evaluate(columns, rows));
        self.functions.insert(name.as_ref().to_lowercase(), Function { arguments, evaluate });
        self
    }

    /// The functions with one more: a closure that is called once for a batch, with one array per
    /// argument.
    ///
    /// It returns an array of type `returns` with as many rows; anything else is an error of the
    /// function.
    #[must_use]
    pub fn vectorized(
        mut self,
        name: impl AsRef<str>,
        arguments: impl IntoIterator<Item = DataType>,
        returns: DataType,
        function: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        let evaluate = move |columns: &[ArrayRef], _| {
            let result = function(columns)?;
            if *result.data_type() == returns {
                return Ok(result);
            }
            Err(Error::internal(format!(
                "it returned {}, but was registered to return {returns}",
                result.data_type()
            )))
        };
        let arguments = arguments.into_iter().collect();
        self.functions.insert(
            name.as_ref().to_lowercase(),
            Function { arguments, evaluate: Arc::new(evaluate) },
        );
        self
    }

    /// The values of the function `name` over `columns` of `rows` rows each.
    ///
    /// # Errors
    ///
    /// `Unsupported` for an unknown name or the wrong number of arguments, `InvalidInput` for an
    /// argument that cannot be cast without loss, `Internal` for a function that returns another
    /// number of rows, and what the function itself returns.
    pub(crate) fn evaluate(
        &self,
        name: &str,
        columns: &[ArrayRef],
        rows: usize,
    ) -> Result<ArrayRef> {
        let Some(function) = self.functions.get(&name.to_lowercase()) else {
            let known: Vec<_> = self.functions.keys().collect();
            return Err(Error::unsupported(format!(
                "there is no function {name:?}; this one has {known:?}"
            )));
        };
        if function.arguments.len() != columns.len() {
            return Err(Error::unsupported(format!(
                "function {name:?} takes {} arguments {:?}, not {}",
                function.arguments.len(),
                function.arguments,
                columns.len()
            )));
        }
        let cast = |(index, (column, to)): (usize, (&ArrayRef, &DataType))| {
            cast_values(column, to).ok_or_else(|| {
                let from = column.data_type();
                Error::invalid_input(format!(
                    "argument {} of function {name:?} is {from}, and holds a value that is not one of {to}; declare it as \
                     {to} in the query",
                    index + 1
                ))
            })
        };
        let columns: Vec<_> =
            columns.iter().zip(&function.arguments).enumerate().map(cast).collect::<Result<_>>()?;
        let result = (function.evaluate)(&columns, rows).map_err(|error| {
            Error::new(error.kind(), format!("function {name:?} failed")).with_source(error)
        })?;
        if result.len() == rows {
            return Ok(result);
        }
        Err(Error::internal(format!("function {name:?} returned {} rows for {rows}", result.len())))
    }
}
