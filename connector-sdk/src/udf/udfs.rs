//! Set of functions by name.

use std::{collections::BTreeMap, fmt, future::ready, sync::Arc};

use arrow::{
    array::{Array, ArrayRef},
    datatypes::DataType,
};
use futures::future::BoxFuture;

use super::{Call, ScalarFunction};
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
///     .vectorized("halve", [DataType::Float64], DataType::Float64, |call| {
///         let argument = call.arguments[0].as_primitive::<Float64Type>();
///         let halves: Float64Array = argument.unary(|x| x / 2.0);
///         Ok(Arc::new(halves) as ArrayRef)
///     });
/// # let _ = udfs;
/// ```
#[derive(Clone, Default)]
pub struct Udfs {
    functions: BTreeMap<String, Function>,
}

/// Function from columns of arguments to a column of results.
type Evaluate = dyn Fn(Call) -> BoxFuture<'static, Result<ArrayRef>> + Send + Sync;

/// Function with its types.
#[derive(Clone)]
struct Function {
    arguments: Vec<DataType>,
    /// Type of the result, if the function is free to return another.
    returns: Option<DataType>,
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
    /// It is a closure of up to eight arguments, whose types are those of
    /// [`Argument`](super::Argument). It returns a [`Value`](super::Value), an [`Option`] of one,
    /// or a `Result` of either. `None` is null; an `Err` fails the query with its kind.
    ///
    /// A row with null in an argument that is not an `Option` has the result null, without a call.
    #[must_use]
    pub fn scalar<M, F: ScalarFunction<M>>(self, name: impl AsRef<str>, function: F) -> Self {
        let evaluate = move |call: Call| function.evaluate(&call.arguments, call.rows);
        self.insert(name.as_ref(), F::arguments(), None, move |call| {
            Box::pin(ready(evaluate(call)))
        })
    }

    /// Adds a vectorized function, which is called for some of the rows at a time with one array
    /// for each argument, replacing an earlier function of the same name.
    ///
    /// It receives nulls, and returns an array of type `returns` with [`Call::rows`] rows. Another
    /// type or length fails the query with `Internal`.
    #[must_use]
    pub fn vectorized(
        self,
        name: impl AsRef<str>,
        arguments: impl IntoIterator<Item = DataType>,
        returns: DataType,
        function: impl Fn(&Call) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        let arguments = arguments.into_iter().collect();
        self.insert(name.as_ref(), arguments, Some(returns), move |call| {
            Box::pin(ready(function(&call)))
        })
    }

    /// Adds an asynchronous vectorized function, for one that asks another service. All else is as
    /// of [`vectorized`](Self::vectorized).
    ///
    /// Calls of one request follow each other, each with more rows than the one before while the
    /// results are small. The deadline of the invocation cancels a call.
    ///
    /// ```
    /// # use athena_connector_sdk::{Error, Udfs, arrow::{array::{ArrayRef, AsArray, StringArray}, datatypes::DataType}};
    /// # use std::sync::Arc;
    /// # async fn detect_languages(texts: &StringArray) -> Result<StringArray, Error> {
    /// #     Ok(texts.clone())
    /// # }
    /// let text = DataType::Utf8;
    /// let udfs = Udfs::new().vectorized_async("language", [text.clone()], text, |call| async move {
    ///     let languages = detect_languages(call.arguments[0].as_string()).await?;
    ///     Ok(Arc::new(languages) as ArrayRef)
    /// });
    /// # let _ = udfs;
    /// ```
    #[must_use]
    pub fn vectorized_async<F: Future<Output = Result<ArrayRef>> + Send + 'static>(
        self,
        name: impl AsRef<str>,
        arguments: impl IntoIterator<Item = DataType>,
        returns: DataType,
        function: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> Self {
        let arguments = arguments.into_iter().collect();
        self.insert(name.as_ref(), arguments, Some(returns), move |call| Box::pin(function(call)))
    }

    fn insert(
        mut self,
        name: &str,
        arguments: Vec<DataType>,
        returns: Option<DataType>,
        evaluate: impl Fn(Call) -> BoxFuture<'static, Result<ArrayRef>> + Send + Sync + 'static,
    ) -> Self {
        let function = Function { arguments, returns, evaluate: Arc::new(evaluate) };
        self.functions.insert(name.to_lowercase(), function);
        self
    }

    /// Evaluates the function `name`, whose arguments in `call` have any types.
    ///
    /// # Errors
    ///
    /// `Unsupported` for an unknown name or a wrong number of arguments, `InvalidInput` for an
    /// argument that cannot be cast without loss, `Internal` for a function that returns a wrong
    /// number of rows or type, and any error of the function.
    pub(crate) async fn evaluate(&self, name: &str, mut call: Call) -> Result<ArrayRef> {
        let Some(function) = self.functions.get(&name.to_lowercase()) else {
            let known: Vec<_> = self.functions.keys().collect();
            return Err(Error::unsupported(format!(
                "function {name:?} does not exist; existing functions: {known:?}"
            )));
        };
        let (rows, given) = (call.rows, call.arguments.len());
        if function.arguments.len() != given {
            return Err(Error::unsupported(format!(
                "function {name:?} has {} arguments {:?}, but the call has {given}",
                function.arguments.len(),
                function.arguments,
            )));
        }
        for (index, (column, to)) in call.arguments.iter_mut().zip(&function.arguments).enumerate()
        {
            *column = cast_values(column, to).ok_or_else(|| {
                let from = column.data_type();
                Error::invalid_input(format!(
                    "argument {} of function {name:?} is {from}, and a value does not fit {to}; \
                     declare it as {to} in the query",
                    index + 1
                ))
            })?;
        }
        let result = (function.evaluate)(call).await.map_err(|error| {
            Error::new(error.kind(), format!("function {name:?} failed")).with_source(error)
        })?;
        function.check(name, &result, rows)?;
        Ok(result)
    }
}

impl Function {
    /// Checks that the result has the registered type and a value for each row.
    fn check(&self, name: &str, result: &ArrayRef, rows: usize) -> Result<()> {
        let returned = result.data_type();
        if let Some(returns) = self.returns.as_ref().filter(|returns| *returns != returned) {
            return Err(Error::internal(format!(
                "function {name:?} returned {returned}, but its registered type is {returns}"
            )));
        }
        if result.len() == rows {
            return Ok(());
        }
        Err(Error::internal(format!(
            "function {name:?} returned {} rows, expected {rows}",
            result.len()
        )))
    }
}
