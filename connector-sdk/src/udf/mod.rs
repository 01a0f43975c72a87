//! User-defined functions: what closures may take and return.
//!
//! [`Udfs`](crate::Udfs) is the set of functions that a handler evaluates.

mod call;
mod decimal;
mod scalar;
pub(crate) mod udfs;
mod value;

pub use call::Call;
pub use decimal::Decimal;
pub use scalar::ScalarFunction;
pub use value::{Argument, Output, Value};
