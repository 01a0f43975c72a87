//! User-defined functions.

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

/// Set of user-defined functions that a [`Handler`](crate::Handler) evaluates.
///
/// Names are case-insensitive, because Athena lower-cases them. A name has one function with one
/// list of argument types: there is no overloading. Arguments are cast to these types, and results
/// to the type that the query declares; a cast that would lose a value fails the query.
///
/// One request holds the arguments of many rows, which are evaluated in parts. Results must fit
/// into one response, 4.5 MiB of Arrow data, because they cannot be spilled. Functions must be
/// deterministic if queries are to be: Athena may repeat a request.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// # use athena_connector_sdk::{Udfs, arrow::{array::{ArrayRef, AsArray, Float64Array}, datatypes::{DataType, Float64Type}}};
/// let udfs = Udfs::new()
///     .scalar("repeat", |text: &str, times: i64| text.repeat(usize::try_from(times).unwrap_or(0)))
///     // An `Option` receives nulls; null in any other argument makes the result null.
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

/// Function from argument columns and their row count to a column of results.
type Evaluate = dyn Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync;

/// Function with the types of its arguments.
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
    /// Creates an empty set of functions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a scalar function, which is called once for each row, replacing an earlier function of
    /// the same name.
    ///
    /// It is a closure of one to four arguments of type `bool`, `i8` to `i64`, `f32`, `f64`,
    /// `&str`, `String`, `&[u8]`, `Vec<u8>`, or an [`Option`] of one. It returns one of the owned
    /// types, an `Option`, or a `Result` of either. `None` is null; an `Err` fails the query with
    /// its kind.
    ///
    /// A row with null in an argument that is not an `Option` has the result null, without a call.
    #[must_use]
    pub fn scalar<M, F: ScalarFunction<M>>(mut self, name: impl AsRef<str>, function: F) -> Self {
        let arguments = F::arguments();
        let evaluate = Arc::new(move |columns: &[ArrayRef], rows| function.evaluate(columns, rows));
        self.functions.insert(name.as_ref().to_lowercase(), Function { arguments, evaluate });
        self
    }

    /// Adds a vectorized function, which is called for a part of the rows at a time with one array
    /// for each argument, replacing an earlier function of the same name.
    ///
    /// It receives nulls, and returns an array of type `returns` with as many rows as its
    /// arguments. Another type or length fails the query with `Internal`.
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
                "the function returned {}, but its registered type is {returns}",
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

    /// Evaluates the function `name` over `columns` of `rows` rows each.
    ///
    /// # Errors
    ///
    /// `Unsupported` for an unknown name or a wrong number of arguments, `InvalidInput` for an
    /// argument that cannot be cast without loss, `Internal` for a function that returns a wrong
    /// number of rows, and any error of the function.
    pub(crate) fn evaluate(
        &self,
        name: &str,
        columns: &[ArrayRef],
        rows: usize,
    ) -> Result<ArrayRef> {
        let Some(function) = self.functions.get(&name.to_lowercase()) else {
            let known: Vec<_> = self.functions.keys().collect();
            return Err(Error::unsupported(format!(
                "function {name:?} does not exist; existing functions: {known:?}"
            )));
        };
        if function.arguments.len() != columns.len() {
            return Err(Error::unsupported(format!(
                "function {name:?} has {} arguments {:?}, but the call has {}",
                function.arguments.len(),
                function.arguments,
                columns.len()
            )));
        }
        let mut arguments = Vec::with_capacity(columns.len());
        for (index, (column, to)) in columns.iter().zip(&function.arguments).enumerate() {
            let argument = cast_values(column, to).ok_or_else(|| {
                let from = column.data_type();
                Error::invalid_input(format!(
                    "argument {} of function {name:?} is {from}, and a value does not fit {to}; \
                     declare it as {to} in the query",
                    index + 1
                ))
            })?;
            arguments.push(argument);
        }
        let result = (function.evaluate)(&arguments, rows).map_err(|error| {
            Error::new(error.kind(), format!("function {name:?} failed")).with_source(error)
        })?;
        if result.len() == rows {
            return Ok(result);
        }
        Err(Error::internal(format!(
            "function {name:?} returned {} rows, expected {rows}",
            result.len()
        )))
    }
}
