//! The suite that any connector is run against.
//!
//! Everything here goes through [`Invoke`]: bytes in, bytes out, so that a connector in any
//! language can be tested.
//!
//! | Module | Holds |
//! |---|---|
//! | [`suite`] | the checks, and the report of what they found |
//! | [`oracle`] | what predicates and orders mean, row by row |
//! | [`plan`] | Substrait plans, written as a producer would |
//! | [`golden`], [`neutral`] | recorded bytes of the Java SDK, and messages as JSON that says what they mean |

pub mod golden;
pub mod neutral;
pub mod oracle;
pub mod plan;
pub mod suite;

mod capabilities;
mod fit;
mod generate;
mod invoke;

pub use capabilities::Capabilities;
pub use fit::schema_mismatch;
pub use invoke::{Invoke, InvokeError};
