//! The suite that any connector is run against.
//!
//! Everything here goes through [`Invoke`]: bytes in, bytes out, so that a connector in any language can be tested.

pub mod golden;
pub mod neutral;

mod invoke;

pub use invoke::{Invoke, InvokeError};
